"""The runtime in an execution environment's process: it imports the handler once, and calls it for each invocation.

It uses the standard library only, and leaves nothing on the import path. Each line of standard input is an invocation;
it reports by single bytes on the pipe of the command line, and writes results to a file.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

BEGUN, READY, BUSY = b"b", b"r", b"u"
"""Reports: the handler is called; the result is written and nothing runs on; it is written, but something does."""


class Context:
    """The context object of a handler."""

    def __init__(self, arn: str, request: str) -> None:
        self.deadline = time.monotonic()
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = arn
        self.aws_request_id = request
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.client_context = None

    def get_remaining_time_in_millis(self) -> int:
        """The milliseconds until the function's timeout."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


class RuntimeFailure(Exception):
    """The handler could not be loaded or its result not be serialised."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def main() -> None:
    """Run the handler of _HANDLER once for each invocation, in the folder of the command line."""
    place, reports = Path(sys.argv[1]), int(sys.argv[2])
    # The handler must not get the pipes of this process; nor must programs that it starts.
    os.set_inheritable(reports, False)
    invocations = os.fdopen(os.dup(0), "rb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    name = os.environ["_HANDLER"]
    sys.argv = [name]
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    for line in invocations:
        invocation = json.loads(line)
        event = json.loads((place / "event.json").read_bytes())
        context = Context(invocation["arn"], invocation["request"])
        text = answer(name, event, context, invocation["timeout"], lambda: os.write(reports, BEGUN))
        (place / "result.json").write_text(text)
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(reports, READY if quiet() else BUSY)
    # Threads of the handler do not delay the end.
    os._exit(0)


def answer(name: str, event: Any, context: Context, timeout: float, begun: Callable[[], object]) -> str:
    """Call the handler; its result or its error as JSON."""
    try:
        handle = handler(name)
        # As on Lambda, the timeout counts from here, not from the start of the process.
        context.deadline = time.monotonic() + timeout
        begun()
        return as_json({"result": handle(event, context)})
    except RuntimeFailure as failure:
        print(f"[ERROR] {failure.kind}: {failure}")
        return as_json({"error": {"errorType": failure.kind, "errorMessage": str(failure), "stackTrace": []}})
    except Exception as error:  # noqa: BLE001 - whatever the handler raises is its answer
        trace = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
        print(f"[ERROR] {type(error).__name__}: {error}\nTraceback (most recent call last):")
        print("".join(trace), end="")
        return as_json({"error": {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": trace}})


def quiet() -> bool:
    """Whether neither a thread nor a child process of the handler goes on: Lambda freezes them, here they would run."""
    if threading.active_count() > 1:
        return False
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def handler(name: str) -> Callable[[Any, Context], Any]:
    """Load the function `MODULE.FUNCTION`. Raises RuntimeFailure with Lambda's message."""
    module_name, _, function_name = name.rpartition(".")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise RuntimeFailure(
            "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}"
        ) from error
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        raise RuntimeFailure("Runtime.UserCodeSyntaxError", message) from error
    if not hasattr(module, function_name):
        raise RuntimeFailure("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    found: Callable[[Any, Context], Any] = getattr(module, function_name)
    return found


def as_json(answer: dict[str, Any]) -> str:
    """The result as JSON. Raises RuntimeFailure if it cannot be serialised."""
    try:
        return json.dumps(answer)
    except (TypeError, ValueError) as error:
        raise RuntimeFailure("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


if __name__ == "__main__":
    main()
