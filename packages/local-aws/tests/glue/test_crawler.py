"""Crawls of catalog tables, started and watched through the API."""

import itertools
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.glue import crawler, crawler_partitions
from local_aws.stepfunctions import provider as state_machines
from local_aws_harness.machines import Machines, one, task
from local_aws_harness.roles import allow
from local_aws_harness.served import Served, serve
from local_aws_harness.waiting import HANG

DATA = "lake-bucket"
INHERIT = json.dumps({"Version": 1.0, "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}})
KEYS = [{"Name": "snapshot", "Type": "bigint"}, {"Name": "subject", "Type": "int"}]


class Crawlers:
    """Tables with their crawlers."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.glue = served.client("glue")
        self.s3 = served.client("s3")
        self.s3.create_bucket(Bucket=DATA)
        self.glue.create_database(DatabaseInput={"Name": "db"})
        self.role = served.role("crawler-role", "glue", allow(["glue:*", "s3:GetObject"], "*"))
        self._numbers = itertools.count()

    def table(self, **parameters: str) -> str:
        """A new empty table, partitioned by snapshot and subject."""
        name = f"table_{next(self._numbers)}"
        table = {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters or {"classification": "parquet", "compressionType": "none"},
            "PartitionKeys": KEYS,
            "StorageDescriptor": {
                "Location": f"s3://{DATA}/{name}/",
                "Columns": [{"Name": "id", "Type": "string"}],
                "InputFormat": "in",
                "SerdeInfo": {"SerializationLibrary": "serde"},
            },
        }
        self.glue.create_table(DatabaseName="db", TableInput=table)
        return name

    def create(self, table: str, **settings: Any) -> str:
        defaults = {
            "Role": self.role,
            "Targets": {"CatalogTargets": [{"DatabaseName": "db", "Tables": [table]}]},
            "SchemaChangePolicy": {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
            "Configuration": INHERIT,
        }
        self.glue.create_crawler(Name=f"crawl-{table}", **{**defaults, **settings})
        return f"crawl-{table}"

    def put(self, *keys: str) -> None:
        for key in keys:
            self.s3.put_object(Bucket=DATA, Key=key, Body=b"x")

    def get(self, name: str) -> dict[str, Any]:
        reported: dict[str, Any] = self.glue.get_crawler(Name=name)["Crawler"]
        return reported

    def run(self, name: str) -> dict[str, Any]:
        self.glue.start_crawler(Name=name)
        return self.ready(name)

    def ready(self, name: str) -> dict[str, Any]:
        end = time.monotonic() + HANG
        while (reported := self.get(name))["State"] != "READY":
            assert time.monotonic() < end, reported
            time.sleep(0.02)
        return reported

    def partitions(self, table: str) -> list[list[str]]:
        return sorted(p["Values"] for p in self.glue.get_partitions(DatabaseName="db", TableName=table)["Partitions"])

    def log(self, name: str) -> str:
        return (self.served.world.folder / "logs" / "crawler" / f"{name}.log").read_text()


@pytest.fixture(scope="module")
def crawlers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawlers]:
    with serve(tmp_path_factory.mktemp("world"), crawler.install, state_machines.install) as served:
        yield Crawlers(served)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Crawls list no objects before this is set."""
    go_on = threading.Event()
    objects = crawler_partitions.Tables._objects

    def slowly(self: Any, bucket: str, prefix: str) -> Iterator[str]:
        go_on.wait(HANG)
        yield from objects(self, bucket, prefix)

    monkeypatch.setattr(crawler_partitions.Tables, "_objects", slowly)
    yield go_on
    go_on.set()


def test_new_folders_become_partitions_with_the_tables_format_and_their_own_place(crawlers: Crawlers) -> None:
    table = crawlers.table()
    crawlers.put(f"{table}/snapshot=20261124031454/subject=3/a", f"{table}/snapshot=20261124031454/subject=10/b")
    reported = crawlers.run(crawlers.create(table))
    assert reported["LastCrawl"]["Status"] == "SUCCEEDED"
    assert reported["LastCrawl"]["LogGroup"] == "/aws-glue/crawlers"
    assert crawlers.partitions(table) == [["20261124031454", "10"], ["20261124031454", "3"]]
    added = crawlers.glue.get_partition(DatabaseName="db", TableName=table, PartitionValues=["20261124031454", "3"])[
        "Partition"
    ]["StorageDescriptor"]
    assert added["Location"] == f"s3://{DATA}/{table}/snapshot=20261124031454/subject=3/"
    assert added["Columns"] == [{"Name": "id", "Type": "string"}]
    assert added["SerdeInfo"]["SerializationLibrary"] == "serde"


def test_a_second_crawl_adds_only_what_is_new_and_removes_nothing(crawlers: Crawlers) -> None:
    table = crawlers.table()
    name = crawlers.create(table)
    crawlers.put(f"{table}/snapshot=1/subject=1/a")
    crawlers.run(name)
    crawlers.put(f"{table}/snapshot=2/subject=1/a")
    crawlers.s3.delete_object(Bucket=DATA, Key=f"{table}/snapshot=1/subject=1/a")
    crawlers.run(name)
    assert crawlers.partitions(table) == [["1", "1"], ["2", "1"]]
    assert "('1', '1') has no objects any more" in crawlers.log(name)


def test_a_neighbour_whose_name_begins_alike_is_not_crawled(crawlers: Crawlers) -> None:
    table = crawlers.table()
    location = {"Location": f"s3://{DATA}/{table}", "Columns": []}
    crawlers.glue.update_table(
        DatabaseName="db",
        TableInput={
            "Name": table,
            "Parameters": {"compressionType": "none"},
            "PartitionKeys": KEYS,
            "StorageDescriptor": location,
        },
    )
    crawlers.put(f"{table}-old/snapshot=1/subject=1/a", f"{table}/snapshot=2/subject=1/a")
    crawlers.run(crawlers.create(table))
    assert crawlers.partitions(table) == [["2", "1"]]


@pytest.mark.volume
def test_more_partitions_than_one_call_takes(crawlers: Crawlers) -> None:
    table = crawlers.table()
    crawlers.put(*(f"{table}/snapshot=1/subject={n}/a" for n in range(101)))
    crawlers.run(crawlers.create(table))
    pages = crawlers.glue.get_paginator("get_partitions").paginate(DatabaseName="db", TableName=table)
    assert sum(len(page["Partitions"]) for page in pages) == 101


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("snapshot=1/subject=2/f", (("1", "2"), "snapshot=1/subject=2/"), id="partition"),
        pytest.param("snapshot=1/subject=2/deeper/f", (("1", "2"), "snapshot=1/subject=2/"), id="deeper"),
        pytest.param("f", "it is above the partitions' folders", id="no-folder"),
        pytest.param("snapshot=1/f", "it is above the partitions' folders", id="too-high"),
        pytest.param("subject=2/snapshot=1/f", "the folder subject=2 is not of the form snapshot=VALUE", id="order"),
        pytest.param("snapshot=1/2/f", "the folder 2 is not of the form subject=VALUE", id="no-key"),
        pytest.param("snapshot=x/subject=2/f", "'x' is no bigint, the type of the partition key snapshot", id="type"),
        pytest.param(
            f"snapshot=1/subject={2**31}/f",
            f"'{2**31}' is no int, the type of the partition key subject",
            id="too-large",
        ),
    ],
)
def test_an_objects_folders_tell_its_partition(path: str, expected: Any) -> None:
    assert crawler_partitions.partition_of(path, KEYS) == expected


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        pytest.param("2026-11-24", "date", True, id="date"),
        pytest.param("20261124", "date", False, id="no-date"),
        pytest.param("true", "boolean", True, id="boolean"),
        pytest.param("any thing", "string", True, id="string"),
        pytest.param("", "string", False, id="empty"),
        pytest.param("-1", "tinyint", True, id="negative"),
    ],
)
def test_values_fit_their_type(value: str, kind: str, expected: bool) -> None:
    assert crawler_partitions.fits(value, kind) is expected


