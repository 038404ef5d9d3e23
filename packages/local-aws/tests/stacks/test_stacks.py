"""Templates in the shape of other people's projects: each is deployed on one local AWS, and does its work there."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.cloudformation.deploy import deploy
from local_aws.core.errors import DeploymentFailed
from local_aws.events.targets import fire
from local_aws.server import LocalAws
from local_aws_harness.stack import Stacks

pytestmark = pytest.mark.local_aws

LONGEST = 60.0
"""Seconds that anything here may take."""

TEMPLATES = Path(__file__).with_name("templates")


class Projects(Stacks):
    """Deploys the templates of this folder, and asks for what they made."""

    def deployed(self, name: str, **parameters: str) -> dict[str, str]:
        """Deploy a template as the stack of its name; return its outputs."""
        stack = name.replace("_", "-")
        deploy(self.aws.world, template=TEMPLATES / f"{name}.yaml", stack_name=stack, parameters=parameters)
        return self.outputs(stack)

    def put(self, bucket: str, **objects: str | bytes) -> None:
        for key, body in objects.items():
            content = body.encode() if isinstance(body, str) else body
            self.client("s3").put_object(Bucket=bucket, Key=key, Body=content)

    def query(self, sql: str, bucket: str) -> list[list[str | None]]:
        """The rows of a query, without its header."""
        athena = self.client("athena")
        location = {"OutputLocation": f"s3://{bucket}/results/"}
        started = athena.start_query_execution(QueryString=sql, ResultConfiguration=location)["QueryExecutionId"]
        ended = until(
            lambda: athena.get_query_execution(QueryExecutionId=started)["QueryExecution"],
            lambda reported: reported["Status"]["State"] not in ("QUEUED", "RUNNING"),
        )
        assert ended["Status"]["State"] == "SUCCEEDED", ended["Status"].get("StateChangeReason")
        rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows[1:]]

    def execute(self, machine: str, given: Any = None) -> Any:
        """The output of an execution."""
        states = self.client("stepfunctions")
        started = states.start_execution(stateMachineArn=machine, input=json.dumps(given or {}))["executionArn"]
        return self.output(started)

    def output(self, execution: str) -> Any:
        states = self.client("stepfunctions")
        ended = until(
            lambda: states.describe_execution(executionArn=execution), lambda reported: reported["status"] != "RUNNING"
        )
        assert ended["status"] == "SUCCEEDED", (ended.get("error"), ended.get("cause"))
        return json.loads(ended["output"])


def until(ask: Callable[[], Any], good: Callable[[Any], Any]) -> Any:
    end = time.monotonic() + LONGEST
    while not good(reported := ask()):
        assert time.monotonic() < end, reported
        time.sleep(0.05)
    return reported


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Projects]:
    folder = tmp_path_factory.mktemp("stacks")
    with LocalAws(folder=folder / "world") as aws:
        yield Projects(aws, folder)


def archive(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as out:
        for name, text in files.items():
            out.writestr(f"{name}.py", text)
    return content.getvalue()


SCRIPT = """
import sys

import boto3
from awsglue.utils import getResolvedOptions
from lines import count

