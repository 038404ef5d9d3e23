"""The template: the names that users meet, and that code and template agree."""

from __future__ import annotations

import ast
import dataclasses
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import ship_code
from mhealth.arguments import ConvertArguments, TransformArguments

from .conftest import ROOT, of_type

SENSORS = (
    *("accel_x", "accel_y", "accel_z"),
    *("ecg_1", "ecg_2"),
    *("ankle_accel_x", "ankle_accel_y", "ankle_accel_z"),
    *("ankle_gyro_x", "ankle_gyro_y", "ankle_gyro_z"),
    *("ankle_mag_x", "ankle_mag_y", "ankle_mag_z"),
    *("arm_accel_x", "arm_accel_y", "arm_accel_z"),
    *("arm_gyro_x", "arm_gyro_y", "arm_gyro_z"),
    *("arm_mag_x", "arm_mag_y", "arm_mag_z"),
)


def test_parameters_are_described_and_bounded(template: dict[str, Any]) -> None:
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"], name
        assert {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter), name


def test_defaults_are_those_of_the_design(template: dict[str, Any]) -> None:
    defaults = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
    assert defaults["DatasetHandle"] == "nirmalsankalana/mhealth-dataset-data-set"
    assert defaults["ScheduleExpression"] == "cron(0 8 * * ? *)"
    assert defaults["ScheduleTimeZone"] == "Asia/Tokyo"
    assert defaults["RecordingStart"] == "2014-01-01T00:00:00Z"
    assert defaults["MaxBadRowRatio"] == 0.001
    assert defaults["KeepSnapshots"] == 3
    assert defaults["MaxFileBytes"] == 512 * 1024**2
    assert (defaults["GlueVersion"], defaults["GlueWorkers"]) == ("5.1", 2)


def test_outputs_are_those_of_the_design(template: dict[str, Any]) -> None:
    assert set(template["Outputs"]) == {
        "DataBucketName",
        "StateMachineArn",
        "DatabaseName",
        "WorkGroupName",
        "DownloadFunctionName",
        "ConvertParquetJobName",
        "GlueTransformJobName",
        "CrawlerName",
        "AlarmTopicArn",
        "ScheduleName",
    }


