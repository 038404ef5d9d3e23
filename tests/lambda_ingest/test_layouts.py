"""A file's layout is recognised from its content, whatever the order, spelling and marks of its header."""

import pytest

from ingest.errors import EmptyFile, UnknownLayout
from ingest.layouts import HEAD_BYTES, LAYOUTS, Recognised, recognise

LOG_COLUMNS = (
    *("chest_accel_x", "chest_accel_y", "chest_accel_z", "ecg_1", "ecg_2"),
    *("ankle_accel_x", "ankle_accel_y", "ankle_accel_z", "ankle_gyro_x", "ankle_gyro_y", "ankle_gyro_z"),
    *("ankle_mag_x", "ankle_mag_y", "ankle_mag_z"),
    *("arm_accel_x", "arm_accel_y", "arm_accel_z", "arm_gyro_x", "arm_gyro_y", "arm_gyro_z"),
    *("arm_mag_x", "arm_mag_y", "arm_mag_z", "label"),
)
RAW_DATA_HEADER = b"alx,aly,alz,glx,gly,glz,arx,ary,arz,grx,gry,grz,Activity,subject\n"
RAW_DATA_COLUMNS = (
    *("ankle_accel_x", "ankle_accel_y", "ankle_accel_z", "ankle_gyro_x", "ankle_gyro_y", "ankle_gyro_z"),
    *("arm_accel_x", "arm_accel_y", "arm_accel_z", "arm_gyro_x", "arm_gyro_y", "arm_gyro_z", "label", "subject"),
)
RAW_DATA_ROW = b"1.5,2,3,4,5,6,7,8,9,10,11,12,0,subject1\n"
TABS = b"\t".join([b"-9.8184"] * 23) + b"\t0\n"
SPACES = b"  ".join([b"-9.8184"] * 23) + b"  0\n"
COMMAS = TABS.replace(b"\t", b",")
HEADER = ",".join(LOG_COLUMNS).encode() + b"\n"


def look(head: bytes, name: str = "mHealth_subject3", *, whole: bool = True) -> Recognised:
    return recognise(f"folder/{name}.log", name, head, whole=whole)


@pytest.mark.parametrize(
    ("head", "delimiter"),
    [
        pytest.param(TABS, b"\t", id="tabs"),
        pytest.param(SPACES, b" ", id="spaces"),
        pytest.param(b"  " + SPACES, b" ", id="spaces around"),
        pytest.param(TABS.replace(b"\n", b"\r\n") * 3, b"\t", id="CRLF"),
        pytest.param(b"\xef\xbb\xbf" + TABS, b"\t", id="byte-order mark"),
        pytest.param(TABS.replace(b"\n", b"\t \n"), b"\t", id="delimiters at the end"),
        pytest.param(TABS[:-1], b"\t", id="no final newline"),
        pytest.param(b"\n \n" + TABS, b"\t", id="blank lines on top"),
        pytest.param(b"# made on a Tuesday\n" + TABS * 2, b"\t", id="bad first line"),
        pytest.param((b"x\n" + TABS) * 20 + TABS, b"\t", id="nearly half bad"),
    ],
)
def test_layout_1_by_its_fields(head: bytes, delimiter: bytes) -> None:
    assert look(head) == Recognised("mhealth_log", LOG_COLUMNS, delimiter, 3)


def test_layout_2_by_its_header_whatever_the_files_name() -> None:
    found = look(RAW_DATA_HEADER + RAW_DATA_ROW, "everyone")
    assert found == Recognised("mhealth_raw_data", RAW_DATA_COLUMNS, b",", None, RAW_DATA_HEADER, 0, 65)


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(str, id="as is"),
        pytest.param(str.upper, id="upper case"),
        pytest.param(lambda name: f'"{name}"', id="quoted"),
        pytest.param(lambda name: f" {name} ", id="spaces around"),
        pytest.param(lambda name: name.replace("_", "-"), id="hyphens"),
        pytest.param(lambda name: name.replace("accel", "acc").replace("arm", "right_lower_arm"), id="aliases"),
        pytest.param(lambda name: name.replace("label", "Activity"), id="activity for label"),
    ],
)
def test_layout_3_in_any_spelling(spell: object) -> None:
    assert callable(spell)
    header = ",".join(map(spell, LOG_COLUMNS)).encode() + b"\n"
    found = look(header + COMMAS)
    assert found == Recognised("mhealth_csv", LOG_COLUMNS, b",", 3, header, 0, len(header))


@pytest.mark.parametrize("end", [pytest.param(b"\n", id="LF"), pytest.param(b"\r\n", id="CRLF")])
@pytest.mark.parametrize("mark", [pytest.param(b"", id="plain"), pytest.param(b"\xef\xbb\xbf", id="byte-order mark")])
def test_layout_3_in_any_order(end: bytes, mark: bytes) -> None:
    header = ",".join(reversed(LOG_COLUMNS)).encode() + end
    found = look(mark + b"\n" + header + COMMAS)
    assert found == Recognised("mhealth_csv", LOG_COLUMNS[::-1], b",", 3, header, 1, len(header) + 1)


