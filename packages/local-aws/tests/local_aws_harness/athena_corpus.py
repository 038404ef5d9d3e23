"""The corpus of statements with Trino's recorded answers, and the comparison of another engine's answer with them.

`corpus/AREA.sql` has the statements, each ended by a semicolon at the end of a line; lines that start with `--` are
comments. `corpus/AREA.json` has what Trino answered, by statement.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local_aws.athena.results import Column

FOLDER = Path(__file__).parents[1] / "athena" / "corpus"

SAME = "same"
OTHER_TYPE = "other type"
REFUSED = "refused"
REFUSED_FALSELY = "refused falsely"
ANSWERED = "answered though refused"
SILENT = "silently different"
OTHER_ERROR = "another error"
CLASSES = (SAME, OTHER_TYPE, REFUSED, REFUSED_FALSELY, ANSWERED, SILENT, OTHER_ERROR)
"""What an engine's answer can be, compared with Trino's. `refused` says NOT_SUPPORTED and names the way out; `another
error` is where both refuse, by different names."""
HONEST = (SAME, REFUSED, OTHER_ERROR)
"""The classes that the default engine may have."""

WAY_OUT = "--athena trino"


@dataclass(frozen=True)
class Answer:
    """An engine's answer: columns as (name, Trino type) and rows as Athena's text, or an error as (name, text)."""

    columns: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    error: tuple[str, str] | None = None


def areas() -> list[str]:
    """The names of the corpus's files."""
    return sorted(path.stem for path in FOLDER.glob("*.sql"))


def statements(area: str) -> list[str]:
    """The statements of an area, in order and each once."""
    text = (FOLDER / f"{area}.sql").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    found = (part.strip() for part in re.split(r";\s*$", "\n".join(lines), flags=re.MULTILINE))
    return list(dict.fromkeys(part for part in found if part))


def recorded(area: str) -> dict[str, Answer]:
    """What Trino answered to the statements of an area."""
    path = FOLDER / f"{area}.json"
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {sql: _answer(one) for sql, one in stored.items()}


def record(area: str, answers: dict[str, Answer]) -> None:
    """Write Trino's answers to the statements of an area."""
    lines = []
    for sql, answer in answers.items():
        kept = {name: value for name, value in asdict(answer).items() if value}
        lines.append(f"{json.dumps(sql)}: {json.dumps(kept)}")
    (FOLDER / f"{area}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _answer(stored: dict[str, Any]) -> Answer:
    error = stored.get("error")
    return Answer(
        tuple((name, kind) for name, kind in stored.get("columns", ())),
        tuple(tuple(row) for row in stored.get("rows", ())),
        (error[0], error[1]) if error else None,
    )


def _ordered(sql: str) -> bool:
    """Whether the statement orders its rows: whether ORDER BY occurs outside of all parentheses."""
    depth, outside = 0, []
    for part in re.split(r"('(?:[^']|'')*'|[()])", sql):
        depth += {"(": 1, ")": -1}.get(part, 0)
        if depth == 0 and not part.startswith("'"):
            outside.append(part)
    return re.search(r"\border\s+by\b", " ".join(outside), re.IGNORECASE) is not None


def _in_order(sql: str, rows: tuple[tuple[str | None, ...], ...]) -> list[tuple[str | None, ...]]:
    return list(rows) if _ordered(sql) else sorted(rows, key=repr)


def _types(answer: Answer) -> list[tuple[Any, ...]]:
    """What a client of Athena sees of the columns: names, and types with their precision."""
    infos = [Column(name, kind).info() for name, kind in answer.columns]
    return [(info["Label"], info["Type"], info["Precision"], info["Scale"]) for info in infos]


def compare(sql: str, trino: Answer, other: Answer) -> str:
    """The class of another engine's answer."""
    if other.error:
        name, text = other.error
        if trino.error and trino.error[0] == name:
            return SAME
        if name == "NOT_SUPPORTED" and WAY_OUT in text:
            return REFUSED
        return OTHER_ERROR if trino.error else REFUSED_FALSELY
    if trino.error:
        return ANSWERED
    if _in_order(sql, trino.rows) != _in_order(sql, other.rows):
        return SILENT
    return SAME if _types(trino) == _types(other) else OTHER_TYPE
