"""The commands of docs/operations.md, run in the page's order against a local AWS; its other words hold, too.

Then the readers of docs/reading.md read the table that they leave.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from local_aws.server import LocalAws, own_runtime
from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local.stack import local_stack
from tests.docs import aws_cli, reading
from tests.docs.shell import run_in_bash
from tests.suite.kept import kept_spark
from tools.docs.parameters import template

pytestmark = pytest.mark.local_aws

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
ROWS = (900, 800, 700)

# A person looks again until it is done.
WAIT = """
import os, time, boto3
sfn, athena = boto3.client("stepfunctions"), boto3.client("athena")
while sfn.list_executions(stateMachineArn=os.environ["MACHINE"], statusFilter="RUNNING")["executions"]:
    time.sleep(0.25)
for query in athena.list_query_executions(WorkGroup=os.environ["GROUP"])["QueryExecutionIds"]:
    while "CompletionDateTime" not in athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]:
        time.sleep(0.1)
"""

# Version 1 of the CLI, which is the one on PyPI, does not look at AWS_ENDPOINT_URL for SQS.
AWS = """
aws() { if [ "$1" = sqs ]; then set -- --endpoint-url "$AWS_ENDPOINT_URL" "$@"; fi; run "$@"; }
python() { run "$@"; }
"""


def commands() -> list[str]:
    """Every command of the page's console blocks."""
    blocks = re.findall(r"^ *```console\n(.+?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    assert all(line.startswith("$ ") for line in lines), "a console block of this page holds commands only"
    return [line.removeprefix("$ ") for line in lines]


def script(run: str) -> str:
    """The commands as one script that shows each before its output, and waits where a person would look again."""
    lines = [run, AWS]
    for command in commands():
        if command.startswith("make ") or command.endswith("# on AWS only"):
            continue
        lines += [f"echo {shlex.quote('# ' + command)}", command]
        if "start-execution" in command or "start-query-execution" in command:
            lines.append('MACHINE="$StateMachineArn" GROUP="$WorkGroupName" python wait.py')
    return "\n".join(lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("operations")
    write_dataset(folder / "dataset", rows=ROWS)
    return folder


@pytest.fixture(scope="module")
def aws(folder: Path) -> Iterator[LocalAws]:
    with local_stack(str(folder / "dataset"), folder=folder / "world", spark=kept_spark()) as aws:
        yield aws


@pytest.fixture(scope="module")
def shown(aws: LocalAws, folder: Path) -> str:
    (folder / "kaggle.json").write_text('{"username": "somebody", "key": "0123456789abcdef"}')
    (folder / "wait.py").write_text(WAIT)
    with aws_cli.served() as run:
        return run_in_bash(
            script(run),
            folder,
            AWS_ENDPOINT_URL=aws.endpoint,
            AWS_ACCESS_KEY_ID="any",
            AWS_SECRET_ACCESS_KEY="any",
            AWS_PAGER="",
        )


def test_commands_run_as_they_stand(shown: str) -> None:
    assert shown.count("\n# aws ") > 20
    assert re.search(r'SUCCEEDED\t.*"outcome": ?"published"', shown)


def test_what_a_person_is_told_to_look_for_is_there(shown: str) -> None:
    assert "subject\tsamples\t1\t900\t2\t800\t3\t700" in shown
    assert "ENABLED\tcron(0 8 * * ? *)\tAsia/Tokyo" in shown
    assert re.search(r"ExecutionFailedAlarm\S*\tOK", shown)
    assert re.search(r"^2400\.0$", shown, re.MULTILINE), "the metric RowsProcessed"
    assert re.search(r"^JobOutputLogGroup\t/aws-glue/mhealth/output$", shown, re.MULTILINE)
    assert re.search(r"^manifests/publications/\d{14}\.json$", shown, re.MULTILINE)
    assert f"{own_runtime().glue.name}\t2" in shown
    assert "ExecutionSucceeded" in shown


def walking_minutes(folder: Path) -> float:
    """Of subject 3, by its source file: lines with label 4, 50 a second."""
    lines = (folder / "dataset" / "mHealth_subject3.log").read_text().splitlines()
    return round(sum(line.split("\t")[23] == "4" for line in lines) / 50 / 60, 4)


READERS = ["awswrangler", "PyAthena", "SQLAlchemy", "DuckDB", "Polars", "pandas", "Spark"]


@pytest.fixture(scope="module")
def read(aws: LocalAws, folder: Path, shown: str) -> list[str]:
    """What the readers print beside a snapshot that a run has begun to write."""
    named = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": aws.region}
    s3 = boto3.client("s3", endpoint_url=aws.endpoint, **named)  # type: ignore[call-overload]
    (bucket,) = [each["Name"] for each in s3.list_buckets()["Buckets"] if "databucket" in each["Name"]]
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix="processed/")["Contents"]]
    key = next(key for key in keys if "/subject=1/" in key)
    begun = "processed/snapshot=29991231000000/subject=1/part-00000.parquet"
    s3.copy_object(CopySource={"Bucket": bucket, "Key": key}, Bucket=bucket, Key=begun)
    return reading.run_python(aws.endpoint, folder).splitlines()