def test_strangers_are_told_in_the_log_and_not_registered(crawlers: Crawlers) -> None:
    table = crawlers.table()
    crawlers.put(f"{table}/stray.txt", f"{table}/snapshot=1/subject=one/a", f"{table}/snapshot=1/subject=1/a")
    name = crawlers.create(table)
    assert crawlers.run(name)["LastCrawl"]["Status"] == "SUCCEEDED"
    assert crawlers.partitions(table) == [["1", "1"]]
    for stranger in ("stray.txt", "'one' is no int"):
        assert stranger in crawlers.log(name)
    events = crawlers.served.client("logs").get_log_events(logGroupName="/aws-glue/crawlers", logStreamName=name)
    assert any("'one' is no int" in event["message"] for event in events["events"])


def test_a_table_that_does_not_tell_its_compression_is_deprecated(crawlers: Crawlers) -> None:
    table = crawlers.table(classification="parquet")
    crawlers.put(f"{table}/snapshot=1/subject=1/a")
    crawlers.run(crawlers.create(table))
    parameters = crawlers.glue.get_table(DatabaseName="db", Name=table)["Table"]["Parameters"]
    assert parameters["DEPRECATED_BY_CRAWLER"].isdigit()
    assert crawlers.partitions(table) == []


def test_the_first_crawl_has_no_last_crawl_while_it_runs_and_no_second_beside_it(
    crawlers: Crawlers, held: threading.Event
) -> None:
    name = crawlers.create(crawlers.table())
    crawlers.glue.start_crawler(Name=name)
    reported = crawlers.get(name)
    assert reported["State"] == "RUNNING"
    assert "LastCrawl" not in reported
    with pytest.raises(ClientError) as refused:
        crawlers.glue.start_crawler(Name=name)
    assert refused.value.response["Error"]["Code"] == "CrawlerRunningException"
    held.set()
    assert crawlers.ready(name)["LastCrawl"]["Status"] == "SUCCEEDED"


