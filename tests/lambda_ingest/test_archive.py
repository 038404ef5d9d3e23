"""The archive is judged before anything is read from it, and read entry by entry."""

import gzip
import io
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from archive import Entry, opened
from errors import KaggleUnavailable, SourceTooLarge, UnsafeArchive

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
    with opened(made, max_bytes=LIMIT) as entries, ThreadPoolExecutor(3) as pool:
        assert [(entry.path, entry.size) for entry in entries] == [
            ("data/a.log", 300),
            ("data/b.log", 200),
            ("c.txt", 0),
        ]
        assert list(pool.map(content, entries)) == list(members.values())
        assert [content(entries[1]), content(entries[0])] == [b"B" * 200, b"A" * 300]


def test_folders_are_no_files_and_backslashes_part_names(tmp_path: Path) -> None:
    with opened(zip_of(tmp_path / "z", **{"data/": b"", "data\\a.log": b"1"}), max_bytes=LIMIT) as entries:
        assert [entry.base_name for entry in entries] == ["a.log"]


def test_an_empty_archive_holds_no_file(tmp_path: Path) -> None:
    with opened(zip_of(tmp_path / "z"), max_bytes=LIMIT) as entries:
        assert entries == []


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
        assert len(entries) == 2


def test_an_entry_that_holds_more_than_it_declares_gives_no_more(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "z", **{"a.log": b"1" * 100_000})
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02") + 24
    data[place : place + 4] = (500).to_bytes(4, "little")
    path.write_bytes(data)
    with opened(path, max_bytes=LIMIT) as entries, pytest.raises(KaggleUnavailable, match=r"damaged at a.log: Bad CRC"):
        content(entries[0])


@pytest.mark.parametrize(
    "data", [pytest.param(b"", id="nothing"), pytest.param(b"<html>", id="a page"), pytest.param(b"PK\3\4", id="cut")]
)
def test_what_is_no_archive_is_a_damaged_download(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "z").write_bytes(data)
    with (
        pytest.raises(KaggleUnavailable, match=r"damaged at the archive.*A retry makes sense"),
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
        except (KaggleUnavailable, UnsafeArchive, SourceTooLarge):
            pass


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
