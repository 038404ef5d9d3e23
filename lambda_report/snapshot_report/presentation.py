"""How pages are made of templates: self-contained HTML that loads nothing; all text of the data is escaped."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

MOST_ROWS = 25
"""The most rows of a table that grows with the dataset."""

MOST_TEXT = 300
"""The most characters of a text from the data."""

MOST_WHOLE = 60
"""The most characters of a name that is never broken."""

_HERE = Path(__file__).parent
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories of characters that are invisible, change the direction of text, or are not valid in UTF-8."""


def fill(template: str, **content: Any) -> bytes:
    """Fill a template; return the page in UTF-8."""
    style = (_HERE / "page.css").read_text()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 - our own file
            # Nothing may be loaded or run; the one style sheet is allowed by its hash.
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            **content,
        )
    )
    return page.encode()


@functools.cache
def _environment() -> Environment:
    """The templates, compiled by the first page of a process: a warm function has them."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    environment.filters |= {
        "first": first,
        "cut": cut,
        "size": size,
        "usd": usd,
        "signed": signed,
        "when": when,
        "whole": whole,
        "moment": moment,
        "counted": counted,
        "share": share,
    }
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


def whole(text: str) -> bool:
    """Whether a name is short enough to stay on one line."""
    return len(text) <= MOST_WHOLE


def size(number: float) -> str:
    """A size in bytes, kB, MB or GB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            break
        number /= 1000
    return f"{number:,.0f} {unit}" if unit == "bytes" else f"{number:,.1f} {unit}"


def usd(amount: float) -> str:
    """US dollars, to the cent from one dollar, else to a thousandth of a cent."""
    if 0 < amount < 0.00001:
        return "< 0.00001"
    return f"{amount:,.2f}" if amount >= 1 or amount == 0 else f"{amount:.5f}"


def counted(number: int, one: str, more: str = "") -> str:
    """A number with its noun: `1 line`, `2,000 lines`."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def share(part: int, of: int) -> str:
    """A share in per cent; a small one is never rounded to nothing, and only all of it is 100 %."""
    percent = 100 * part / of
    if 0 < percent < 0.01:
        return "< 0.01 %"
    return "> 99.99 %" if part < of and percent > 99.99 else f"{percent:.3g} %"


def signed(number: int) -> str:
    """A difference."""
    return f"{number:+,}" if number else "±0"


def when(instant: str) -> str:
    """`2026-11-24T03:14:54.123Z` as `2026-11-24 03:14:54 UTC`; any other text unchanged."""
    day, _, time = instant.partition("T")
    return f"{day} {time[:8]} UTC" if time.endswith("Z") else instant


def moment(number: int) -> str:
    """The number of a run, `20261124031454`, as `2026-11-24 03:14:54`; any other number unchanged."""
    text = str(number)
    if len(text) != len("yyyymmddHHMMSS"):
        return text
    return f"{text[:4]}-{text[4:6]}-{text[6:8]} {text[8:10]}:{text[10:12]}:{text[12:]}"
