"""Every file of the archive is landed, skipped with a reason, or refused by name."""

import io

import pytest

from ingest.entries import Entry
from ingest.errors import DuplicateSubject, EmptyFile, IngestError, NoUsableFiles, UnknownLayout
from ingest.selection import MOST_LISTED, SkippedFiles, chosen

ROW = b"\t".join([b"1.5"] * 23) + b"\t0\n"
EVERYONE = b"alx,aly,alz,glx,gly,glz,arx,ary,arz,grx,gry,grz,Activity,subject\n1,2,3,4,5,6,7,8,9,10,11,12,0,subject1\n"


def entry(path: str, data: bytes = ROW) -> Entry:
    return Entry(path, len(data), lambda: io.BytesIO(data))


def test_log_and_csv_of_any_case_are_landed_under_their_base_name() -> None:
    files, skipped = chosen(
        [entry("MHEALTH/mHealth_subject1.log"), entry("mHealth_subject02.LOG"), entry("all.Csv", EVERYONE)]
    )
    assert [(file.name, file.recognised.layout, file.recognised.subject) for file in files] == [
        ("mHealth_subject1", "mhealth_log", 1),
        ("mHealth_subject02", "mhealth_log", 2),
        ("all", "mhealth_raw_data", None),
    ]
    assert skipped == SkippedFiles([], 0)


HIDDEN = "hidden: below a folder that begins with a dot, a macOS resource fork, or a name that begins with a dot"
OTHER = "neither .csv nor .log"


@pytest.mark.notices("lambda_ingest/ingest/selection.py", "or any(map(_is_hidden, folders))", "or False")
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("README.txt", OTHER),
        ("LICENSE", OTHER),
        ("data/mHealth_subject2.log.gz", OTHER),
        (".hidden.csv", HIDDEN),
        ("__MACOSX/._mHealth_subject1.log", HIDDEN),
        ("data/__MACOSX/mHealth_subject1.log", HIDDEN),
        (".ipynb_checkpoints/mHealth_subject1-checkpoint.log", HIDDEN),
        ("data/.git/objects/mHealth_subject1.log", HIDDEN),
        ("data\\.git\\mHealth_subject1.log", HIDDEN),
        (".../mHealth_subject1.log", HIDDEN),
    ],
)
def test_other_files_are_skipped_and_listed(path: str, reason: str) -> None:
    files, skipped = chosen([entry("mHealth_subject1.log"), entry(path)])
    assert [file.entry.path for file in files] == ["mHealth_subject1.log"]
    assert skipped == SkippedFiles([{"name": path, "reason": reason}], 1)


def test_a_dot_for_this_folder_hides_nothing() -> None:
    files, _ = chosen(
        [entry("./mHealth_subject1.log"), entry("data/./mHealth_subject2.log"), entry("__MACOSX.csv/a.csv", EVERYONE)]
    )
    assert [file.name for file in files] == ["mHealth_subject1", "mHealth_subject2", "a"]


def test_of_many_other_files_the_first_are_listed_and_all_are_counted() -> None:
    _, skipped = chosen([entry("mHealth_subject1.log"), *(entry(f"{n}.txt") for n in range(250))])
    assert [one["name"] for one in skipped.first] == [f"{n}.txt" for n in range(MOST_LISTED)]
    assert skipped.count == 250


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        pytest.param([], "no file at all", id="nothing"),
        pytest.param(["README.txt", "a.parquet"], r"README.txt, a.parquet", id="other kinds"),
        pytest.param([f"{n}.txt" for n in range(300)], r"0.txt, 1.txt, .*, 9.txt and 290 more", id="many"),
    ],
)
def test_a_dataset_without_a_usable_file_is_refused(paths: list[str], found: str) -> None:
    with pytest.raises(
        NoUsableFiles, match=rf"no .csv or .log file, but {found}\. Expected one of: mHealth_subject<N>.log"
    ):
        chosen(map(entry, paths))


@pytest.mark.parametrize("data", [ROW[:-2] + b"\n", b"", b"day,note\n"], ids=["unknown", "empty", "other"])
def test_a_path_of_64_kib_does_not_hide_what_to_do(data: bytes) -> None:
    path = "folder/" * 9362 + "mHealth_subject1.log"
    with pytest.raises(IngestError) as refused:
        chosen([entry(path, data)])
    assert len(str(refused.value)) < 1500
    with pytest.raises(DuplicateSubject, match=r"both become mHealth_subject1\.csv") as refused:
        chosen([entry(path), entry(f"another/{path}")])
    assert len(str(refused.value)) < 1500


def test_of_many_files_of_other_kinds_some_are_told() -> None:
    with pytest.raises(NoUsableFiles, match=r"but README0, .* and 49990 more\.") as refused:
        chosen(entry(f"README{number}") for number in range(50_000))
    assert len(str(refused.value)) < 1500


@pytest.mark.parametrize(
    ("paths", "what"),
    [
        pytest.param(
            ["a/mHealth_subject1.log", "b/mHealth_subject1.log"], "would both become mHealth_subject1.csv", id="name"
        ),
        pytest.param(
            ["mHealth_subject1.log", "mHealth_subject1.csv"], "would both become", id="same name, other suffix"
        ),
        pytest.param(["mHealth_subject1.log", "mHealth_subject01.log"], "both hold subject 1", id="leading zero"),
        pytest.param(["mHealth_subject1.log", "MHEALTH_SUBJECT1.log"], "both hold subject 1", id="other case"),
    ],
)
def test_two_files_for_one_subject_are_refused(paths: list[str], what: str) -> None:
    with pytest.raises(DuplicateSubject, match=rf"{paths[0]} and {paths[1]} {what}"):
        chosen(map(entry, paths))


def test_files_that_tell_no_subject_are_no_duplicates_of_each_other() -> None:
    assert len(chosen([entry("a.csv", EVERYONE), entry("b.csv", EVERYONE)])[0]) == 2


@pytest.mark.notices("lambda_ingest/ingest/selection.py", "$)[A-Za-z0-9]", "$)[A-Za-z0-9_]")
@pytest.mark.parametrize(
    "name",
    [
        *("my file.csv", "a=b.csv", "größe.csv", "a\nb.csv", "a%2Fb.csv", "snapshot=1.csv", "_b.csv", "__b.csv"),
        *("_SUCCESS.csv", "-rf.csv", "a..csv", "a. .csv", "a.parquet.csv"),
    ],
)
def test_names_that_are_no_good_keys_are_refused(name: str) -> None:
    with pytest.raises(UnknownLayout, match=r"can't be used in raw/: expected letters, digits"):
        chosen([entry(f"data/{name}", EVERYONE)])


def test_an_empty_or_unknown_file_is_refused_beside_good_ones() -> None:
    with pytest.raises(EmptyFile, match=r"mHealth_subject2\.log has no data line"):
        chosen([entry("mHealth_subject1.log"), entry("mHealth_subject2.log", b"")])
    with pytest.raises(UnknownLayout, match=r"notes\.csv is in no known layout"):
        chosen([entry("mHealth_subject1.log"), entry("notes.csv", b"day,note\n")])
