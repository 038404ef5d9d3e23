"""Fast and slow parser against each other, and both against a reference that shares no code with them."""

from __future__ import annotations

import io
import math
import random

import numpy as np
import pytest

from mhealth.raw.grammar import BadLine
from mhealth.raw.parser import ParsedBlock, parse, parse_fast, parse_line_by_line
from mhealth.raw.reader import LineBlock, LongLine, read_lines

COLUMNS = ["ecg_1", "ecg_2", "label"]
BY_ROW = ["ecg_1", "label", "subject"]

GOOD = [
    "0",
    "1",
    "-9.8184",
    "0.009971",
    "2.1849",
    "1e5",
    "-1E-3",
    "7.",
    ".5",
    "123456.789012345678901",
    "1e-320",
    "-0",
    "3",
]
HOSTILE = [
    *("nan", "NaN", "-nan", "inf", "-Infinity", "NA", "null", "NULL", "#N/A", "None", "", " ", "1_0", "0x1p3", "0x10"),
    *(
        "1e999",
        "-1e999",
        "1d5",
        "1e",
        "e5",
        ".",
        "-",
        "+",
        "+1",
        "--1",
        "1 2",
        "1;2",
        "1.2.3",
        "1,5",
        '"1"',
        '"',
        "'1'",
    ),
    *(
        "\x00",
        "1\x00",
        "\r",
        "1\r",
        "\x0b1",
        "\xa01",
        "\ufeff1",
        "\u0661",
        "\uff11",
        "\u22121",
        "true",
        "1e5f",
        "1L",
        "(1)",
        "1%",
    ),
    *("  1", "1  ", "\t1\t", "0" * 400 + "1", "1" * 400, "1." + "3" * 400, "4.9406564584124654e-324", "2e-324"),
    *("1.7976931348623157e308", "1.7976931348623159e308", "9007199254740993", "0.1e1", "1.0", "12", "12.0", "13", "-1"),
    *("0.5", "1e1", "1e-1", "-0.0", "00012", "+3", "1.0000000000000000000001", "2014-01-01", "12:00"),
]
SUBJECTS = [
    "subject1",
    "subject01",
    "subject2",
    "3",
    " subject3 ",
    "Subject4",
    "subject",
    "x",
    "",
    '"subject1"',
    "1.0",
    "\xff",
]


def places(block: ParsedBlock) -> tuple[list[int], list[int]]:
    return block.good_lines.tolist(), block.good_data.tolist()


def bits(block: ParsedBlock) -> list[bytes]:
    """The values bit for bit, so that -0.0 is not 0.0."""
    assert all(array.null_count == 0 for array in block.values)
    return [np.ascontiguousarray(array.to_numpy(zero_copy_only=False)).tobytes() for array in block.values]


def joined(
    blocks: list[ParsedBlock],
) -> tuple[list[bytes], list[int], list[int], list[tuple[int, int, BadLine]], int, int]:
    """Several blocks as one."""
    values = [b"".join(column) for column in zip(*(bits(block) for block in blocks), strict=True)]
    lines = data = 0
    good_lines: list[int] = []
    good_data: list[int] = []
    bad: list[tuple[int, int, BadLine]] = []
    for block in blocks:
        good_lines += [lines + place for place in block.good_lines.tolist()]
        good_data += [data + place for place in block.good_data.tolist()]
        bad += [(lines + line, data + place, verdict) for line, place, verdict in block.bad]
        lines += block.lines
        data += block.data_lines
    return values, good_lines, good_data, bad, lines, data