@pytest.mark.parametrize("delimiter", [pytest.param(b"\t", id="tabs"), pytest.param(b" ", id="spaces")])
def test_layout_3_by_other_delimiters(delimiter: bytes) -> None:
    header = HEADER.replace(b",", delimiter)
    assert look(header + COMMAS.replace(b",", delimiter)).delimiter == delimiter


REORDERED = (*LOG_COLUMNS[5:], *LOG_COLUMNS[:5])
LIKE_SOMEBODY = [name.replace("ecg_", "ecg_lead").replace("accel", "acc") for name in REORDERED]
"""The columns in another order, under names that are nobody's but somebody's."""


@pytest.mark.parametrize("delimiter", [pytest.param(one, id=repr(one)) for one in (",", "\t", " ")])
@pytest.mark.parametrize("end", [pytest.param("\n", id="LF"), pytest.param("\r\n", id="CRLF")])
@pytest.mark.parametrize("above", [pytest.param("", id="on top"), pytest.param("\ufeff\n \n", id="below blank lines")])
def test_a_log_file_that_names_its_columns_is_read_by_their_names(delimiter: str, end: str, above: str) -> None:
    row = delimiter.join(["1.5"] * 18 + ["0"] + ["1.5"] * 5) + end
    found = look((above + delimiter.join(LIKE_SOMEBODY) + end + row * 60).encode())
    assert (found.layout, found.columns, found.delimiter) == ("mhealth_csv", REORDERED, delimiter.encode())
    assert (found.header, found.blank_lines) == ((delimiter.join(LIKE_SOMEBODY) + end).encode(), 2 if above else 0)


def test_a_log_file_whose_header_is_in_the_files_own_order_loses_no_line() -> None:
    header = "\t".join(f'"{name}"' for name in LOG_COLUMNS).encode() + b"\n"
    found = look(header + TABS * 60)
    assert (found.columns, found.header, found.offset) == (LOG_COLUMNS, header, len(header))


UNKNOWN = [f"channel {chr(97 + place)}" for place in range(24)]


@pytest.mark.notices("lambda_ingest/ingest/layouts.py", "if is_header(line) and line.strip() != header:", "if False:")
@pytest.mark.parametrize("delimiter", [pytest.param(one, id=repr(one)) for one in (",", ";", "\t", " ")])
@pytest.mark.parametrize(
    "names",
    [
        pytest.param([name.replace(" ", "_") for name in UNKNOWN], id="unknown names"),
        pytest.param([f"c{place}" for place in range(24)], id="names with digits"),
        pytest.param([*LIKE_SOMEBODY[:23], "2"], id="a number among the names"),
        pytest.param(LIKE_SOMEBODY[:23], id="a name too few"),
        pytest.param([*LIKE_SOMEBODY, "mood"], id="a name too many"),
        pytest.param(["#", *LIKE_SOMEBODY], id="behind a comment sign"),
        pytest.param([str(place) for place in range(24)], id="counted from 0"),
        pytest.param([str(place) for place in range(1, 25)], id="counted from 1"),
        pytest.param(["ecg_1", "ecg_2"], id="few that are known"),
    ],
)
def test_a_file_whose_columns_have_names_is_never_read_by_their_places(names: list[str], delimiter: str) -> None:
    with pytest.raises(UnknownLayout, match=r"The nearest layout is mhealth_csv: "):
        look(delimiter.join(names).encode() + b"\n" + TABS * 60)


def test_names_below_the_first_line_are_told_with_their_line() -> None:
    header = "\t".join(LIKE_SOMEBODY).encode() + b"\n"
    with pytest.raises(UnknownLayout, match=r"First line seen: 'recorded by hand'\. Line 3 has names, too"):
        look(b"recorded by hand\n\n" + header + TABS * 60)
    with pytest.raises(UnknownLayout, match=r"Line 2 has names, too, and is no data line: 'm/s2,"):
        look(HEADER + b",".join([b"m/s2"] * 24) + b"\n" + COMMAS * 60)


@pytest.mark.parametrize("bad", [1, 11, 12])
@pytest.mark.parametrize("value", ["x", "nan", ""])
def test_a_data_line_may_begin_with_bad_values(bad: int, value: str) -> None:
    first = "\t".join([value] * bad + ["-9.8184"] * (23 - bad) + ["0"]).encode() + b"\n"
    assert look(first + TABS * 2) == Recognised("mhealth_log", LOG_COLUMNS, b"\t", 3)


@pytest.mark.parametrize("delimiter", [pytest.param(one, id=repr(one)) for one in (b",", b"\t")])
@pytest.mark.parametrize(
    ("index", "reported"),
    [
        pytest.param([b""], ("column 1, without a name",), id="no name"),
        pytest.param([b"Unnamed: 0"], ("column 1, 'Unnamed: 0'",), id="as pandas names it"),
        pytest.param([b"", b"Unnamed: 0"], ("column 1, without a name", "column 2, 'Unnamed: 0'"), id="saved twice"),
        pytest.param([b'""'], ("column 1, without a name",), id="as R names it"),
        pytest.param([b"index"], ("column 1, 'index'",), id="index"),
    ],
)
def test_an_index_before_the_columns_is_dropped_and_told(
    index: list[bytes], reported: tuple[str, ...], delimiter: bytes
) -> None:
    header = delimiter.join([*index, *(name.encode() for name in LOG_COLUMNS)]) + b"\n"
    row = delimiter.join([b"17"] * len(index)) + delimiter + TABS.replace(b"\t", delimiter)
    assert look(header + row) == Recognised("mhealth_csv", LOG_COLUMNS, delimiter, 3, header, 0, len(header), reported)