def test_a_crawl_can_be_stopped(crawlers: Crawlers, held: threading.Event) -> None:
    table = crawlers.table()
    crawlers.put(f"{table}/snapshot=1/subject=1/a")
    name = crawlers.create(table)
    crawlers.glue.start_crawler(Name=name)
    crawlers.glue.stop_crawler(Name=name)
    assert crawlers.get(name)["State"] == "STOPPING"
    held.set()
    assert crawlers.ready(name)["LastCrawl"]["Status"] == "CANCELLED"
    assert crawlers.partitions(table) == []
    with pytest.raises(ClientError, match="isn't running"):
        crawlers.glue.stop_crawler(Name=name)


def test_a_crawl_that_can_not_be_done_fails_with_the_reason(crawlers: Crawlers) -> None:
    reported = crawlers.run(crawlers.create("no_such_table"))["LastCrawl"]
    assert reported["Status"] == "FAILED"
    assert "EntityNotFoundException" in reported["ErrorMessage"]
    updating = crawlers.create(
        crawlers.table(), SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}
    )
    assert "only with UpdateBehavior LOG" in crawlers.run(updating)["LastCrawl"]["ErrorMessage"]


@pytest.mark.parametrize(
    ("settings", "reported"),
    [
        pytest.param({"SchemaChangePolicy": {"UpdateBehavior": "LOG"}}, "must have DeleteBehavior LOG", id="delete"),
        pytest.param({"RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}}, "CRAWL_EVERY", id="recrawl"),
        pytest.param({"Configuration": "{"}, "configuration is not valid", id="configuration"),
        pytest.param(
            {
                "Targets": {
                    "CatalogTargets": [{"DatabaseName": "d", "Tables": ["t"]}],
                    "S3Targets": [{"Path": "s3://x"}],
                }
            },
            "together with others: S3Targets",
            id="mixed",
        ),
    ],
)
def test_what_aws_refuses_is_refused(crawlers: Crawlers, settings: dict[str, Any], reported: str) -> None:
    with pytest.raises(ClientError, match=reported) as refused:
        crawlers.create(crawlers.table(), **settings)
    assert refused.value.response["Error"]["Code"] == "InvalidInputException"


def test_a_state_machine_starts_and_polls_the_crawler(crawlers: Crawlers, held: threading.Event) -> None:
    table = crawlers.table()
    name = crawlers.create(table)
    machines = Machines(crawlers.served)
    reported = machines.output(one(task("aws-sdk:glue:startCrawler", {"Name": name}, ResultPath=None)), {"kept": 1})
    assert reported == {"kept": 1}
    running = machines.run(one(task("aws-sdk:glue:startCrawler", {"Name": name})))
    assert running["error"] == "Glue.CrawlerRunningException"
    assert machines.output(one(task("aws-sdk:glue:getCrawler", {"Name": name})))["Crawler"]["State"] == "RUNNING"
    held.set()
    crawlers.ready(name)
    last = machines.output(one(task("aws-sdk:glue:getCrawler", {"Name": name})))["Crawler"]["LastCrawl"]
    assert last["Status"] == "SUCCEEDED"
    assert last["StartTime"].endswith("Z")


def test_a_crawl_takes_its_time_and_may_not_be_seen_at_once(
    crawlers: Crawlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = crawlers.table()
    name = crawlers.create(table)
    first = crawlers.run(name)["LastCrawl"]
    monkeypatch.setattr(crawler, "pace", crawler.Pace(crawl=0.0, unseen=60))
    crawlers.put(f"{table}/snapshot=1/subject=1/a")
    crawlers.glue.start_crawler(Name=name)
    assert (crawlers.get(name)["State"], crawlers.get(name)["LastCrawl"]) == ("READY", first)
    with pytest.raises(ClientError, match="has already started"):
        crawlers.glue.start_crawler(Name=name)


def test_a_crawler_on_s3_has_no_grouping_of_its_own(crawlers: Crawlers) -> None:
    grouping = json.dumps({"Version": 1.0, "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"}})
    with pytest.raises(ClientError, match="does not have Grouping"):
        crawlers.glue.create_crawler(
            Name="grouping", Role=crawlers.role, Targets={"S3Targets": [{"Path": "s3://x"}]}, Configuration=grouping
        )


def test_other_crawlers_stay_as_moto_has_them(crawlers: Crawlers) -> None:
    target = {"DynamoDBTargets": [{"Path": "a-table"}]}
    crawlers.glue.create_crawler(Name="other", Role=crawlers.role, Targets=target)
    assert crawlers.get("other")["State"] == "READY"
    crawlers.glue.start_crawler(Name="other")
    assert len(crawlers.glue.list_crawls(CrawlerName="other")["Crawls"]) == 1