def reference(line: bytes) -> tuple[float, float, int] | str | None:
    """The grammar for COLUMNS once more: the values, `bad`, or None for a blank line."""
    if line.isspace() or not line:
        return None
    if line[-1:] == b"\r":
        line = line[:-1]
    if len(line) > 65536 or any(byte > 126 or byte in b'"\r' for byte in line):
        return "bad"
    fields = [bytes(field).decode().strip("\t ") for field in line.split(b",")]
    while len(fields) > 3 and fields[-1] == "":
        del fields[-1]
    if len(fields) != 3 or any(set(field) - set("0123456789+-.eE") for field in fields):
        return "bad"
    try:
        first, second, label = (float(field) for field in fields)
    except ValueError:
        return "bad"
    if math.isinf(first) or math.isinf(second) or label not in range(13):
        return "bad"
    return first, second, int(label)


def a_block(chance: random.Random, by_row: bool) -> bytes:
    hostility = chance.choice([0, 0, 0.02, 0.3])
    lines = []
    for _ in range(chance.choice([1, 2, 5, 40, 300])):
        fields = [chance.choice(GOOD), chance.choice(GOOD), chance.choice(["0", "1", "12", "5.0"])]
        if by_row:
            fields = [fields[0], fields[2], chance.choice(SUBJECTS[:5])]
        if chance.random() < hostility:
            fields[chance.randrange(3)] = chance.choice(HOSTILE + SUBJECTS if by_row else HOSTILE)
        if chance.random() < hostility / 3:
            fields = fields[: chance.randrange(4)] + [""] * chance.randrange(3)
        end = chance.choice(["", "\r", " ", ",", "\r\r", ", \r"]) if chance.random() < hostility else ""
        lines.append(",".join(fields) + end)
        if chance.random() < hostility / 3:
            lines.append(chance.choice(["", " ", "\r", "\t", ",,", "\x0b"]))
    text = ("\r\n" if chance.random() < 0.3 else "\n").join(lines) + "\n"
    return text.encode("latin-1" if chance.random() < 0.1 else "utf-8", "replace")


@pytest.mark.parametrize("columns", [COLUMNS, BY_ROW], ids=["own-subject", "subject-by-row"])
def test_generated_blocks_come_out_of_both_parsers_bit_for_bit_alike(columns: list[str]) -> None:
    chance = random.Random(20261124)
    fast_ones = 0
    for _ in range(500):
        data = a_block(chance, columns is BY_ROW)
        slow = parse_line_by_line(data, columns)
        fast = parse_fast(data, columns)
        if fast is not None:
            fast_ones += 1
            assert not slow.bad, data
            assert bits(fast) == bits(slow), data
            assert places(fast) == places(slow)
            assert (fast.lines, fast.data_lines) == (slow.lines, slow.data_lines)
        assert joined(list(parse(LineBlock(data), columns))) == joined([slow])
    assert fast_ones > 150


def test_generated_blocks_come_out_as_the_reference_reads_them() -> None:
    chance = random.Random(7)
    good_lines = bad_lines = 0
    for _ in range(300):
        data = a_block(chance, by_row=False)
        if b'"' in data:  # quotes have cases of their own
            continue
        lines = data[:-1].split(b"\n")
        expected = [reference(line) for line in lines]
        block = parse_line_by_line(data, COLUMNS)
        good = [values for values in expected if isinstance(values, tuple)]
        columns = [[values[place] for values in good] for place in range(3)]
        as_bytes = [np.array(column, kind).tobytes() for column, kind in zip(columns, "ddi", strict=True)]
        assert bits(block) == as_bytes, data
        assert block.good_lines.tolist() == [line for line, found in enumerate(expected) if isinstance(found, tuple)]
        assert [line for line, _, _ in block.bad] == [line for line, found in enumerate(expected) if found == "bad"]
        good_lines += len(good)
        bad_lines += len(block.bad)
    assert good_lines > 3000
    assert bad_lines > 300


