"""`mhealth local up`, `mhealth demo` and `mhealth notebook`: the pipeline on this machine."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from local_aws.client import PORT, LocalAwsError
from local_aws.foreground import ATHENA_HELP, AthenaEngine, expect_engine, named_values, say, serve
from mhealth_ops.commands.target import Target, with_target
from mhealth_ops.kaggle.choice import expect_dataset
from mhealth_ops.project import STACK, TEMPLATE

if TYPE_CHECKING:
    from local_aws.server import LocalAws

_DATASET = "What Kaggle serves: `synthetic`, `kaggle` (the real service) or a directory."
Dataset = Annotated[str, typer.Option(help=_DATASET)]


def up(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 selects a free port.")] = PORT,
    dataset: Dataset = "synthetic",
    scale: Annotated[int, typer.Option(min=1, help="Size of the synthetic dataset, in multiples of ten subjects.")] = 1,
    region: Annotated[str, typer.Option(help="The stack's region.")] = "us-east-1",
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of the template; repeatable.")
    ] = None,
    stack_name: Annotated[str, typer.Option(help="The stack's name.")] = STACK,
    deployed: Annotated[
        bool, typer.Option("--stack/--no-stack", help="Deploy the template, or leave the deployment to `sam deploy`.")
    ] = True,
    warm_spark: Annotated[
        bool, typer.Option("--warm-spark", help="Start Spark after the deployment instead of with the first job run.")
    ] = False,
    athena: Annotated[AthenaEngine, typer.Option(help=ATHENA_HELP)] = AthenaEngine.DUCKDB,
) -> None:
    """Start a local AWS without data, deploy the project's template on it, and serve until interrupted.

    Prints `ready http://127.0.0.1:PORT` on standard output when it is ready. Exits with 0 if it is interrupted after
    that, 130 if before, 1 if the stack cannot be created, 2 for invalid options.
    """
    parameters = named_values(parameter or [])

    def make() -> LocalAws:
        try:
            expect_dataset(dataset)  # before the import of moto, which takes seconds
        except NotADirectoryError as error:
            raise LocalAwsError(str(error)) from None
        expect_engine(athena)
        from mhealth_ops.local.stack import local_stack

        return local_stack(
            dataset,
            scale=scale,
            template=TEMPLATE if deployed else None,
            stack_name=stack_name,
            parameters=parameters,
            port=port,
            region=region,
            warm_spark=warm_spark,
            athena=athena.value,
            tell=say,
        )

    serve(make, port, "some clients ignore AWS_ENDPOINT_URL and connect to AWS: docs/reading.md names them")


def demo(
    dataset: Dataset = "synthetic",
) -> None:
    """Show the daily run on a local AWS, query the result, and run it again without new data.

    Exits with 0 only if every step succeeded.
    """
    # Imported late: help and completion must not load the AWS libraries.
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
    """Open the notebooks in JupyterLab, on a new local AWS with a published table; with `--aws`, on a stack.

    JupyterLab and the local AWS end together. `--endpoint` is not used: the command starts its own local AWS.
    """
    # Imported late: help and completion must not load the AWS libraries.
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
