"""A notebook, executed as Jupyter does, and what its cells showed."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

from tools.paths import NOTEBOOKS

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
CELL_SECONDS = 400


@dataclass(frozen=True)
class Executed:
    """A notebook after its execution."""

    cells: list[Any]

    @property
    def outputs(self) -> list[Any]:
        """What the cells have shown, in their order."""
        return [output for cell in self.cells for output in cell.outputs]

    @property
    def text(self) -> str:
        """Everything that was printed, and the tables' cells, a line each row."""
        return "\n".join(filter(None, map(_words, self.outputs)))

    @property
    def pictures(self) -> int:
        """How many pictures were drawn."""
        return sum("image/png" in output.get("data", {}) for output in self.outputs)

    def found(self, pattern: str) -> tuple[str, ...]:
        """The groups of the only match of `pattern` in the text."""
        matches = list(re.finditer(pattern, self.text))
        assert len(matches) == 1, f"{len(matches)} matches of {pattern} in:\n{self.text}"
        return matches[0].groups()

    def row(self, *beginning: str) -> list[str]:
        """The cells behind `beginning` in the only table row that begins so."""
        rows = [line.split("|") for line in self.text.splitlines()]
        (row,) = [row for row in rows if tuple(row[: len(beginning)]) == beginning]
        return row[len(beginning) :]


def _words(output: Any) -> str:
    if output.output_type == "stream":
        return str(output.text)
    table = output.get("data", {}).get("text/html", "")
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return "\n".join("|".join(html.unescape(cell).strip() for cell in row) for row in cells)


def execute(name: str, environment: dict[str, str]) -> Executed:
    """Run a notebook from its own folder in a kernel of its own. Raises CellExecutionError where a cell fails."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        resources={"metadata": {"path": str(NOTEBOOKS)}},
        config=Config({"KernelManager": {"transport_encryption": "required"}}),
    )
    client.execute(env=environment)
    return Executed([cell for cell in notebook.cells if cell.cell_type == "code"])