@pytest.mark.parametrize("token", [*GOOD, *HOSTILE], ids=ascii)
@pytest.mark.parametrize("place", range(3))
def test_no_field_is_good_for_the_fast_parser_alone(token: str, place: int) -> None:
    fields = ["1", "2", "3"]
    fields[place] = token
    for data in (f"{','.join(fields)}\n", f"1,2,3\n{','.join(fields)}\n4,5,6\n"):
        slow = parse_line_by_line(data.encode(), COLUMNS)
        fast = parse_fast(data.encode(), COLUMNS)
        if fast is not None:
            assert not slow.bad
            assert bits(fast) == bits(slow)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xef\xbb\xbf1,2,3\n", id="byte-order-mark-at-the-start-of-a-block"),
        pytest.param(b"1,2,3\r4,5,6\n", id="carriage-return-as-a-line-end"),
        pytest.param(b"1,2,3\n\n", id="blank-line"),
        pytest.param(b"1,2," + b" " * 70_000 + b"3\n", id="long-line"),
        pytest.param(b"1,2," + b"0" * 70_000 + b"3\n" + b"1,2,3\n" * 100, id="long-line-before-others"),
        pytest.param(b"1,2,3,\n", id="delimiter-too-many"),
        pytest.param(b'"1",2,3\n', id="quotes"),
        pytest.param(b"nan,2,3\n", id="nan"),
        pytest.param(b"1,2,1.5\n", id="half-a-label"),
        pytest.param(b"1,2,1e99\n", id="huge-label"),
    ],
)
def test_the_fast_parser_leaves_to_the_slow_one(data: bytes) -> None:
    assert parse_fast(data, COLUMNS) is None


def test_the_fast_parser_takes_plain_lines() -> None:
    block = parse_fast(b"1, 2,3\r\n-4.5,5e0,12.0\r\n", COLUMNS)
    assert block is not None
    assert [array.to_pylist() for array in block.values] == [[1.0, -4.5], [2.0, 5.0], [3, 12]]
    assert [str(array.type) for array in block.values] == ["double", "double", "int32"]


def test_a_label_is_a_whole_number_wherever_its_columns_name_comes_from() -> None:
    block = parse_fast(b"0.5,4\n", ["ecg_1", "".join(["la", "bel"])])
    assert block is not None
    assert [str(array.type) for array in block.values] == ["double", "int32"]


def test_one_bad_line_costs_few_slow_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = b"1.25,2.5,3\n" * 40_000, b"1,x,3\n"
    slow_bytes = 0

    def counted(data: bytes, columns: list[str]) -> ParsedBlock:
        nonlocal slow_bytes
        slow_bytes += len(data)
        return parse_line_by_line(data, columns)

    monkeypatch.setattr("mhealth.raw.parser.parse_line_by_line", counted)
    blocks = list(parse(LineBlock(good + bad + good), COLUMNS))
    assert sum(block.data_lines for block in blocks) == 80_001
    assert sum(len(block.bad) for block in blocks) == 1
    assert slow_bytes <= 16 * 1024


def test_a_long_line_is_one_bad_line_or_a_blank_one() -> None:
    (block,) = parse(LongLine(b"7" * 65536, 10_000_000, blank=False), COLUMNS)
    (_, _, verdict) = block.bad[0]
    assert verdict.reason == "the line has 10000000 bytes, more than 65536; the text is cut there"
    (block,) = parse(LongLine(b" " * 65536, 10_000_000, blank=True), COLUMNS)
    assert (block.lines, block.data_lines, block.bad) == (1, 0, [])


@pytest.mark.parametrize("size", [65535, 65536, 65537, 65538, 65600])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\r"], ids=["none", "lf", "crlf", "cr"])
def test_the_limit_is_the_same_wherever_blocks_end(size: int, end: bytes) -> None:
    data = b"1,2,3\n" + b"1,2," + b"0" * (size - 5) + b"3" + end

    def outcome(block: int) -> object:
        items = read_lines(io.BytesIO(data), block)
        return joined([block for item in items for block in parse(item, COLUMNS)])

    whole = outcome(1_000_000)
    assert outcome(1000) == whole
    assert outcome(65_537) == whole
    assert outcome(1) == whole
    assert len(whole[3]) == (size > 65536)  # type: ignore[index]
