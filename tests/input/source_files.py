"""Strategies for source files: the three layouts, every delimiter and line end, and every kind of bad line between."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.input.reference import BOM, BY_ROW_COLUMNS, LOG_COLUMNS, Layout
from tests.input.whole_way import Sizes

LINE_LIMIT, HELD_WHOLE = 1000, 2000
"""The limits for generated files: a line of 24 long numbers fits, and one that does not is quickly made."""

GOOD_NUMBERS = [
    *("0", "1", "-9.8184", "0.009971", "2.1849", "-0", "-0.0", "+1", "+.5", "7.", ".5", "1e5", "-1E-3", "1e+2"),
    *("00012", "0.1000000000000000055511151231257827", "1" * 60, "0." + "0" * 60 + "1", "1e-400", "1e-320", "2e-324"),
    *(
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "1.7976931348623157e308",
        "9007199254740993",
        "1e22",
        "1e23",
    ),
    *("8.41e21", "5e-324", "2.2250738585072011e-308", "123456789012345678901234567890e-20", "0e999", "1e0000000001"),
]
BAD_NUMBERS = [
    *("", "nan", "NaN", "-nan", "inf", "-Infinity", "NA", "null", "None", "#N/A", "true", "x", "1_0", "0x10", "0x1p3"),
    *("1e999", "-1e999", "1e400", "1.7976931348623159e308", "1e", "e5", ".", "-", "+", "--1", "+-1", "1 2", "1.2.3"),
    *("1,5", "1;5", '"', '""', '"1', '1"', '"1"', "'1'", "1d5", "1f", "(1)", "1%", "1e5.5", "12:00", "\\N", "nan(1)"),
    *(
        "\x00",
        "1\x00",
        "\r",
        "1\r2",
        "\x0b1",
        "\x0c",
        "\x1a",
        "\ufeff1",
        "\u0661",
        "\uff11",
        "\u22121",
        "1\xa0",
        "\xe9",
    ),
    *("\u2028", "\x85", "\U0001f600", "\u0000" * 3),
]
LABELS = ["0", "1", "12", "5.0", "1e1", "+3", "-0", "00012", "0.3e1", "120e-1"]
BAD_LABELS = ["13", "-1", "1.5", "0.0000000000000001", "1e300", "12.000000000000001", "nan", "", "walking", "1_2"]
SUBJECTS = ["subject1", "subject01", "Subject2", "SUBJECT3", "4", "007", "subject0", "0", "subject999999999"]
BAD_SUBJECTS = ["", "subject", "subject-1", "-1", "1.0", "subject1000000000", "\uff11", "subject 1", "1;DROP", "../1"]

HEADERS = {
    "by row": b"alx aly alz glx gly glz arx ary arz grx gry grz Activity subject".split(),
    "csv": [name.encode() for name in LOG_COLUMNS],
}
ALIASES = {b"label": b"Activity", b"chest_accel_x": b"acc_chest_x", b"ecg_1": b"ECG Lead 1"}

_hostile_bytes = st.one_of(
    st.sampled_from(BAD_NUMBERS).map(lambda text: text.encode()),
    st.sampled_from([b"\xff", b"\xc3", b"1\xe2\x82", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\xb1"]),
    st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=8),
)
_numbers = st.one_of(
    st.sampled_from(GOOD_NUMBERS),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: f"{number:.25e}"),
    st.decimals(-1000, 1000, places=6).map(str),
    st.text("0123456789", min_size=1, max_size=40),
    st.tuples(st.text("0123456789", max_size=30), st.text("0123456789", min_size=1, max_size=30)).map(".".join),
).map(str.encode)
_blank = st.sampled_from([b"", b"", b" ", b"\t", b"\r", b" \r", b"\t\t \t", b"\x0b\x0c", b"\r\r"]) | st.integers(
    LINE_LIMIT - 3, HELD_WHOLE + 300
).map(lambda length: b" " * length)


@dataclass(frozen=True)
class SourceFile:
    """A file as it is in a dataset, and what is known of it."""

    name: str
    data: bytes
    layout: Layout


@st.composite
def _good_fields(draw: st.DrawFn, layout: Layout) -> list[bytes]:
    fields = [b"-9.8184", b"0.009971", b"2.1849"] * 8
    fields = fields[: len(layout.columns)]
    for place, number in draw(st.lists(st.tuples(st.integers(0, len(fields) - 1), _numbers), max_size=3)):
        fields[place] = number
    columns = list(layout.columns)
    fields[columns.index("label")] = draw(st.sampled_from(LABELS)).encode()
    if "subject" in columns:
        fields[columns.index("subject")] = draw(st.sampled_from(SUBJECTS)).encode()
    return fields


@st.composite
def _bad_line(draw: st.DrawFn, layout: Layout) -> bytes:
    fields = draw(_good_fields(layout))
    delimiter = layout.delimiter
    columns = list(layout.columns)
    kinds = ["field", "field", "label", "fewer", "more", "junk", "long", "longest", "quotes", "cut", "delimiter"]
    kind = draw(st.sampled_from([*kinds, "subject"] if "subject" in columns else kinds))
    place = draw(st.integers(0, len(fields) - 1))
    if kind == "field":
        fields[place] = draw(_hostile_bytes)
    elif kind == "label":
        fields[columns.index("label")] = draw(st.sampled_from(BAD_LABELS)).encode()
    elif kind == "subject":
        fields[columns.index("subject")] = draw(st.sampled_from(BAD_SUBJECTS)).encode()
    elif kind == "fewer":
        del fields[place : place + draw(st.integers(1, 3))]
    elif kind == "more":
        fields[place:place] = [b"1"] * draw(st.integers(1, 3))
    elif kind == "junk":
        return draw(st.binary(max_size=40))
    elif kind == "long":
        length = sum(map(len, fields)) + len(fields) - 1
        fields[place] += b"0" * (LINE_LIMIT - length + draw(st.integers(-3, 3)))
    elif kind == "longest":
        filler = draw(st.sampled_from([b"7", b" ", b'"', b"\xc3\xa9", b"9\t", b"1,"]))
        length = HELD_WHOLE - sum(map(len, fields)) - len(fields) + draw(st.integers(-4, 300))
        fields[place] += filler * (length // len(filler))
    elif kind == "quotes":
        fields[place] = (
            draw(st.sampled_from([b'"%s"', b'"%s', b'%s"', b'"%s"x', b'" %s "', b'""%s', b' "%s"'])) % (fields[place])
        )
    elif kind == "cut":
        line = delimiter.join(fields)
        return line[: draw(st.integers(0, len(line)))]
    else:
        return draw(st.sampled_from([b";", b"|", b", ", b"\t ", b" "])).join(fields)
    return delimiter.join(fields)


@st.composite
def _line(draw: st.DrawFn, layout: Layout, badness: int) -> bytes:
    """A line without its end: good, oddly written, bad or blank; `badness` of ten are not plainly good."""
    if draw(st.integers(0, 9)) >= badness:
        return layout.delimiter.join(draw(_good_fields(layout)))
    kind = draw(st.sampled_from(["bad", "bad", "odd", "blank"]))
    if kind == "blank":
        return draw(_blank)
    if kind == "bad":
        return draw(_bad_line(layout))
    padding = draw(st.sampled_from([b"", b" ", b"  "]))
    # A tab beside a field means nothing where fields are not parted by tabs.
    fields = [padding + field + padding for field in draw(_good_fields(layout))]
    end = draw(st.sampled_from([b"", b" ", b"  ", layout.delimiter, layout.delimiter * 3, layout.delimiter + b" "]))
    return layout.delimiter.join(fields) + end


@st.composite
def source_files(draw: st.DrawFn) -> SourceFile:
    """A file in one of the three layouts. A file without a header may be so bad that nobody can tell its layout."""
    kind = draw(st.sampled_from(["log", "csv", "by row"]))
    delimiter = draw(st.sampled_from([b"\t", b" "] if kind == "log" else [b",", b",", b"\t", b" "]))
    columns = list(BY_ROW_COLUMNS if kind == "by row" else LOG_COLUMNS)
    names = list(HEADERS.get(kind, ()))
    if names:
        order = draw(st.permutations(range(len(columns)))) if draw(st.booleans()) else range(len(columns))
        columns, names = [columns[place] for place in order], [names[place] for place in order]
        if delimiter != b" ":
            names = [ALIASES.get(name, name) for name in names]
    layout = Layout(columns, delimiter, bool(names), None if kind == "by row" else 3)
    lines = draw(
        st.lists(
            _line(layout, draw(st.sampled_from([0, 1, 2, 5, 10]))),
            min_size=draw(st.sampled_from([0, 5, 12])),
            max_size=25,
        )
    )
    if names:
        lines = [*draw(st.lists(_blank, max_size=2)), delimiter.join(names), *lines]
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    mixed = draw(st.booleans())
    data = b"".join(
        line + (draw(st.sampled_from([b"\n", b"\r\n", b"\r\r\n"])) if mixed and draw(st.integers(0, 9)) == 0 else end)
        for line in lines
    )
    if draw(st.booleans()):
        data = data.removesuffix(b"\n")
    if draw(st.integers(0, 3)) == 0:
        data = BOM + data
    return SourceFile({"log": "mHealth_subject3.log", "csv": "mHealth_subject3.csv"}.get(kind, "all.csv"), data, layout)


sizes = st.builds(
    Sizes,
    source_block=st.sampled_from([3, 4, 17, 130, 700, HELD_WHOLE]),
    raw_block=st.sampled_from([1, 2, 7, 64, 257, 1000, 4000, 1 << 22]),
    slow_block=st.sampled_from([1, 200, 1000, 1 << 14]),
    line_limit=st.just(LINE_LIMIT),
    held_whole=st.just(HELD_WHOLE),
    part_lines=st.sampled_from([1, 2, 5, 9, 1000]),
)
"""Small blocks and parts, so that their ends fall everywhere."""