options = getResolvedOptions(sys.argv, ["bucket", "environment"])
s3 = boto3.client("s3")
body = s3.get_object(Bucket=options["bucket"], Key="in.txt")["Body"].read().decode()
s3.put_object(Bucket=options["bucket"], Key="out.txt", Body=f"{options['environment']}: {count(body)}")
"""


def test_a_python_shell_job(projects: Projects) -> None:
    outputs = projects.deployed("python_shell_job", Environment="prod")
    bucket, job = outputs["Bucket"], outputs["Job"]
    code = archive(lines="def count(text):\n    return len(text.splitlines())\n")
    projects.put(bucket, **{"scripts/count_lines.py": SCRIPT, "scripts/lines.zip": code, "in.txt": "a\nb\nc\n"})
    glue = projects.client("glue")

    def ended(**arguments: str) -> Any:
        given = {f"--{name}": value for name, value in arguments.items()}
        run = glue.start_job_run(JobName=job, Arguments=given)["JobRunId"]
        return until(
            lambda: glue.get_job_run(JobName=job, RunId=run)["JobRun"],
            lambda reported: reported["JobRunState"] not in ("STARTING", "RUNNING"),
        )

    run = ended()
    assert (run["JobRunState"], run.get("ErrorMessage")) == ("SUCCEEDED", None)
    assert projects.client("s3").get_object(Bucket=bucket, Key="out.txt")["Body"].read() == b"prod: 3"
    failed = ended(bucket="nobodys-bucket")
    assert failed["JobRunState"] == "FAILED"
    assert "Failed Line Number: 10" in failed["ErrorMessage"]


def test_a_crawler_over_s3_makes_tables_for_athena(projects: Projects) -> None:
    outputs = projects.deployed("crawler")
    bucket = outputs["Bucket"]
    projects.put(
        bucket,
        **{
            "data/sales/year=2023/a.csv": "city,amount,rate\nOslo,1,0.5\n",
            "data/sales/year=2024/a.csv": "city,amount,rate\nOslo,2,0.5\nRome,3,1.5\n",
            "data/sales/year=2024/b.csv": "city,amount,rate\nOslo,40,0.5\n",
            "data/sales/year=2024/c.tmp": "not,a,row\n",
            "data/people/all.json": '{"name": "Ann", "age": 30}\n{"name": "Ben", "age": 31}\n',
        },
    )
    glue = projects.client("glue")

    def crawled() -> Any:
        glue.start_crawler(Name=outputs["Crawler"])
        reported = until(
            lambda: glue.get_crawler(Name=outputs["Crawler"])["Crawler"], lambda reported: reported["State"] == "READY"
        )
        assert reported["LastCrawl"]["Status"] == "SUCCEEDED", reported["LastCrawl"]
        return {table["Name"]: table for table in glue.get_tables(DatabaseName="lake")["TableList"]}

    tables = crawled()
    assert tables.keys() == {"raw_sales", "raw_people"}
    columns = tables["raw_sales"]["StorageDescriptor"]["Columns"]
    assert [(each["Name"], each["Type"]) for each in columns] == [
        ("city", "string"),
        ("amount", "bigint"),
        ("rate", "double"),
    ]
    assert tables["raw_sales"]["PartitionKeys"] == [{"Name": "year", "Type": "string"}]
    query = projects.client("athena").get_named_query(NamedQueryId=outputs["Query"])["NamedQuery"]
    assert projects.query(f"SELECT * FROM ({query['QueryString']})".replace("raw_", "lake.raw_"), bucket) == [
        ["Oslo", "42"],
        ["Rome", "3"],
    ]
    assert projects.query("SELECT name, age FROM lake.raw_people ORDER BY age", bucket) == [
        ["Ann", "30"],
        ["Ben", "31"],
    ]
    # A second crawl brings the new partition, and tells of the table without files as the policy says (LOG: it stays).
    projects.put(bucket, **{"data/sales/year=2025/a.csv": "city,amount,rate\nBern,9,1.0\n"})
    projects.client("s3").delete_object(Bucket=bucket, Key="data/people/all.json")
    assert crawled().keys() == {"raw_sales", "raw_people"}
    assert projects.query("SELECT sum(amount) FROM lake.raw_sales WHERE year > '2023'", bucket) == [["54"]]
    assert projects.deployed("crawler", DeleteBehavior="DELETE_FROM_DATABASE") == outputs
    assert crawled().keys() == {"raw_sales"}


def test_a_map_state_over_files(projects: Projects) -> None:
    outputs = projects.deployed("map_over_files")
    projects.put(outputs["Bucket"], **{"in/a": "1\n2\n", "in/b": "1\n", "other": "1\n2\n3\n"})
    assert projects.execute(outputs["Machine"]) == [
        {"file": {"key": "in/a", "lines": 2}},
        {"file": {"key": "in/b", "lines": 1}},
    ]


def test_a_state_machine_makes_a_table_by_athena(projects: Projects) -> None:
    outputs = projects.deployed("athena_ctas")
    bucket = outputs["Bucket"]
    projects.put(bucket, **{"orders/all.csv": "id,item,day\n1,tea,2024-01-01\n2,nut,2024-01-02\n3,fig,2024-01-02\n"})
    reported = projects.execute(outputs["Machine"])
    assert reported["QueryExecution"]["SubstatementType"] == "CREATE_TABLE_AS_SELECT"
    rows = projects.query("SELECT item, day FROM shop.orders_by_day WHERE day = '2024-01-02' ORDER BY id", bucket)
    assert rows == [["NUT", "2024-01-02"], ["FIG", "2024-01-02"]]
    objects = projects.client("s3").list_objects_v2(Bucket=bucket, Prefix="by-day/")["Contents"]
    assert {each["Key"].split("/")[1] for each in objects} == {"day=2024-01-01", "day=2024-01-02"}
    with pytest.raises(AssertionError, match="already exists"):
        projects.query("CREATE TABLE shop.orders_by_day AS SELECT 1 AS one", bucket)
    again = f"CREATE TABLE shop.again WITH (external_location = 's3://{bucket}/by-day') AS SELECT 1 AS one"
    with pytest.raises(AssertionError, match="HIVE_PATH_ALREADY_EXISTS"):
        projects.query(again, bucket)


def test_a_table_with_partition_projection(projects: Projects) -> None:
    bucket = projects.deployed("partition_projection")["Bucket"]
    projects.put(
        bucket,
        **{
            "requests/en/2024/01/01/00/x": '{"path": "/a", "status": 200}\n',
            "requests/en/2024/02/01/15/x": '{"path": "/b", "status": 404}\n',
            "requests/de/2024/02/01/07/x": '{"path": "/c", "status": 200}\n',
            "requests/fr/2024/02/01/07/x": '{"path": "/no-such-site", "status": 200}\n',
            "requests/de/2023/12/31/07/x": '{"path": "/too-early", "status": 200}\n',
            "requests/de/2024/02/01/16/x": '{"path": "/no-such-shard", "status": 200}\n',
        },
    )
    rows = projects.query("SELECT path, site, day, shard FROM logs.requests ORDER BY path", bucket)
    assert rows == [
        ["/a", "en", "2024/01/01", "0"],
        ["/b", "en", "2024/02/01", "15"],
        ["/c", "de", "2024/02/01", "7"],
    ]
    assert projects.query("SELECT count(*) FROM logs.requests WHERE day >= '2024/02/01' AND site = 'en'", bucket) == [
        ["1"]
    ]


def test_s3_calls_a_function_for_each_upload(projects: Projects) -> None:
    outputs = projects.deployed("s3_event")
    projects.put(outputs["Bucket"], **{"in/a b.csv": "12345", "in/b.txt": "1", "c.csv": "1"})
    table = projects.client("dynamodb")
    items = until(lambda: table.scan(TableName=outputs["Files"])["Items"], len)
    assert items == [{"key": {"S": "in/a b.csv"}, "size": {"N": "5"}}]


def test_eventbridge_starts_a_state_machine(projects: Projects) -> None:
    outputs = projects.deployed("eventbridge")
    states = projects.client("stepfunctions")

    def seen(count: int) -> list[Any]:
        arn = outputs["Machine"]
        executions = until(
            lambda: states.list_executions(stateMachineArn=arn)["executions"], lambda found: len(found) >= count
        )
        return [projects.output(each["executionArn"]) for each in executions]

    projects.put(outputs["Bucket"], **{"out/no": "", "in/yes": "abc"})
    (first,) = seen(1)
    assert (first["key"], first["size"]) == ("in/yes", 3)
    order = {"Source": "shop", "DetailType": "Order", "Detail": '{"id": "o-1"}'}
    projects.client("events").put_events(Entries=[order, {**order, "DetailType": "Refund"}])
    assert {"order": "o-1"} in seen(2)
    sqs = projects.client("sqs")
    reported = until(lambda: sqs.receive_message(QueueUrl=outputs["Queue"]), lambda reported: reported.get("Messages"))
    assert json.loads(reported["Messages"][0]["Body"])["detail"] == {"id": "o-1"}
    fire(projects.aws.world, outputs["Nightly"])
    assert {"by": "schedule"} in seen(3)
    assert len(seen(3)) == 3


def test_values_from_ssm_and_secrets(projects: Projects) -> None:
    with pytest.raises(DeploymentFailed, match=r"Parameter Stage: Unable to fetch parameters \[/shop/stage\]"):
        projects.deployed("values_from_outside")
    projects.deployed("settings")
    outputs = projects.deployed("values_from_outside")
    answer = projects.client("lambda").invoke(FunctionName=outputs["Function"])
    reported = {"STAGE": "test", "ZONE": "clean", "USER": "reader", "PLACE": "us-east-1/test"}
    assert json.loads(answer["Payload"].read()) == reported
    assert outputs["IsTest"] == "yes"


def test_a_function_has_the_messages_of_a_queue(projects: Projects) -> None:
    outputs = projects.deployed("queue_worker")
    sqs = projects.client("sqs")
    sqs.send_message(QueueUrl=outputs["Queue"], MessageBody="to do")
    s3 = projects.client("s3")
    until(lambda: s3.list_objects_v2(Bucket=outputs["Bucket"])["KeyCount"], bool)
    assert s3.get_object(Bucket=outputs["Bucket"], Key="done")["Body"].read() == b"to do"
    assert "Messages" not in sqs.receive_message(QueueUrl=outputs["Queue"])


def test_a_topic_tells_a_queue_what_its_filter_lets_through(projects: Projects) -> None:
    outputs = projects.deployed("topic_to_queue")
    for severity in ("low", "high"):
        attribute = {"severity": {"DataType": "String", "StringValue": severity}}
        projects.client("sns").publish(TopicArn=outputs["Topic"], Message=severity, MessageAttributes=attribute)
    sqs = projects.client("sqs")
    reported = until(lambda: sqs.receive_message(QueueUrl=outputs["Queue"]), lambda reported: reported.get("Messages"))
    assert [message["Body"] for message in reported["Messages"]] == ["high"]
    assert "Messages" not in sqs.receive_message(QueueUrl=outputs["Queue"])


def test_a_refused_template_makes_nothing(projects: Projects) -> None:
    buckets = [each["Name"] for each in projects.client("s3").list_buckets()["Buckets"]]
    bucket = {"Type": "AWS::S3::Bucket"}
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Layers": ["arn:aws:lambda:x:y:layer:z:1"]}}
    with pytest.raises(
        DeploymentFailed, match=r"stack refused .*Function \(AWS::Lambda::Function\): Layers: .*no layers"
    ):
        projects.deploy({"Resources": {"Bucket": bucket, "Function": function}}, "refused")
    assert [each["Name"] for each in projects.client("s3").list_buckets()["Buckets"]] == buckets
    stacks = projects.client("cloudformation").describe_stacks()["Stacks"]
    assert "refused" not in {stack["StackName"] for stack in stacks}


@pytest.mark.parametrize("name", sorted(path.stem for path in TEMPLATES.glob("*.yaml") if "outside" not in path.stem))
def test_a_stack_goes_with_all_that_it_has(projects: Projects, name: str) -> None:
    bucket = projects.deployed(name).get("Bucket")
    cloudformation, s3 = projects.client("cloudformation"), projects.client("s3")
    for found in s3.list_objects_v2(Bucket=bucket).get("Contents", []) if bucket else []:
        s3.delete_object(Bucket=bucket, Key=found["Key"])
    stack = name.replace("_", "-")
    (made,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    cloudformation.delete_stack(StackName=stack)
    (gone,) = cloudformation.describe_stacks(StackName=made["StackId"])["Stacks"]
    assert gone["StackStatus"] == "DELETE_COMPLETE", projects.events(made["StackId"])
