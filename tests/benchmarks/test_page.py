"""The pages show the published figures, and the commands that they name exist."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer.main

from benchmarks import pictures
from benchmarks.__main__ import app
from benchmarks.machine import saved
from benchmarks.page import PAGES, page, tables
from benchmarks.places import ROOT
from docs.cost.stack import Stack


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return tables(saved(), Stack.read())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_page_is_what_the_figures_say(path: Any, made: dict[str, str]) -> None:
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


def test_a_picture_is_drawn_the_same_twice(tmp_path: Any) -> None:
    execution = {
        "rows": 1200,
        "execution": {
            "seconds": 30.0,
            "states": {"DownloadCSV": 5.0, "ConvertParquet": 10.0, "Pause": 0.1},
            "jobs": {"ConvertParquet": {"seconds": 10.0, "spans": {"start": 3.0, "convert": 4.0}}},
        },
        "bare": {"convert": {"seconds": 8.0}, "transform": {"seconds": 9.0}},
    }
    first = pictures.draw_execution(execution, tmp_path / "first.svg").read_bytes()
    assert pictures.draw_execution(execution, tmp_path / "second.svg").read_bytes() == first
    assert b"<svg" in first
