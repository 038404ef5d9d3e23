"""`mhealth local up`, `mhealth demo` and `mhealth notebook`: the pipeline on this machine."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from local_aws.client import PORT
from local_aws.foreground import named_values, say, serve
from mhealth_ops.commands.target import Target, with_target
from mhealth_ops.project import STACK, TEMPLATE

if TYPE_CHECKING:
    from local_aws.server import LocalAws

_DATASET = "What Kaggle serves: `synthetic`, `kaggle` (the real service) or a directory."
Dataset = Annotated[str, typer.Option(help=_DATASET)]


def up(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to listen on 127.0.0.1; 0 takes a free port.")
    ] = PORT,
    dataset: Dataset = "synthetic",
    scale: Annotated[int, typer.Option(min=1, help="How many times the ten subjects the synthetic dataset has.")] = 1,
    region: Annotated[str, typer.Option(help="The region that the stack is in.")] = "us-east-1",
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of the template; may be repeated.")
    ] = None,
    stack_name: Annotated[str, typer.Option(help="The name of the stack.")] = STACK,
    deployed: Annotated[
        bool, typer.Option("--stack/--no-stack", help="Deploy the template, or leave that to `sam deploy`.")
    ] = True,
) -> None:
    """Start a fresh local AWS with the project's template deployed on it, and serve until interrupted.

    Prints `ready http://127.0.0.1:PORT` on standard output once it can be used. Ends with 0 when it is interrupted
    after that, 130 when before, 1 when the stack cannot be made, 2 when it was asked for what cannot be.
    """
    parameters = named_values(parameter or [])

    def make() -> LocalAws:
        from mhealth_ops.local.stack import local_stack

        return local_stack(
            dataset,
            scale=scale,
            template=TEMPLATE if deployed else None,
            stack_name=stack_name,
            parameters=parameters,
            port=port,
            region=region,
            tell=say,
        )

    serve(make, port)


def demo(
    dataset: Dataset = "synthetic",
) -> None:
    """Watch the daily run on a local AWS, query its result, and run it again to see that nothing new costs nothing.

    The exit status is 0 only when everything that it shows held.
    """
    # Late: help and completion must not wait for AWS's libraries.
    from mhealth_ops.local import demo
    from mhealth_ops.operations.errors import OperationFailed
    from mhealth_ops.operations.telling import FAILED, INTERRUPTED, new_console

    console = new_console()
    try:
        demo.run(console, dataset)
    except (demo.DemoFailed, OperationFailed) as failure:
        console.print(f"The demo failed: {failure}", style="red", markup=False)
        raise typer.Exit(FAILED) from failure
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(INTERRUPTED) from interrupt


@with_target
def notebook(target: Target, /, *, dataset: Dataset = "synthetic") -> None:
    """Open the notebooks in JupyterLab, on a local AWS of their own with the table published; with `--aws`, on a stack.

    What was started ends with it. `--endpoint` is not used: the local AWS is started here.
    """
    # Late: help and completion must not wait for AWS's libraries.
    from mhealth_ops.local import demo, notebook
    from mhealth_ops.operations.errors import OperationFailed
    from mhealth_ops.operations.telling import FAILED, new_console

    console = new_console()
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda *_: sys.exit(0))
    try:
        notebook.run(console, target, dataset)
    except (demo.DemoFailed, notebook.NotebookFailed, OperationFailed) as failure:
        console.print(f"The notebooks cannot be opened: {failure}", style="red", markup=False)
        raise typer.Exit(FAILED) from failure
    except KeyboardInterrupt:
        console.print("\n  Ended, with all that was started.")
