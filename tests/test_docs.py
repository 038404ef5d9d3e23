"""The docs name what the code has."""

from __future__ import annotations

import re
from pathlib import Path

from ingest import errors as ingest_errors
from mhealth import errors as glue_errors
from snapshot_report import errors as report_errors
from tools.checks.rules.failures import error_names

DOCS = Path(__file__).parents[1] / "docs"
KNOWN = {name for module in (ingest_errors, glue_errors, report_errors) for name in error_names(module)}


def test_every_named_error_is_explained() -> None:
    explained = set(re.findall(r"^\| ([A-Z]\w+)", (DOCS / "errors.md").read_text(), re.MULTILINE))
    assert KNOWN - explained == set()


def test_every_explained_error_exists() -> None:
    definition = (DOCS.parent / "cloudformation" / "pipeline.asl.json").read_text()
    explained = set(re.findall(r"^\| ([A-Z]\w+)", (DOCS / "errors.md").read_text(), re.MULTILINE))
    assert {error for error in explained - KNOWN - {"Glue"} if f'"{error}"' not in definition} == set()
