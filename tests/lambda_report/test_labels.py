from __future__ import annotations

import re
from pathlib import Path

import matplotlib
import pytest

from snapshot_report.labels import width, with_widths

METRICS = Path(matplotlib.get_data_path()) / "fonts" / "pdfcorefonts" / "Helvetica.afm"
"""Adobe's own, as Matplotlib ships them."""


def test_a_letter_is_as_wide_as_in_helvetica() -> None:
    found = re.findall(r"^C (\d+) ; WX (\d+) ;", METRICS.read_text(), re.MULTILINE)
    # The file's codes are those of ASCII but for the two quotes.
    widths = {chr(int(code)): int(each) for code, each in found if 32 <= int(code) < 127 and chr(int(code)) not in "'`"}
    reported = {letter: width(letter) for letter in widths}
    known = {letter: each for letter, each in reported.items() if each is not None}
    assert known == {letter: widths[letter] / 1000 for letter in known}
    assert set("0123456789.,-% abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ()") <= set(known)


def test_a_text_is_as_wide_as_its_letters() -> None:
    assert width("") == 0
    assert width("35k") == pytest.approx(0.556 + 0.556 + 0.5)


def test_the_width_of_unknown_letters_is_not_guessed() -> None:
    assert width("Straße") is None


def test_a_letter_of_east_asia_is_a_square() -> None:
    assert width("歩く 2") == pytest.approx(1 + 1 + 0.278 + 0.556)


def test_a_label_takes_its_width_in_any_font() -> None:
    label = '<text font-size="12px" fill="a">0 &amp; 1</text>'
    expected = '<text font-size="12px" fill="a" textLength="28.0" lengthAdjust="spacingAndGlyphs">0 &amp; 1</text>'
    assert with_widths(label) == expected


@pytest.mark.parametrize(
    "svg",
    [
        '<text font-size="13px" font-weight="600">Title</text>',
        '<text font-size="12px">ß</text>',
        '<text font-size="12px"></text>',
        "<g><path/></g>",
    ],
)
def test_anything_else_stays_as_it_is(svg: str) -> None:
    assert with_widths(svg) == svg
