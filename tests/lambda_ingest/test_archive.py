"""The archive is judged before anything is read from it, and read entry by entry."""

import bz2
import functools
import gzip
import io
import lzma
import subprocess
import sys
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest import archive_files
from ingest.archive import LONGEST_PATH, opened
from ingest.entries import Entry
from ingest.errors import SourceTooLarge, SourceUnavailable, UnsafeArchive

LIMIT = 1000


def content(entry: Entry) -> bytes:
    with entry.open() as source:
        return source.read()


def zip_of(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def tar_of(path: Path, mode: str, **members: bytes) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize("kind", ["zip", "w:", "w:gz"])
def test_files_are_given_in_order_and_read_side_by_side(kind: str, tmp_path: Path) -> None:
    members = {"data/a.log": b"A" * 300, "data/b.log": b"B" * 200, "c.txt": b""}
    path = tmp_path / "archive"
    made = zip_of(path, **members) if kind == "zip" else tar_of(path, kind, **members)
    with opened(made, max_bytes=LIMIT) as given, ThreadPoolExecutor(3) as pool:
        entries = list(given)
        assert [(entry.path, entry.size) for entry in entries] == [
            ("data/a.log", 300),
            ("data/b.log", 200),
            ("c.txt", 0),
        ]
        assert list(pool.map(content, entries)) == list(members.values())
        assert [content(entries[1]), content(entries[0])] == [b"B" * 200, b"A" * 300]


def test_entries_with_extra_fields_are_read_side_by_side(tmp_path: Path) -> None:
    """Python 3.13.0 reads them from the wrong place, probably by github.com/python/cpython/issues/127847."""
    members = {f"{number}.log": bytes(range(256)) * number for number in range(1, 13)}
    with zipfile.ZipFile(tmp_path / "extra.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.extra = b"\x99\x99\x10\x00" + b"x" * 16
            archive.writestr(info, data)
    with opened(tmp_path / "extra.zip", max_bytes=100_000) as given, ThreadPoolExecutor(4) as pool:
        entries = list(given) * 100
        assert list(pool.map(content, entries)) == list(members.values()) * 100


def test_folders_are_no_files_and_backslashes_part_names(tmp_path: Path) -> None:
    with opened(zip_of(tmp_path / "z", **{"data/": b"", "data\\a.log": b"1"}), max_bytes=LIMIT) as entries:
        assert [entry.base_name for entry in entries] == ["a.log"]


def test_an_empty_archive_holds_no_file(tmp_path: Path) -> None:
    with opened(zip_of(tmp_path / "z"), max_bytes=LIMIT) as entries:
        assert list(entries) == []


@pytest.mark.notices("lambda_ingest/ingest/archive.py", 'if ".." in parts or', "if")
@pytest.mark.parametrize(
    "name", ["../a.log", "data/../../a.log", "/etc/a.log", "\\\\host\\a.log", "C:\\a.log", "data\\..\\..\\a.log"]
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_paths_that_climb_out_are_refused(name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "archive"
    made = zip_of(path, **{"good.log": b"1", name: b"1"}) if kind == "zip" else tar_of(path, "w:", **{name: b"1"})
    with pytest.raises(UnsafeArchive, match="leads out of the archive's folder"), opened(made, max_bytes=LIMIT):
        pass


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.log")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "z", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with (
        pytest.raises(UnsafeArchive, match=r"entry 'a.log' is a link or a device"),
        opened(tmp_path / "z", max_bytes=LIMIT),
    ):
        pass


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_link_or_device_in_a_tar_is_refused(kind: bytes, tmp_path: Path) -> None:
    member = tarfile.TarInfo("a.log")
    member.type, member.linkname = kind, "/etc/passwd"
    with tarfile.open(tmp_path / "t", "w") as archive:
        archive.addfile(member)
    with pytest.raises(UnsafeArchive, match="is a link or a device"), opened(tmp_path / "t", max_bytes=LIMIT):
        pass


@pytest.mark.parametrize(
    ("offset", "value", "what"),
    [pytest.param(8, 1, "is encrypted", id="encrypted"), pytest.param(10, 99, "method 99", id="unknown method")],
)
def test_an_entry_that_cannot_be_read_is_refused(offset: int, value: int, what: str, tmp_path: Path) -> None:
    path = zip_of(tmp_path / "z", **{"a.log": b"1"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + offset] = value  # a field of the central directory
    path.write_bytes(data)
    with pytest.raises(UnsafeArchive, match=what), opened(path, max_bytes=LIMIT):
        pass


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_more_bytes_than_allowed_are_refused_before_reading(kind: str, tmp_path: Path) -> None:
    members = {"a.log": b"1" * 600, "picture.png": b"1" * 401}
    path = tmp_path / "archive"
    made = zip_of(path, **members) if kind == "zip" else tar_of(path, "w:gz", **members)
    with (
        pytest.raises(SourceTooLarge, match="have 1001 bytes unpacked, or more; at most 1000"),
        opened(made, max_bytes=LIMIT),
    ):
        pass
    with opened(made, max_bytes=1001) as entries:
        assert len(list(entries)) == 2


def test_an_entry_that_holds_more_than_it_declares_gives_no_more(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "z", **{"a.log": b"1" * 100_000})
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02") + 24
    data[place : place + 4] = (500).to_bytes(4, "little")
    path.write_bytes(data)
    with opened(path, max_bytes=LIMIT) as entries, pytest.raises(SourceUnavailable, match=r"damaged at a.log: Bad CRC"):
        content(next(iter(entries)))


@pytest.mark.parametrize(
    "data", [pytest.param(b"", id="nothing"), pytest.param(b"<html>", id="a page"), pytest.param(b"PK\3\4", id="cut")]
)
def test_what_is_no_archive_is_a_damaged_download(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "z").write_bytes(data)
    with (
        pytest.raises(SourceUnavailable, match=r"damaged at the archive.*Retryable"),
        opened(tmp_path / "z", max_bytes=LIMIT),
    ):
        pass


def test_every_kind_of_damage_has_a_name(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "z", **{"a.log": bytes(range(256)), "b.log": b"12345" * 20})
    whole = path.read_bytes()
    for place in range(len(whole)):
        data = bytearray(whole)
        data[place] ^= 0xFF
        path.write_bytes(data)
        try:
            with opened(path, max_bytes=LIMIT) as entries:
                for entry in entries:
                    content(entry)
        except (SourceUnavailable, UnsafeArchive, SourceTooLarge):
            pass


@pytest.mark.notices("lambda_ingest/ingest/entries.py", "if total > max_bytes:", "if False:")
def test_a_tar_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tar.gz"
    # It declares a terabyte and holds a megabyte: who looks for a second entry reads to the end and calls it damaged.
    header = tarfile.TarInfo("zeros.log")
    header.size = 1 << 40
    with gzip.open(path, "wb", compresslevel=1) as archive:
        archive.write(header.tobuf() + bytes(1 << 20))
    with (
        pytest.raises(SourceTooLarge, match="have 1099511627776 bytes unpacked, or more"),
        opened(path, max_bytes=LIMIT),
    ):
        pass


METHODS = {"bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}


@pytest.mark.notices("lambda_ingest/ingest/archive.py", "if info.compress_type not in _READABLE:", "if False:")
@pytest.mark.parametrize(("method", "number"), [("bzip2", 12), ("lzma", 14)])
def test_a_zip_packed_by_what_has_no_bound_is_refused(method: str, number: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z", "w", METHODS[method]) as archive:
        archive.writestr("a.log", bytes(LIMIT))
    with (
        pytest.raises(UnsafeArchive, match=rf"is packed by method {number}, expected stored or deflate.*Not retryable"),
        opened(tmp_path / "z", max_bytes=LIMIT),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("bzip2", bz2.compress(bytes(2000))),
        ("xz", lzma.compress(bytes(2000))),
        ("zstd", b"\x28\xb5\x2f\xfd" + bytes(600)),
        ("7-Zip", b"7z\xbc\xaf\x27\x1c" + bytes(600)),
        ("RAR", b"Rar!\x1a\x07\x01\x00" + bytes(600)),
    ],
)
def test_an_archive_of_another_packer_is_refused(name: str, packed: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(packed)
    with (
        pytest.raises(UnsafeArchive, match=f"is packed by {name}. Expected zip, tar or tar.gz"),
        opened(tmp_path / "a", max_bytes=LIMIT),
    ):
        pass


def header(kind: bytes, size: int, name: str = "x") -> bytes:
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


FILE = header(tarfile.REGTYPE, 1, "a.log") + b"1".ljust(512, b"\0")
KINDS = [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK]
TOO_MANY = archive_files.HEADER_BYTES + 512


@pytest.mark.notices("lambda_ingest/ingest/archive_files.py", "self._entry + size > HEADER_BYTES", "False")
@pytest.mark.parametrize(
    "headers",
    [
        *(pytest.param(header(kind, TOO_MANY) + bytes(TOO_MANY), id=f"one of kind {kind!r}") for kind in KINDS),
        *(pytest.param((header(kind, 512) + bytes(512)) * 400, id=f"many of kind {kind!r}") for kind in KINDS),
        pytest.param(header(tarfile.XHDTYPE, -512), id="a size below 0"),
    ],
)
def test_a_tar_with_large_headers_is_refused(headers: bytes, tmp_path: Path) -> None:
    with gzip.open(tmp_path / "t", "wb") as archive:
        archive.write(headers + FILE + bytes(1024))
    with (
        pytest.raises((UnsafeArchive, SourceUnavailable), match=r"bytes of headers in front|damaged at the archive"),
        opened(tmp_path / "t", max_bytes=LIMIT),
    ):
        pass


def test_a_tar_with_a_size_below_zero_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(header(tarfile.REGTYPE, -1024, "a.log") + bytes(1024))
    with pytest.raises(UnsafeArchive, match="has a size below 0"), opened(tmp_path / "t", max_bytes=LIMIT):
        pass


@pytest.mark.notices("lambda_ingest/ingest/archive.py", "!= tarfile.NUL * tarfile.BLOCKSIZE", '== b"none"')
def test_a_tar_that_ends_amid_its_entries_is_damaged(tmp_path: Path) -> None:
    # tarfile takes a header that it cannot read for the end, and tells nothing of the entries behind it.
    for name, rest in (("broken", b"\1" * 512 + FILE + bytes(1024)), ("cut", b"")):
        path = tmp_path / name
        path.write_bytes(FILE + rest)
        with (
            pytest.raises(SourceUnavailable, match="neither an entry nor the end at byte 1024"),
            opened(path, max_bytes=LIMIT),
        ):
            pass


@pytest.mark.notices("lambda_ingest/ingest/archive_files.py", "require_few(data.count(_DIRECTORY_ENTRY))", "pass")
def test_more_entries_than_allowed_are_refused_before_they_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = zip_of(tmp_path / "z", **{f"{n}.log": b"" for n in range(101)})
    monkeypatch.setattr(archive_files, "MOST_ENTRIES", 101)
    with opened(made, max_bytes=LIMIT) as entries:
        assert len(list(entries)) == 101
    monkeypatch.setattr(archive_files, "MOST_ENTRIES", 100)
    monkeypatch.setattr(zipfile.ZipInfo, "__init__", None)  # what an entry would be listed as
    with (
        pytest.raises(SourceTooLarge, match="has 101 entries or more; at most 100 are read"),
        opened(made, max_bytes=LIMIT),
    ):
        pass


@pytest.mark.parametrize("kind", ["zip", "w:", "w:gz"])
def test_a_list_of_entries_that_is_too_long_is_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {f"{n}.log": b"" for n in range(100)}
    made = zip_of(tmp_path / "a", **members) if kind == "zip" else tar_of(tmp_path / "a", kind, **members)
    monkeypatch.setattr(archive_files, "INDEX_BYTES", 2000)
    with (
        pytest.raises(SourceTooLarge, match=r"archive's (directory has|headers have) .*2000"),
        opened(made, max_bytes=LIMIT),
    ):
        pass


def test_a_path_is_printable_and_of_bounded_length(tmp_path: Path) -> None:
    names = {"data/a\nb.log": b"", "c\x1b[31m\u202e.log": b"", "d/Icon\r": b"", "größe.log": b""}
    with opened(zip_of(tmp_path / "z", **names), max_bytes=LIMIT) as entries:
        found = [(entry.path, entry.base_name) for entry in entries]
    assert found == [
        ("data/a%0Ab.log", "a%0Ab.log"),
        ("c%1B[31m%E2%80%AE.log", "c%1B[31m%E2%80%AE.log"),
        ("d/Icon%0D", "Icon%0D"),
        ("größe.log", "größe.log"),
    ]
    long = zip_of(tmp_path / "long", **{"a/" * 512 + "b.log": b""})
    with (
        pytest.raises(UnsafeArchive, match=f"has a path of 1029 characters, at most {LONGEST_PATH} are read"),
        opened(long, max_bytes=LIMIT),
    ):
        pass


def test_a_bomb_behind_the_tar_is_not_unpacked_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with gzip.open(tmp_path / "t", "wb") as archive:
        archive.write(FILE + bytes(1024) + bytes(5_000_000))
    monkeypatch.setattr("ingest.archive.INDEX_BYTES", 1_000_000)
    with (
        pytest.raises(SourceTooLarge, match=f"more than {LIMIT + 1_000_000} bytes unpacked"),
        opened(tmp_path / "t", max_bytes=LIMIT),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


OPEN = """
import resource, sys
sys.path.insert(0, "lambda_ingest")
from pathlib import Path
from ingest import archive, errors
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    try:
        with archive.opened(Path(path), max_bytes=4_000_000_000) as entries:
            for entry in entries:
                with entry.open() as content:
                    content.read(1 << 20)
    except (errors.UnsafeArchive, errors.SourceTooLarge) as error:
        print(type(error).__name__)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.volume
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
def test_kilobytes_that_unpack_to_hundreds_of_megabytes_take_no_memory(tmp_path: Path) -> None:
    size = 128 << 20
    megabyte = bytes(1 << 20)
    paths = []
    for name, method in METHODS.items():
        with zipfile.ZipFile(tmp_path / name, "w", method) as archive, archive.open("a.log", "w") as target:
            for _ in range(size >> 20):
                target.write(megabyte)
        paths.append(tmp_path / name)
    packed = [header(tarfile.XHDTYPE, size), *[megabyte] * (size >> 20), FILE + bytes(1024)]
    pack = functools.cache(gzip.compress)
    (tmp_path / "pax").write_bytes(b"".join(map(pack, packed)))
    paths.append(tmp_path / "pax")
    done = subprocess.run([sys.executable, "-c", OPEN, *map(str, paths)], capture_output=True, text=True, check=True)
    *errors, megabytes = done.stdout.split()
    assert errors == ["UnsafeArchive"] * 3
    assert int(megabytes) < 50


def test_archives_in_the_archive_are_files_like_any_other(tmp_path: Path) -> None:
    inner = zip_of(tmp_path / "inner", **{"zeros.log": bytes(10_000_000)}).read_bytes()
    assert len(inner) < 20_000
    for depth in range(3):
        inner = zip_of(tmp_path / f"inner{depth}", **{f"{n}.zip": inner for n in range(5)}).read_bytes()
    with opened(zip_of(tmp_path / "z", **{"inner.zip": inner}), max_bytes=len(inner)) as entries:
        assert [(entry.path, entry.size) for entry in entries] == [("inner.zip", len(inner))]


def test_many_entries_that_share_their_bytes_count_each(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "z", **{f"{n}.log": b"1" * 11 for n in range(100)})
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    # Every entry of the directory points to the first one's data.
    place, directory = 0, bytearray(data[start:])
    while (place := directory.find(b"PK\x01\x02", place)) >= 0:
        directory[place + 42 : place + 46] = bytes(4)
        place += 4
    path.write_bytes(data[:start] + directory)
    with pytest.raises(SourceTooLarge, match="1001 bytes unpacked, or more"), opened(path, max_bytes=LIMIT):
        pass


@pytest.mark.parametrize("size", [None, -1, 11])
def test_no_read_of_a_directory_is_without_bound(
    size: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_files, "INDEX_BYTES", 10)
    monkeypatch.setattr(archive_files, "HEADER_BYTES", 10)
    (tmp_path / "file").write_bytes(b"0123456789A")
    with archive_files.ZipIndex(tmp_path / "file") as file, pytest.raises(SourceTooLarge, match="has 11 bytes"):
        file.read(size)
    with archive_files.TarIndex(tmp_path / "file") as tar, pytest.raises(UnsafeArchive, match="more than 10 bytes"):
        tar.read(size)


def test_a_directory_that_fits_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    with archive_files.ZipIndex(tmp_path / "file") as file:
        assert [file.read(4), file.read(None), file.read()] == [b"0123", b"456789", b""]
