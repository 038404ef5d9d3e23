"""The page: one self-contained HTML document that loads nothing; all text of the data is escaped."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from snapshot_report import costs, figures
from snapshot_report.charts import Figure
from snapshot_report.report import Report, activities, check_groups
from snapshot_report.signals import SAMPLES_PER_SECOND

MOST_ROWS = 25
"""The most rows of a table that grows with the dataset."""

MOST_TEXT = 300
"""The most characters of a text from the data."""

_HERE = Path(__file__).parent
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories of characters that are invisible, change the direction of text, or are not valid in UTF-8."""


def render(report: Report) -> bytes:
    """Render a report as HTML in UTF-8."""
    style = (_HERE / "page.css").read_text()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            report=report,
            snapshot=report.snapshot,
            files=sorted(report.raw.files, key=lambda file: in_order(file.source)),
            sources={source.name: source for source in report.snapshot.sources},
            activities=activities(report.counts),
            checks=check_groups(report),
            pictures=_pictures(report),
            sample=figures.signals(report.choice, report.panels) if report.choice and report.panels else None,
            stages_picture=figures.seconds_per_stage(report.stages),
            prices=costs.PRICES,
            hours=report.snapshot.rows / SAMPLES_PER_SECOND / 3600,
            style=Markup(style),  # noqa: S704 - our own file
            # Nothing may be loaded or run; the one style sheet is allowed by its hash.
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        )
    )
    return page.encode()


def _pictures(report: Report) -> list[Figure]:
    made = (figures.rows_per_subject, figures.rows_per_activity, figures.rows_per_subject_and_activity)
    return [make(report.counts) for make in made] if report.counts else []


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    environment.filters |= {"first": first, "cut": cut, "size": size, "usd": usd, "signed": signed, "when": when}
    return environment


def visible(text: str) -> str:
    """The text with every invisible character escaped."""
    return "".join(_escape(one) if unicodedata.category(one) in _HIDDEN else one for one in text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def in_order(name: str) -> list[tuple[str, int]]:
    """A natural sort key: `subject2` before `subject10`."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"([^0-9]*)([0-9]{0,18})", name)]


def first(rows: Sequence[Any]) -> Sequence[Any]:
    """The first rows, as many as a table shows."""
    return rows[:MOST_ROWS]


def cut(text: str) -> str:
    """The text, a long one cut with its length."""
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}… ({len(text):,} characters)"


def size(count: float) -> str:
    """A size in bytes, kB, MB or GB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"


def usd(amount: float) -> str:
    """US dollars, to the cent from one dollar, else to a thousandth of a cent."""
    if 0 < amount < 0.00001:
        return "< 0.00001"
    return f"{amount:,.2f}" if amount >= 1 or amount == 0 else f"{amount:.5f}"


def signed(count: int) -> str:
    """A difference."""
    return f"{count:+,}" if count else "±0"


def when(instant: str) -> str:
    """`2026-11-24T03:14:54.123Z` as `2026-11-24 03:14:54 UTC`; any other text unchanged."""
    day, _, time = instant.partition("T")
    return f"{day} {time[:8]} UTC" if time.endswith("Z") else instant
