from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mhealth.arguments import parse_convert, parse_register, parse_transform
from mhealth.errors import CodeVersionMismatch, InvalidArgument
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


@pytest.mark.notices("glue/mhealth/arguments.py", 'r"[1-9][0-9]{0,17}"', 'r"\\d{1,18}"')
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"data_uri": "/data"}, "--data_uri: expected s3://BUCKET", id="no-uri"),
        pytest.param({"snapshot": "-3"}, "--snapshot: expected a whole number above 0, found '-3'", id="negative"),
        pytest.param({"snapshot": "٣"}, "expected a whole number above 0", id="digits-of-another-script"),
        pytest.param({"max_bad_row_ratio": "1.5"}, "expected a number from 0 to 1, found '1.5'", id="ratio-above-1"),
        pytest.param({"max_bad_row_ratio": "nan"}, "expected a number from 0 to 1, found 'nan'", id="ratio-nan"),
        pytest.param({"stage_prefix": ""}, "expected a key prefix such as stage", id="empty-prefix"),
        pytest.param({"snapshot": "007"}, "expected a whole number above 0, found '007'", id="leading-zeros"),
        pytest.param({"snapshot": "1" * 19}, "expected a whole number above 0", id="more-than-a-bigint"),
        pytest.param({"snapshot": "1;DROP TABLE mhealth"}, "expected a whole number above 0", id="sql"),
        pytest.param({"snapshot": "1\n"}, "expected a whole number above 0", id="line-feed"),
        pytest.param({"execution": "arn run"}, "--execution: expected the ARN of an execution", id="space"),
        pytest.param({"execution": "arn\nrun"}, "--execution: expected the ARN of an execution", id="two-lines"),
        pytest.param({"execution": "a" * 2049}, "--execution: expected the ARN of an execution", id="long"),
        pytest.param({"code_version": "c0de/../x"}, "--code_version: expected letters, digits", id="path"),
        pytest.param({"code_version": " "}, "--code_version: expected letters, digits", id="empty-version"),
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


HOSTILE_KEYS = [
    *("..", "../stage", "stage/../raw", "stage/./raw", "stage//raw", "a\\b", "stage/%2e%2e", "s tage", "st'age"),
    *(
        'st"age',
        "stage;",
        "stage\n",
        "\nstage",
        "st\x00age",
        "\u2025/stage",
        "st\xe4ge",
        "{}",
        "*",
        "a" * 201,
        "a/" * 600 + "a",
    ),
]


@pytest.mark.notices("glue/mhealth/arguments.py", "(?!\\.{1,2}$)", "(?!$)")
@pytest.mark.parametrize("name", ["raw_manifest", "stage_prefix", "quarantine_prefix"])
@pytest.mark.parametrize("key", HOSTILE_KEYS, ids=lambda key: ascii(key[:20]))
def test_a_key_that_could_lead_elsewhere_is_refused_by_job_1(name: str, key: str) -> None:
    with pytest.raises(InvalidArgument, match=f"--{name}: expected a key"):
        parse_convert(WORLD.convert_arguments(**{name: key}))


@pytest.mark.parametrize("name", ["raw_manifest", "stage_prefix", "processed_prefix", "manifests_prefix"])
@pytest.mark.parametrize("key", HOSTILE_KEYS, ids=lambda key: ascii(key[:20]))
def test_a_key_that_could_lead_elsewhere_is_refused_by_job_2(name: str, key: str) -> None:
    with pytest.raises(InvalidArgument, match=f"--{name}: expected a key"):
        parse_transform(WORLD.transform_arguments(**{name: key}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"view": "mhealth; DROP TABLE x"}, "--view: expected the name of a view", id="view"),
        pytest.param({"view": "mhealth\n"}, "--view: expected the name of a view", id="view-line-feed"),
        pytest.param({"table": "db.t' OR '1'='1"}, "--table: expected DATABASE.TABLE", id="table"),
        pytest.param({"table": "db.t\n"}, "--table: expected DATABASE.TABLE", id="table-line-feed"),
        pytest.param({"data_uri": "s3://bucket/../other"}, "--data_uri: expected s3://BUCKET", id="bucket"),
        pytest.param({"data_uri": "s3://bucket\n"}, "--data_uri: expected s3://BUCKET", id="bucket-line-feed"),
    ],
)
def test_a_name_that_could_be_more_than_a_name_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        parse_transform(WORLD.transform_arguments(**changes))


def test_a_missing_argument_is_named_and_abbreviations_do_not_count() -> None:
    argv = [text.replace("--stage_prefix", "--stage") for text in WORLD.convert_arguments()]
    with pytest.raises(InvalidArgument, match="arguments are required: --stage_prefix"):
        parse_convert(argv)


MAKING = ["data_uri", "snapshot", "raw_manifest", "stage_prefix", "code_version"]


@pytest.mark.parametrize(
    ("parse", "argv", "required"),
    [
        pytest.param(parse_convert, [], [*MAKING, "quarantine_prefix", "max_bad_row_ratio"], id="job-1"),
        pytest.param(
            parse_transform,
            [],
            [
                *MAKING,
                "manifests_prefix",
                "table",
                "processed_prefix",
                "recording_start",
                "max_file_bytes",
                "keep_snapshots",
                "allow_missing_subjects",
                "catalog_refresh",
            ],
            id="job-2",
        ),
        pytest.param(
            parse_register,
            ["--only_register", "true"],
            ["data_uri", "snapshot", "manifests_prefix", "table"],
            id="only-register",
        ),
    ],
)
def test_every_argument_without_a_default_is_required(
    parse: Callable[[list[str]], object], argv: list[str], required: list[str]
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse(argv)
    named = str(refused.value).partition("arguments are required: ")[2]
    assert re.findall(r"--(\w+)", named) == required


def test_a_run_that_began_with_other_code_than_the_jobs_is_refused() -> None:
    with pytest.raises(CodeVersionMismatch, match=r"began with the code c0de, the job has beef: .* Retryable"):
        parse_convert(WORLD.convert_arguments(code_version="c0de", deployed_code_version="beef"))
    same = parse_transform(WORLD.transform_arguments(code_version="c0de", deployed_code_version="c0de"))
    assert same.code_version == "c0de"
