"""The raw zone is what this code makes of the source: what other code made is landed again."""

from pathlib import Path

import pytest

from ingest import landing, layouts, raw_zone
from ingest.ingest_code import version_of
from tests.lambda_ingest.conftest import Surroundings
from tests.lambda_ingest.test_download_and_upload import ROW, publish

HEADER = b"\t".join(name.encode() for name in layouts.LAYOUTS[2].columns) + b"\n"
EXCHANGED = layouts.ALIASES | {"ecg1": "ecg_2", "ecg2": "ecg_1"}


@pytest.fixture
def of_exchanged_aliases(surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch) -> Surroundings:
    """A version that was landed and published by code that took one lead of the ECG for the other."""
    surroundings.write("mHealth_subject1.log", HEADER + ROW)
    with monkeypatch.context() as patch:
        patch.setattr(layouts, "ALIASES", EXCHANGED)
        for module in (landing, raw_zone):
            patch.setattr(module, "INGEST_CODE", "c0de")
        publish(surroundings, surroundings.run(started_at="2026-11-21T00:00:00Z"))
        assert surroundings.run(started_at="2026-11-22T00:00:00Z")["changed"] is False
    assert surroundings.files(1)["mHealth_subject1"]["columns"][3:5] == ["ecg_2", "ecg_1"]
    return surroundings


@pytest.mark.notices("lambda_ingest/ingest/raw_zone.py", 'file.get("ingest_code") != INGEST_CODE', "False")
def test_a_corrected_alias_is_applied_to_the_same_version(of_exchanged_aliases: Surroundings) -> None:
    result = of_exchanged_aliases.run(started_at="2026-11-23T00:00:00Z")
    assert (result["changed"], result["raw_version"]) == (True, 1)
    assert of_exchanged_aliases.files(1)["mHealth_subject1"]["columns"][3:5] == ["ecg_1", "ecg_2"]
    publish(of_exchanged_aliases, result)
    assert of_exchanged_aliases.run(started_at="2026-11-24T00:00:00Z")["changed"] is False


def test_what_other_code_landed_is_not_referenced(of_exchanged_aliases: Surroundings) -> None:
    of_exchanged_aliases.write("mHealth_subject2.log", ROW)
    of_exchanged_aliases.run(started_at="2026-11-23T00:00:00Z")
    file = of_exchanged_aliases.files(2)["mHealth_subject1"]
    assert (file["raw_key"], file["columns"][3:5]) == ("raw/version=2/mHealth_subject1.csv", ["ecg_1", "ecg_2"])


def test_a_file_is_not_referenced_once_its_own_version_was_landed_by_other_code(surroundings: Surroundings) -> None:
    surroundings.write("mHealth_subject1.log", ROW)
    publish(surroundings, surroundings.run(started_at="2026-11-21T00:00:00Z"))
    surroundings.write("mHealth_subject2.log", ROW)
    surroundings.run(started_at="2026-11-22T00:00:00Z")
    assert surroundings.files(2)["mHealth_subject1"]["raw_key"] == "raw/version=1/mHealth_subject1.csv"
    first = surroundings.read_json("manifests/raw/version=1.json")
    first["files"][0]["ingest_code"] = "0ther"
    surroundings.put_json("manifests/raw/version=1.json", first)
    surroundings.run(started_at="2026-11-23T00:00:00Z")
    assert surroundings.files(2)["mHealth_subject1"]["raw_key"] == "raw/version=2/mHealth_subject1.csv"


def test_a_backfill_by_other_code_ends(of_exchanged_aliases: Surroundings) -> None:
    of_exchanged_aliases.write("mHealth_subject2.log", ROW)
    of_exchanged_aliases.api._dataset.current()
    record = of_exchanged_aliases.read_json("manifests/publications/20261121000000.json")
    of_exchanged_aliases.put_json("manifests/publications/20261121000000.json", record | {"newest_version": 2})
    daily = of_exchanged_aliases.run(started_at="2026-11-23T00:00:00Z", input={})
    assert (daily["changed"], daily["raw_version"]) == (True, 2)


def test_the_version_changes_with_any_module_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "layouts.py").write_text("a = 1")
    (tmp_path / "other.py").write_text("")
    first = version_of(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "layouts.pyc").write_bytes(b"x")
    (tmp_path / "requirements.txt").write_text("boto3")
    assert version_of(tmp_path) == first
    versions = {first}
    (tmp_path / "sources").mkdir()
    for name, text in [("layouts.py", "a = 2"), ("new.py", ""), ("other.py", "b = 1"), ("sources/new.py", "")]:
        (tmp_path / name).write_text(text)
        versions.add(version_of(tmp_path))
    (tmp_path / "new.py").rename(tmp_path / "newer.py")
    versions.add(version_of(tmp_path))
    assert len(versions) == 6
    assert all(len(version) == 16 and int(version, 16) >= 0 for version in versions)
