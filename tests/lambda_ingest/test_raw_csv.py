"""Source lines become raw lines one to one: only the delimiter changes, and a header is put on top."""

import hashlib
import io
import tracemalloc
from collections.abc import Iterator

import pytest

from ingest import raw_csv
from ingest.column_names import SENSORS
from ingest.layouts import Recognised, recognise
from ingest.raw_csv import RawLines

TABS = Recognised("log", ("a", "b", "label"), b"\t", 1)
SPACES = Recognised("log", ("a", "b", "label"), b" ", 1)


def with_header(header: bytes, *, delimiter: bytes = b",", blank_lines: int = 0, offset: int) -> Recognised:
    return Recognised("csv", ("b", "a", "label"), delimiter, 1, header, blank_lines, offset)


def converted(recognised: Recognised, source: bytes) -> tuple[bytes, int]:
    raw = RawLines(recognised)
    content = b"".join(raw.convert(io.BytesIO(source)))
    assert raw.sha256 == hashlib.sha256(source).hexdigest()
    assert raw.size == len(source)
    return content, raw.lines


def with_index(delimiter: bytes, header: bytes, *, columns: int = 1) -> Recognised:
    return Recognised("csv", ("a", "b", "label"), delimiter, 1, header, 0, len(header), ("an index",) * columns)


TOP = b"a,b,label\n"
INDEXED = b",a,b,label\n"
CASES = [
    pytest.param(TABS, b"1\t2\t0\n3\t4\t1\n", TOP + b"1,2,0\n3,4,1\n", 2, id="tabs"),
    pytest.param(TABS, b"1\t2\t0\r\n3\t4\t1\r\n", TOP + b"1,2,0\r\n3,4,1\r\n", 2, id="CRLF is kept"),
    pytest.param(TABS, b"\xef\xbb\xbf1\t2\t0\n", TOP + b"1,2,0\n", 1, id="byte-order mark is dropped"),
    pytest.param(TABS, b"1\t2\t0\n3\t4\t1", TOP + b"1,2,0\n3,4,1", 2, id="no final newline"),
    pytest.param(TABS, b"1\t2\t0\n\n3\t4\t1\n", TOP + b"1,2,0\n\n3,4,1\n", 2, id="blank line"),
    pytest.param(TABS, b"\n1\t2\t0\n", TOP + b"\n1,2,0\n", 1, id="blank line on top"),
    pytest.param(TABS, b"1\t2\t0\n\t\t\r\n \n", TOP + b"1,2,0\n\r\n\n", 1, id="lines of tabs and spaces are blank"),
    pytest.param(TABS, b"1\t2\t0\n\t", TOP + b"1,2,0\n", 1, id="blank last line without end"),
    pytest.param(TABS, b"1\t2\t0\t \n\t3\t4\n", TOP + b"1,2,0, \n,3,4\n", 2, id="tabs one by one"),
    pytest.param(TABS, b"1,5\t2\t0\n", TOP + b'"1,5",2,0\n', 1, id="decimal comma is quoted"),
    pytest.param(TABS, b'1\t2"\t"0"\r\n', TOP + b'1,"2""","""0"""\r\n', 1, id="quotes are quoted"),
    pytest.param(TABS, b"1\t\xff\t0\n", TOP + b"1,\xff,0\n", 1, id="bytes that are no text"),
    pytest.param(SPACES, b"1 2 0\n3   4 1\n", TOP + b"1,2,0\n3,4,1\n", 2, id="spaces"),
    pytest.param(SPACES, b"  1 2  0 \r\n", TOP + b"1,2,0\r\n", 1, id="spaces around are dropped"),
    pytest.param(SPACES, b"1 \t2\t0\n \n1 2", TOP + b"1,2,0\n\n1,2", 2, id="tabs among spaces"),
    pytest.param(SPACES, b"1,5 2 0\n", TOP + b'"1,5",2,0\n', 1, id="decimal comma among spaces"),
    pytest.param(
        with_header(b'"b",a,Label\n', offset=12),
        b'"b",a,Label\n1,2,0\n\n"3",4,1,',
        b'"b",a,Label\n1,2,0\n\n"3",4,1,',
        2,
        id="commas with a header: unchanged",
    ),
    pytest.param(
        with_header(b"b,a,label\r\n", blank_lines=2, offset=14),
        b"\xef\xbb\xbf\n \nb,a,label\r\n1,2,0\r\n",
        b"b,a,label\r\n\n\n1,2,0\r\n",
        1,
        id="header below blank lines comes on top",
    ),
    pytest.param(
        with_header(b"b\ta\tlabel\n", delimiter=b"\t", offset=10),
        b"b\ta\tlabel\n1\t2\t0\n",
        b"b,a,label\n1,2,0\n",
        1,
        id="header by tabs",
    ),
    pytest.param(
        with_index(b",", INDEXED), INDEXED + b"0,1,2,0\r\n1,3,4,1", TOP + b"1,2,0\r\n3,4,1", 2, id="an index is dropped"
    ),
    pytest.param(
        with_index(b"\t", b'""\ta\tb\tlabel\n'),
        b'""\ta\tb\tlabel\n"1"\t1\t2\t0\n\n2\t3\t4\t1\n',
        TOP + b"1,2,0\n\n3,4,1\n",
        2,
        id="an index by tabs",
    ),
    pytest.param(
        with_index(b",", b",Unnamed: 0,a,b,label\n", columns=2),
        b",Unnamed: 0,a,b,label\n0,7,1,2,0\n",
        TOP + b"1,2,0\n",
        1,
        id="two indexes",
    ),
    pytest.param(
        with_index(b",", INDEXED),
        INDEXED + b' "a ""b"", c" ,1,2,0\n,1,2,0\nx\n"1,2,0\n1"2,3,4,5\n\r7,3,4,5\n',
        TOP + b'1,2,0\n1,2,0\nx\n"1,2,0\n1"2,3,4,5\n\r7,3,4,5\n',
        6,
        id="a first field with odd quotes or a carriage return stays",
    ),
    pytest.param(
        with_index(b",", INDEXED),
        INDEXED + b"0,\n1, \t\r\n \n,\n2,,\n",
        TOP + b"0,\n1, \t\r\n \n,\n,\n",
        4,
        id="no data line becomes blank without its index",
    ),
]


