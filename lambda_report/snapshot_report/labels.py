"""The width of a picture's labels: each takes the room that was measured for it, whatever font a browser has."""

from __future__ import annotations

import html
import re

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
"""Thousandths of the font size: Helvetica's, of Adobe's core font metrics, which Arial and Liberation Sans share."""

_TEXT = re.compile(r'<text (?P<attributes>[^>]*font-size="(?P<size>[0-9.]+)px"[^>]*)>(?P<label>[^<]+)</text>')


def width(text: str) -> float | None:
    """The pixels that a text takes for each pixel of font size; None where a character's width is not known."""
    advances = [_ADVANCES.get(letter) for letter in text]
    return None if None in advances else sum(each for each in advances if each) / 1000


def with_widths(svg: str) -> str:
    """The SVG with the width of each label in it: a browser stretches or squeezes the letters of a label to it."""
    return _TEXT.sub(_with_width, svg)


def _with_width(found: re.Match[str]) -> str:
    each = width(html.unescape(found["label"]))
    # Titles are bold, which is wider, and have all the room that they want.
    if not each or 'font-weight="600"' in found["attributes"]:
        return found[0]
    pixels = round(each * float(found["size"]), 1)
    return f'<text {found["attributes"]} textLength="{pixels}" lengthAdjust="spacingAndGlyphs">{found["label"]}</text>'