@pytest.mark.notices("docs/reading.md", "export FOLDER=$(mhealth where)", "export FOLDER=$(dirname $(mhealth where))/")
def test_every_reader_has_the_rows_and_the_figure_of_the_published_snapshot(folder: Path, read: list[str]) -> None:
    minutes = walking_minutes(folder)
    assert minutes > 0
    for reader in READERS:
        assert f"{reader} {sum(ROWS)} {minutes}" in read
    assert "Spark chest acceleration, m/s2" in read
    assert "pyarrow m/s2" in read


def test_a_glob_over_all_snapshots_has_more_rows(read: list[str]) -> None:
    (line,) = [line for line in read if line.startswith("everything ")]
    assert int(line.split()[1]) >= sum(ROWS) + ROWS[0]


@pytest.mark.environment
@pytest.mark.skipif(not reading.DBT.exists(), reason="dbt is not installed: `make test-clients` does it")
def test_dbt_builds_on_the_view(aws: LocalAws, folder: Path, shown: str, tmp_path: Path) -> None:
    bucket = re.search(r"mhealth-databucket-\w+", shown)
    assert bucket is not None
    shown_by_dbt = reading.run_dbt(aws.endpoint, tmp_path, f"s3://{bucket.group()}/athena-results/people/dbt/")
    assert "Done. PASS=1 WARN=0 ERROR=0" in shown_by_dbt
    figures = re.search(r'"n": ([\d.]+),\s+"minutes": ([\d.e-]+)', shown_by_dbt)
    assert figures is not None
    assert (float(figures[1]), round(float(figures[2]), 4)) == (sum(ROWS), walking_minutes(folder))


def test_alarms_are_those_of_the_template() -> None:
    alarms = {name for name, each in template()["Resources"].items() if each["Type"] == "AWS::CloudWatch::Alarm"}
    assert set(re.findall(r"^\| (\w+Alarm) \|", PAGE, re.MULTILINE)) == alarms


def test_log_groups_are_those_of_the_template() -> None:
    groups = {name for name, each in template()["Resources"].items() if each["Type"] == "AWS::Logs::LogGroup"}
    reported = re.findall(r"^\| (\w+LogGroup(?:, \w+LogGroup)*) \|", PAGE, re.MULTILINE)
    assert {name for cell in reported for name in cell.split(", ")} == groups


def test_metrics_are_those_that_are_put() -> None:
    rows = re.findall(r"^\| (\w+(?:, \w+)?) \| (?:count|seconds) \|", PAGE, re.MULTILINE)
    put = set(re.findall(r'"MetricName": "(\w+)"', (ROOT / "cloudformation" / "pipeline.asl.json").read_text()))
    put |= set(re.findall(r'add_metric\("(\w+)"', (ROOT / "lambda_ingest" / "ingest" / "metrics.py").read_text()))
    assert {name for cell in rows for name in cell.split(", ")} == put


def test_make_is_used_as_the_makefile_and_the_template_have_it() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    variables = set(re.findall(r"^([A-Z_]+) \?=", makefile, re.MULTILINE))
    used = re.findall(r"(?:`|\$ )(make [^`\n]+)", PAGE)
    assert len(used) > 10
    for command in used:
        assert command.split()[1] in targets, command
        assert set(re.findall(r" ([A-Z_]+)=", command)) <= variables, command
        given = re.search(r"""PARAMETERS=(?:"(.+)"|'(.+)'|(\S+))""", command)
        names = re.findall(r"(\w+)=", next(filter(None, given.groups()))) if given else []
        assert set(names) - {"Name"} <= set(template()["Parameters"]), command


def anchors(text: str) -> set[str]:
    return {
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]
)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for link in re.findall(r"\]\((?!https?://)([^)]+)\)", text):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link
