"""The widths of a figure's labels: each has the measured width in every browser, whatever its fonts."""

from __future__ import annotations

import html
import re
import unicodedata

_NARROW_TO_WIDE = {
    222: "ijl",
    278: " !,./:;I[]\\ft",
    333: "()-`r",
    500: "Jckvsxyz",
    556: "#$?0123456789L_abdeghnopqu",
    584: "+<=>~\N{MINUS SIGN}",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
}
_ADVANCES = {letter: width for width, letters in _NARROW_TO_WIDE.items() for letter in letters}
"""Widths in thousandths of the font size, from Adobe's metrics of Helvetica; Arial and Liberation Sans share them."""

_SQUARE = 1000
"""The width of a letter of East Asia, in every font."""

_TEXT = re.compile(r'<text (?P<attributes>[^>]*font-size="(?P<size>[0-9.]+)px"[^>]*)>(?P<label>[^<]+)</text>')


def width(text: str) -> float | None:
    """The width of a text as a multiple of the font size; None where a character's width is unknown."""
    advances = [_SQUARE if unicodedata.east_asian_width(letter) in "WF" else _ADVANCES.get(letter) for letter in text]
    return None if None in advances else sum(each for each in advances if each) / 1000


def with_widths(svg: str) -> str:
    """Add `textLength` to each label of an SVG, so that a browser fits the letters to that width."""
    return _TEXT.sub(_with_width, svg)


def _with_width(found: re.Match[str]) -> str:
    each = width(html.unescape(found["label"]))
    # Titles are bold, so these widths are wrong for them, and they have room.
    if not each or 'font-weight="600"' in found["attributes"]:
        return found[0]
    pixels = round(each * float(found["size"]), 1)
    return f'<text {found["attributes"]} textLength="{pixels}" lengthAdjust="spacingAndGlyphs">{found["label"]}</text>'