def test_a_column_without_a_name_among_the_others_is_told_by_its_place() -> None:
    with pytest.raises(UnknownLayout, match=r"mhealth_csv: it has no name for column 4, 25\. Expected one of"):
        look(HEADER.replace(b"ecg_1", b",ecg_1").replace(b"label", b" ,label") + COMMAS)
    with pytest.raises(UnknownLayout, match=r"it has no name for column 4\."):
        look(HEADER.replace(b"ecg_1", b",ecg_1").replace(b",", b"\t") + TABS)


@pytest.mark.volume
def test_a_header_of_thirty_thousand_names_is_told_in_a_few_lines() -> None:
    header = ",".join(f"a column with a long name {place}" for place in range(30_000)).encode()
    with pytest.raises(UnknownLayout, match=r"a column with a long name 9 and 29990 more besides") as refused:
        look(header + b"\n" + COMMAS)
    assert len(str(refused.value)) < 4000


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        pytest.param("mHealth_subject1", 1, id="one digit"),
        pytest.param("mHealth_subject01", 1, id="leading zero"),
        pytest.param("MHEALTH_SUBJECT10", 10, id="upper case"),
        pytest.param("mHealth_subject000", 0, id="zero"),
    ],
)
def test_the_name_tells_the_subject(name: str, subject: int) -> None:
    assert look(TABS, name).subject == subject


@pytest.mark.parametrize("name", ["subject1", "mHealth_subject", "mHealth_subject1_copy", "mHealth_subject1234567890"])
def test_a_name_that_tells_no_subject_is_refused(name: str) -> None:
    with pytest.raises(
        UnknownLayout,
        match=rf"folder/{name}.log has the content of layout mhealth_log.*mHealth_subject<N>.*ingest/layouts.py",
    ):
        look(TABS, name)


@pytest.mark.parametrize(
    ("head", "seen"),
    [
        pytest.param(b"a,b,c\n1,2,3\n", r"First line seen: 'a,b,c'", id="other columns"),
        pytest.param(COMMAS, r"First line seen: '-9.8184,", id="commas and no header"),
        pytest.param(TABS.replace(b"\t0\n", b"\n"), r"First line seen", id="23 fields"),
        pytest.param((b"x\n" + TABS) * 20, r"First line seen: 'x'", id="half bad"),
        pytest.param(b"one two " * 12 + b"\n", r"First line seen: 'one two", id="24 words"),
        pytest.param(b"\xff\xfe1\x00\n", r"First line seen: '\\\\xff", id="UTF-16"),
        pytest.param(
            HEADER.replace(b"ecg_2", b"ecg_1") + COMMAS,
            "it lacks ecg_2; it names ecg_1 more than once",
            id="a column twice",
        ),
        pytest.param(HEADER.replace(b"ecg_2,", b"") + COMMAS, "it lacks ecg_2\\.", id="missing"),
        pytest.param(HEADER.replace(b"ecg_2", b"ecg_2,mood"), "it has mood besides\\.", id="one too many"),
        pytest.param(b"a\rb,c\n", "First line seen", id="a lone carriage return"),
    ],
)
def test_anything_else_is_refused_and_says_what_was_expected(head: bytes, seen: str) -> None:
    with pytest.raises(UnknownLayout, match=seen) as refused:
        look(head)
    message = str(refused.value)
    assert message.startswith("folder/mHealth_subject3.log is in no known layout")
    assert all(layout.expected in message for layout in LAYOUTS)
    assert "lambda_ingest/ingest/layouts.py" in message


def test_a_line_longer_than_the_head_is_refused_with_its_beginning_only() -> None:
    with pytest.raises(UnknownLayout) as refused:
        look(b"7" * HEAD_BYTES, whole=False)
    assert len(str(refused.value)) < 1000


def test_a_last_line_cut_off_by_the_head_is_not_judged() -> None:
    assert look(TABS + b"1\t2", whole=False).layout == "mhealth_log"


@pytest.mark.parametrize(
    ("head", "what"),
    [
        pytest.param(b"", "has no data line", id="no byte"),
        pytest.param(b" \r\n\t\n", "has no data line", id="blank"),
        pytest.param(b"\xef\xbb\xbf", "has no data line", id="byte-order mark alone"),
        pytest.param(HEADER, "has a header and no data line", id="header alone"),
        pytest.param(RAW_DATA_HEADER + b"\n", "has a header and no data line", id="header and a blank line"),
    ],
)
def test_a_file_without_data_is_refused(head: bytes, what: str) -> None:
    with pytest.raises(EmptyFile, match=f"folder/mHealth_subject3.log {what}"):
        look(head)