@pytest.mark.parametrize("block_bytes", [1 << 20, 3, 4, 7])
@pytest.mark.parametrize(("recognised", "source", "raw", "lines"), CASES)
def test_lines_are_converted_wherever_blocks_end(
    recognised: Recognised, source: bytes, raw: bytes, lines: int, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_csv, "BLOCK_BYTES", block_bytes)
    assert converted(recognised, source) == (raw, lines)


ROW = b"1,2,3,4,5,6,7,8,9,10,11,12,0,subject1\n"
ALL = b"alx,aly,alz,glx,gly,glz,arx,ary,arz,grx,gry,grz,Activity,subject\n"
TURNED = ALL.replace(b"alx,aly", b"aly,alx")
LOG = b"\t".join([b"1"] * 23 + [b"0\n"])
LOG_NAMES = "\t".join((*SENSORS, "label")).encode() + b"\n"


@pytest.mark.notices("lambda_ingest/ingest/raw_csv.py", "if names_other_columns(line, found):", "if False:")
@pytest.mark.parametrize("block_bytes", [1 << 20, 16, 100])
@pytest.mark.parametrize(
    ("name", "source", "other"),
    [
        pytest.param("all", ALL + ROW * 2 + TURNED + ROW, (4, TURNED), id="another order"),
        pytest.param("all", b"\xef\xbb\xbf" + ALL + ROW + b"\n \n" + TURNED, (5, TURNED), id="blank lines"),
        pytest.param("all", ALL + ROW + ALL + ROW, None, id="the same header"),
        pytest.param("all", ALL + ROW + ALL.replace(b"alx", b"acc_ankle_x") + ROW, None, id="the same in other words"),
        pytest.param("all", ALL + ROW + b"," + ALL + b"0," + ROW, (3, b"," + ALL), id="an index more"),
        pytest.param("all", ALL + ROW + ALL.replace(b",", b";"), (3, ALL.replace(b",", b";")), id="semicolons"),
        pytest.param("mHealth_subject1", LOG + LOG_NAMES + LOG, None, id="a log with its own names"),
        pytest.param(
            "mHealth_subject1",
            LOG * 60 + LOG_NAMES.replace(b"ecg_1\tecg_2", b"ecg_2\tecg_1"),
            (61, LOG_NAMES.replace(b"ecg_1\tecg_2", b"ecg_2\tecg_1")),
            id="a log with names in another order",
        ),
        pytest.param("mHealth_subject1", LOG * 60 + ALL + ROW * 3, (61, ALL), id="another layout"),
    ],
)
def test_a_header_of_other_columns_is_found_wherever_it_stands(
    name: str, source: bytes, other: tuple[int, bytes] | None, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_csv, "BLOCK_BYTES", block_bytes)
    recognised = recognise("a file", name, source, whole=True)
    raw = RawLines(recognised)
    assert b"".join(raw.convert(io.BytesIO(source)))
    assert raw.other_header == (None if other is None else (other[0], other[1].rstrip(b"\n")))


