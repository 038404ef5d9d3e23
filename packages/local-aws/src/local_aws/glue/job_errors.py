"""The ErrorMessage of a failed script: the last exception of its log, shortened.

Glue 5 writes `Error Category: C; Failed Line Number: N; ClassName: text`, N being the line of the script, by public run
logs. The choice of the category is not documented: here it is always the most frequent one in those logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_LINES = 20
MAX_CHARACTERS = 2000

_EXCEPTION = re.compile(r"(?:[A-Za-z_]\w*\.)*(?P<name>[A-Za-z_]\w*)(?:: (?P<message>.*)|:)?$")
_NOT_THE_MESSAGE = re.compile(
    r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d "  # Spark's own log
    r"|\tat |\s+at \S+\(|Caused by: |: [a-z]+\.[\w.$]+"  # Java's stack traces
    r"|Traceback \(most recent call last\):|During handling of |The above exception "
)


def error_message(log: str, script: str) -> str | None:
    """A failed run's ErrorMessage from its log, None without an exception. `script` is the script's name."""
    reported = message(log)
    if reported is None:
        return None
    frame = re.search(rf'^  File "[^"\n]*/{re.escape(script)}", line (\d+), in <module>', log, re.MULTILINE)
    line = f"Failed Line Number: {frame[1]}; " if frame else ""
    return f"Error Category: UNCLASSIFIED_ERROR; {line}{reported}"


def message(log: str) -> str | None:
    """The last Python exception of a log as `Name: message`, the name without its module; None where there is none.

    A message of several lines keeps its first lines, without log lines after it.
    """
    lines = log.splitlines()
    for start in reversed([n for n, line in enumerate(lines) if line.startswith("Traceback (most recent call last):")]):
        reported = _exception_after(lines[start + 1 :])
        if reported:
            return reported
    return None


def _exception_after(lines: list[str]) -> str | None:
    """The exception below the indented frames of a traceback."""
    below = iter(lines)
    for line in below:
        if line.startswith(" ") or not line.strip():
            continue
        match = _EXCEPTION.match(line)
        if match is None:
            return None
        text = "\n".join([match["message"] or "", *_continued(below)]).rstrip()
        reported = f"{match['name']}: {text}" if text else match["name"]
        return reported if len(reported) <= MAX_CHARACTERS else reported[: MAX_CHARACTERS - 3] + "..."
    return None


def _continued(lines: Iterator[str]) -> Iterator[str]:
    for count, line in enumerate(lines, start=2):
        if count > MAX_LINES or _NOT_THE_MESSAGE.match(line):
            return
        yield line
