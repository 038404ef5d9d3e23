from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mhealth.arguments import parse_convert, parse_transform
from mhealth.errors import InvalidArgument
from tests.glue.world import World

WORLD = World(Path("/data"), "mhealth_db.mhealth_snapshots")


def test_job_1_reads_its_arguments_and_lets_glues_own_pass() -> None:
    arguments = parse_convert(WORLD.convert_arguments(data_uri="s3://a-bucket", stage_prefix="stage/"))
    assert arguments.data_uri == "s3://a-bucket"
    assert arguments.stage_prefix == "stage"
    assert arguments.snapshot == 20261124031454
    assert arguments.max_bad_row_ratio == 0.001


def test_job_2_reads_its_arguments() -> None:
    arguments = parse_transform(WORLD.transform_arguments(allow_missing_subjects="true"))
    assert arguments.recording_start == datetime(2014, 1, 1, tzinfo=UTC)
    assert arguments.allow_missing_subjects is True
    assert arguments.view == ""
    assert arguments.table == "mhealth_db.mhealth_snapshots"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"data_uri": "/data"}, "--data_uri: expected s3://BUCKET", id="no-uri"),
        pytest.param({"snapshot": "-3"}, "--snapshot: expected a whole number above 0, found '-3'", id="negative"),
        pytest.param({"snapshot": "٣"}, "expected a whole number above 0", id="digits-of-another-script"),
        pytest.param({"max_bad_row_ratio": "1.5"}, "expected a number from 0 to 1, found '1.5'", id="ratio-above-1"),
        pytest.param({"max_bad_row_ratio": "nan"}, "expected a number from 0 to 1, found 'nan'", id="ratio-nan"),
        pytest.param({"stage_prefix": ""}, "expected a key prefix such as stage", id="empty-prefix"),
        pytest.param({"code_version": " "}, "--code_version: expected a text", id="empty-version"),
    ],
)
def test_nonsense_is_refused_by_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse_convert(WORLD.convert_arguments(**changes))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"recording_start": "2014-01-01T00:00:00"}, "an instant with its zone", id="no-zone"),
        pytest.param({"recording_start": "yesterday"}, "an instant with its zone", id="no-date"),
        pytest.param({"allow_missing_subjects": "yes"}, "expected true or false, found 'yes'", id="yes"),
        pytest.param({"table": "mhealth"}, "expected DATABASE.TABLE", id="no-database"),
        pytest.param({"keep_snapshots": "0"}, "--keep_snapshots: expected a whole number above 0", id="keep-none"),
    ],
)
def test_nonsense_for_job_2_is_refused_by_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        parse_transform(WORLD.transform_arguments(**changes))


def test_a_missing_argument_is_named_and_abbreviations_do_not_count() -> None:
    argv = [text.replace("--stage_prefix", "--stage") for text in WORLD.convert_arguments()]
    with pytest.raises(InvalidArgument, match="arguments are required: --stage_prefix"):
        parse_convert(argv)
