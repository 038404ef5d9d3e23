"""The runtime in a function's process: it imports the handler, calls it, and writes the result to a file.

It uses the standard library only, and leaves nothing on the import path.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class Context:
    """The context object of a handler."""

    def __init__(self) -> None:
        self.deadline = time.monotonic()
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = os.environ.pop("LOCAL_AWS_INVOKED_ARN")
        self.aws_request_id = os.environ.pop("LOCAL_AWS_REQUEST_ID")
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
    """Run the handler of _HANDLER on event.json of the folder in the command line."""
    place = Path(sys.argv[1])
    sys.argv = [os.environ["_HANDLER"]]
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    event = json.loads((place / "event.json").read_bytes())
    timeout = float(os.environ.pop("LOCAL_AWS_TIMEOUT"))
    context = Context()
    try:
        handle = handler(os.environ["_HANDLER"])
        # As on Lambda, the timeout counts from here, not from the start of the process.
        context.deadline = time.monotonic() + timeout
        (place / "begun").touch()
        text = as_json({"result": handle(event, context)})
    except RuntimeFailure as failure:
        text = as_json({"error": {"errorType": failure.kind, "errorMessage": str(failure), "stackTrace": []}})
        print(f"[ERROR] {failure.kind}: {failure}")
    except Exception as error:  # noqa: BLE001 - whatever the handler raises is its answer
        trace = traceback.extract_tb(error.__traceback__)[1:]
        text = as_json(
            {
                "error": {
                    "errorMessage": str(error),
                    "errorType": type(error).__name__,
                    "stackTrace": traceback.format_list(trace),
                }
            }
        )
        print(f"[ERROR] {type(error).__name__}: {error}\nTraceback (most recent call last):")
        print("".join(traceback.format_list(trace)), end="")
    finished = place / "result.json.part"
    finished.write_text(text)
    finished.rename(place / "result.json")
    sys.stdout.flush()
    sys.stderr.flush()
    # As on Lambda, remaining threads of the handler do not delay the response.
    os._exit(0)


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