@pytest.mark.parametrize("delimiter", [b"\t", b" ", b","])
@pytest.mark.parametrize(
    ("rest", "raw_rest", "lines"),
    [
        pytest.param(b"", b"", 1, id="at the end of the file"),
        pytest.param(b"\n", b"\n", 1, id="ended"),
        pytest.param(b"\n1\n\n2", b"\n1\n\n2", 3, id="followed by others"),
    ],
)
def test_a_line_too_long_to_hold_becomes_one_field(
    delimiter: bytes, rest: bytes, raw_rest: bytes, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_csv, "BLOCK_BYTES", 8)
    monkeypatch.setattr(raw_csv, "LONGEST_LINE", 20)
    line = b'1\t2 "3",4 ' * 5
    recognised = Recognised("log", ("a",), delimiter, 1)
    # A field holds no doubled quote and no delimiter that would part it.
    quoted = b'"' + b'1\t2 ""3"",4 ' * 5 + b'"'
    assert converted(recognised, line + rest) == (b"a\n" + quoted + raw_rest, lines)


class Endless:
    """A source made as it is read: `line` repeated to `size` bytes."""

    def __init__(self, line: bytes, size: int) -> None:
        self._block = line * (raw_csv.BLOCK_BYTES // len(line))
        self._rest = size

    def read(self, size: int, /) -> bytes:
        block = self._block[: min(size, self._rest)]
        self._rest -= len(block)
        return block


@pytest.mark.volume
@pytest.mark.parametrize(
    ("line", "little", "much"),
    [
        pytest.param(b"-9.8184\t" * 23 + b"0\n", 4, 64, id="rows"),
        pytest.param(b"-9.8184\t" * 23 + b"0\n\n1,5\t\n", 1, 6, id="rows with quirks"),
        pytest.param(b"7", 4, 64, id="one line without end"),
    ],
)
def test_memory_does_not_grow_with_the_file(line: bytes, little: int, much: int) -> None:
    def peak(size: int) -> int:
        tracemalloc.start()
        blocks: Iterator[bytes] = RawLines(TABS).convert(Endless(line, size))
        written = sum(map(len, blocks))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert written > size
        return most

    small, large = peak(little << 20), peak(much << 20)
    assert large < 32 << 20
    assert large < small * 1.2


def test_an_index_is_dropped_in_time_that_grows_with_the_line() -> None:
    for line in (b" " * 1_000_000, b'"' + b'""' * 500_000, b"0," + b" " * 1_000_000):
        assert converted(with_index(b",", INDEXED), INDEXED + line)[0].endswith(line)
