"""Execution of a notebook, as in Jupyter, and access to its outputs."""

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
    """An executed notebook."""

    cells: list[Any]

    @property
    def outputs(self) -> list[Any]:
        """The outputs of the cells, in order."""
        return [output for cell in self.cells for output in cell.outputs]

    @property
    def text(self) -> str:
        """All printed text, and the tables with one line per row."""
        return "\n".join(filter(None, map(_words, self.outputs)))

    @property
    def pictures(self) -> int:
        """The number of pictures."""
        return sum("image/png" in output.get("data", {}) for output in self.outputs)

    def found(self, pattern: str) -> tuple[str, ...]:
        """The groups of the only match of `pattern` in the text."""
        matches = list(re.finditer(pattern, self.text))
        assert len(matches) == 1, f"{len(matches)} matches of {pattern} in:\n{self.text}"
        return matches[0].groups()

    def row(self, *beginning: str) -> list[str]:
        """The cells after `beginning` in the only table row that begins with it."""
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
    """Execute a notebook in its own folder and kernel. Raises CellExecutionError where a cell fails."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        resources={"metadata": {"path": str(NOTEBOOKS)}},
        config=Config({"KernelManager": {"transport_encryption": "required"}}),
    )
    client.execute(env=environment)
    return Executed([cell for cell in notebook.cells if cell.cell_type == "code"])