def test_table_has_every_column_with_its_type(template: dict[str, Any]) -> None:
    table = template["Resources"]["SnapshotsTable"]["Properties"]["TableInput"]
    columns = [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
    assert columns == [
        ("id", "string"),
        ("timestamp", "timestamp"),
        *((name, "double") for name in SENSORS),
        ("activity_id", "int"),
        ("activity", "string"),
    ]
    assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [
        ("snapshot", "bigint"),
        ("subject", "int"),
    ]
    assert table["Name"] == "mhealth_snapshots"
    # Without it a crawler deprecates the table.
    assert table["Parameters"]["compressionType"] == "none"


def test_view_shows_every_column_of_the_table(template: dict[str, Any]) -> None:
    table = template["Resources"]["SnapshotsTable"]["Properties"]["TableInput"]
    every = [column["Name"] for column in (*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"])]
    assert re.split(r",\s*", template["Mappings"]["View"]["Select"]["Columns"].strip()) == every


def test_rollback_is_the_statement_that_publishes(template: dict[str, Any]) -> None:
    publish = template["Resources"]["StateMachine"]["Properties"]["DefinitionSubstitutions"]["PublishStatement"]
    rollback = template["Resources"]["NamedQueryRollBack"]["Properties"]["QueryString"]
    assert rollback["Fn::Sub"][0] == publish["Fn::Sub"][0].replace("{}", "YYYYMMDDHHMMSS")
    assert rollback["Fn::Sub"][1] == publish["Fn::Sub"][1]


def test_glue_jobs_cost_what_was_decided(template: dict[str, Any]) -> None:
    jobs = of_type(template, "AWS::Glue::Job")
    assert set(jobs) == {"ConvertParquetJob", "GlueTransformJob"}
    for name, job in jobs.items():
        assert (job["WorkerType"], job["NumberOfWorkers"]) == ("G.1X", {"Ref": "GlueWorkers"}), name
        assert 0 < job["Timeout"] <= 60, name
        assert job["MaxRetries"] == 0, name
        assert job["ExecutionProperty"] == {"MaxConcurrentRuns": 1}, name
        assert job["Command"]["Name"] == "glueetl", name


def test_a_job_ends_before_its_state_gives_up(template: dict[str, Any], states: dict[str, Any]) -> None:
    for state, job in (("ConvertParquet", "ConvertParquetJob"), ("GlueTransform", "GlueTransformJob")):
        assert template["Resources"][job]["Properties"]["Timeout"] * 60 < states[state]["TimeoutSeconds"]
    function = template["Resources"]["DownloadFunction"]["Properties"]["Timeout"]
    assert function < states["DownloadCSV"]["TimeoutSeconds"]


def test_handlers_exist(template: dict[str, Any]) -> None:
    functions = of_type(template, "AWS::Serverless::Function")
    assert functions["DownloadFunction"]["Handler"] == "download_and_upload.lambda_handler"
    for name, function in functions.items():
        module, handler = function["Handler"].split(".")
        source = ROOT / "cloudformation" / function["CodeUri"] / f"{module}.py"
        defined = {node.name for node in ast.parse(source.read_text()).body if isinstance(node, ast.FunctionDef)}
        assert handler in defined, name


def environment_names(folder: Path) -> set[str]:
    """The environment variables that the modules of a folder ask for by name."""
    asked = set()
    for source in folder.glob("*.py"):
        text = source.read_text()
        asked |= set(re.findall(r"""environ\w*(?:\.get\(|\[)\s*["']([A-Z_0-9]+)["']""", text))
    return asked


def test_function_gets_exactly_the_settings_it_reads(template: dict[str, Any]) -> None:
    given = set(template["Resources"]["DownloadFunction"]["Properties"]["Environment"]["Variables"])
    # HOME and kagglehub's own are read by kagglehub.
    assert environment_names(ROOT / "lambda_ingest") == given - {"HOME", "KAGGLEHUB_CACHE", "KAGGLE_CONFIG_DIR"}


JOBS = {"ConvertParquetJob": "ConvertParquet", "GlueTransformJob": "GlueTransform"}
OF_GLUE = {"--job-language", "--extra-py-files", "--TempDir", "--custom-logGroup-prefix"}


def arguments(template: dict[str, Any], states: dict[str, Any], job: str) -> set[str]:
    """The names of all arguments that a job gets, from its defaults and from the state that starts it."""
    defaults = set(template["Resources"][job]["Properties"]["DefaultArguments"])
    started = {name.removesuffix(".$") for name in states[JOBS[job]]["Parameters"]["Arguments"]}
    assert defaults & started == set()
    return (defaults | started) - OF_GLUE


TAKEN = {"convert_parquet.py": ConvertArguments, "glue_transform.py": TransformArguments}


@pytest.mark.parametrize("job", JOBS)
def test_job_gets_exactly_the_arguments_it_takes(template: dict[str, Any], states: dict[str, Any], job: str) -> None:
    script = template["Resources"][job]["Properties"]["Command"]["ScriptLocation"]["Fn::Sub"].rsplit("/", 1)[1]
    assert arguments(template, states, job) == {f"--{field.name}" for field in dataclasses.fields(TAKEN[script])}


def test_what_reaches_glue_is_what_is_referenced(template: dict[str, Any]) -> None:
    shipped = {*ship_code.SCRIPTS, f"{ship_code.PACKAGE}.zip"}
    for name, job in of_type(template, "AWS::Glue::Job").items():
        script = job["Command"]["ScriptLocation"]["Fn::Sub"]
        package = job["DefaultArguments"]["--extra-py-files"]["Fn::Sub"]
        for reference in (script, package):
            assert reference.startswith("s3://${DataBucket}/${ShippedGlueCode.ScriptPrefix}/"), name
            assert reference.rsplit("/", 1)[1] in shipped, name


def test_queries_of_the_readme_are_the_named_ones(template: dict[str, Any]) -> None:
    readme = (ROOT / "README.md").read_text()
    queries = of_type(template, "AWS::Athena::NamedQuery")
    for name in ("RowsPerSubject", "WalkingMinutes", "MinutesPerActivity", "Snapshots"):
        (query,) = [each for each in queries.values() if each["Name"] == name]
        assert query["QueryString"] in readme, name


def test_sam_reads_the_source_template_only_to_build_and_validate() -> None:
    # Named globally, package and deploy would upload the source without its dependencies, silently.
    commands = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]
    naming = {command for command, settings in commands.items() if "template_file" in settings.get("parameters", {})}
    assert naming == {"build", "validate"}


def test_function_ships_the_version_of_kagglehub_that_is_tested() -> None:
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    (version,) = [package["version"] for package in locked if package["name"] == "kagglehub"]
    requirements = (ROOT / "lambda_ingest" / "requirements.txt").read_text().split()
    assert f"kagglehub=={version}" in requirements
