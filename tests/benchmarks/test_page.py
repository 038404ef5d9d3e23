"""The pages show the published figures, and the commands that they name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from benchmarks.__main__ import app
from benchmarks.machine import saved
from benchmarks.page import PAGES, draw, page, tables
from benchmarks.places import PICTURES, ROOT
from tools.cost.stack import Stack

from .figures import FIGURES


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return tables(saved(), Stack.read())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_page_is_what_the_figures_say(path: Path, made: dict[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    assert page(text, made) == text, "stale: run `make performance`"


def test_every_table_is_on_a_page(made: dict[str, str]) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    assert sorted(re.findall(r"<!-- table: (.+?) -->", text)) == sorted(made)


def test_a_marker_without_a_table_is_refused() -> None:
    with pytest.raises(LookupError, match=r"no tables for the markers \['unheard of'\]"):
        page("<!-- table: unheard of -->\n<!-- end -->\n", {"race": ""})


def test_what_was_not_measured_names_a_command_that_exists() -> None:
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = set()
    for text in tables({}, Stack.read()).values():
        named |= set(re.findall(r"`python -m benchmarks ([a-z-]+)`", text))
    assert named == {"bench", "change", "execution", "formats", "ingest", "many", "one-file", "scaling"}
    assert named | {"page"} == commands
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (rest,) = re.findall(r"for each in ([a-z -]+); do", makefile)
    assert set(rest.split()) == named - {"bench"}


def cells(text: str, first: str) -> list[str]:
    """The cells of the table row that begins with `first`."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {first} ")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_tables_tell_the_figures_with_their_date_and_versions() -> None:
    made = tables(FIGURES, Stack.read())
    assert cells(made["race"], "DuckDB, a COPY per file")[1:8] == [
        *("3.0 s", "9.0 s", "12.0 s", "12.0 s", "2.50", "3000000.00 s", ""),
    ]
    assert made["race"].splitlines()[2].startswith("| DuckDB"), "the fastest comes first"
    assert cells(made["race"], "this project's two jobs")[7] == "5000000.00 s", "40 CPU seconds for eight rows more"
    assert cells(made["many"], "both jobs alone, on local files")[1] == "40.0 s"
    reported = "Measured 2026-11-24, on 2 cores, 25 GB; Python 3.11.7, duckdb 2.0.0, by `python -m benchmarks bench`."
    assert reported in made["race"].splitlines()
    assert cells(made["sizes"], "K = 8 on one core")[5] == "70.0 s"
    assert cells(made["one file"], "2 GB")[1] == "20"
    assert cells(made["change"], "one of 80 subjects has changed")[3] == "8.0 s"
    assert cells(made["execution"], "ConvertParquet")[1:] == ["10.0 s", "start 3.0, convert 4.0"]
    assert "Pause" not in made["execution"]
    assert cells(made["scans"], "one subject, three columns")[2] == "0.0040"
    assert cells(made["ingest"], "boto3 uploads the same file, nothing else")[1:] == ["20.0 s", "90 MB"]
    assert cells(made["formats"], "one way")[1:4] == ["390.0 MB", "0.390", "1.0 s"]
    assert cells(made["columns"], "`ecg_1`")[1:] == ["70.0%", "6.00"]


def test_figures_of_a_busy_machine_say_so() -> None:
    busy = {"change": {**FIGURES["change"], "load_before": 7.5}}
    assert "after a minute with a load of 7.5" in tables(busy, Stack.read())["change"]


def test_pictures_are_what_the_figures_say(tmp_path: Path) -> None:
    for drawn in draw(saved(), tmp_path):
        assert (PICTURES / drawn.name).read_bytes() == drawn.read_bytes(), "stale: run `make performance`"


def test_a_picture_is_drawn_the_same_twice_and_shown_below_its_table(tmp_path: Path) -> None:
    first = draw(FIGURES, tmp_path / "first")
    assert [path.name for path in first] == ["race.svg", "execution.svg"]
    for one, other in zip(first, draw(FIGURES, tmp_path / "second"), strict=True):
        assert one.read_bytes() == other.read_bytes()
        assert b"<svg" in one.read_bytes()
    assert tables(FIGURES, Stack.read())["race"].endswith("![Seconds of both hops](performance/race.svg)")
    assert draw({}, tmp_path) == []
