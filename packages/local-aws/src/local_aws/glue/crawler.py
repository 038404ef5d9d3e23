"""Glue crawlers made real: on catalog tables they find partitions, on places in S3 they make the tables, too.

Crawlers on other targets stay as moto pretends them.
"""

from __future__ import annotations

import datetime
import json
import threading
import time
import uuid
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from moto.core.responses import ActionResult
from moto.glue.exceptions import CrawlerNotRunningException, CrawlerRunningException, GlueClientError
from moto.glue.models import FakeCrawler, GlueBackend
from moto.glue.responses import GlueResponse

from local_aws.core.patching import replace
from local_aws.core.world import ACCOUNT, World
from local_aws.glue import crawler_rights, log_groups
from local_aws.glue.crawler_partitions import CrawlError, Tables
from local_aws.glue.crawler_s3 import S3Targets
from local_aws.iam.roles import take_role
from local_aws.logs.service_logs import put_lines


@dataclass
class Pace:
    """The timing of crawlers in seconds; tests may change it.

    On AWS a crawl of a few objects takes one and a half to five minutes, mostly for its start and end.
    """

    crawl: float = 0.3
    """The minimum duration of a crawl."""
    stopping: float = 0.05
    """The duration of the state STOPPING."""
    unseen: float = 0.0
    """The time after StartCrawler for which it is still READY, with the previous crawl as its last one."""


pace = Pace()

_create_crawler = GlueBackend.create_crawler
_start_crawler = FakeCrawler.start_crawler
_stop_crawler = FakeCrawler.stop_crawler
_as_dict = FakeCrawler.as_dict
_status = FakeCrawler.status


def _now() -> datetime.datetime:
    return datetime.datetime.now(tz=datetime.UTC)


@dataclass
class Crawl:
    """A crawl, in the form of moto's ListCrawls."""

    crawler: str
    log_group: str
    crawl_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "RUNNING"
    state: str = "RUNNING"
    error: str | None = None
    start_time: datetime.datetime = field(default_factory=_now)
    end_time: datetime.datetime | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    created: int = 0
    seen_from: float = field(default_factory=lambda: time.monotonic() + pace.unseen)

    @property
    def is_seen(self) -> bool:
        """Whether GetCrawler already shows it."""
        return time.monotonic() >= self.seen_from

    @property
    def log_stream(self) -> str:
        """The log stream, which AWS names after the crawler."""
        return self.crawler

    @property
    def message_prefix(self) -> str:
        """The prefix of each log line of this crawl."""
        return self.crawl_id

    def advance(self) -> None:
        """Do nothing: a crawl proceeds in its thread."""

    def as_dict(self) -> dict[str, Any]:
        """The crawl in ListCrawls."""
        reported = {
            "CrawlId": self.crawl_id,
            "State": {"SUCCEEDED": "COMPLETED", "CANCELLED": "STOPPED"}.get(self.status, self.status),
            "StartTime": self.start_time,
            "EndTime": self.end_time,
            "ErrorMessage": self.error,
            "LogGroup": self.log_group,
            "LogStream": self.crawler,
            "MessagePrefix": self.crawl_id,
        }
        return {name: value for name, value in reported.items() if value is not None}

    def last_crawl(self) -> dict[str, Any]:
        """The crawl as GetCrawler's LastCrawl."""
        reported = {
            "Status": self.status,
            "ErrorMessage": self.error,
            "LogGroup": self.log_group,
            "LogStream": self.crawler,
            "MessagePrefix": self.crawl_id,
            "StartTime": self.start_time,
        }
        return {name: value for name, value in reported.items() if value is not None}


def _invalid(message: str) -> GlueClientError:
    return GlueClientError("InvalidInputException", message)


def check(targets: dict[str, Any], policy: dict[str, str], recrawl: dict[str, str], configuration: str) -> None:
    """Validate a crawler on catalog targets as CreateCrawler does. Raises InvalidInputException."""
    others = [kind for kind, given in targets.items() if given and kind != "CatalogTargets"]
    if others:
        raise _invalid(f"Catalog targets can't be crawled together with others: {', '.join(others)}")
    if policy.get("DeleteBehavior", "DEPRECATE_IN_DATABASE") != "LOG":
        raise _invalid("The SchemaChangePolicy for catalog targets must have DeleteBehavior LOG")
    if recrawl.get("RecrawlBehavior", "CRAWL_EVERYTHING") != "CRAWL_EVERYTHING":
        raise _invalid("Catalog targets can only be crawled with RecrawlBehavior CRAWL_EVERYTHING")
    try:
        read = json.loads(configuration)
        if read["Version"] != 1.0 or set(read) - {"Version", "CrawlerOutput", "Grouping", "CreatePartitionIndex"}:
            raise ValueError("Version is not 1.0, or a key is unknown")
    except (ValueError, KeyError, TypeError) as wrong:
        raise _invalid(f"Crawler configuration is not valid ({wrong}): {configuration}") from wrong


class _Run:
    """Runs a crawl with the credentials of the crawler's role."""

    def __init__(self, world: World, crawler: FakeCrawler, crawl: Crawl) -> None:
        self._world = world
        self._crawler = crawler
        self._crawl = crawl
        self._lines: list[str] = []
        self._credentials: dict[str, str] | None = None

    def _granted(self) -> dict[str, str]:
        if self._credentials is None:
            self._credentials = _credentials(self._world, self._crawler.name, self._crawler.role)
        return self._credentials

    def _client(self, service: str) -> Any:
        return self._world.client(service, self._granted())

    def _say(self, text: str) -> None:
        self._lines.append(f"[{self._crawl.crawl_id}] {text}")

    def to_the_end(self) -> None:
        """Crawl, store the result, and set the crawler to READY."""
        crawl = self._crawl
        status, error = "SUCCEEDED", None
        try:
            self._say("BENCHMARK : Running Start Crawl for Crawler " + self._crawler.name)
            until = time.monotonic() + pace.crawl
            if self._crawler.crawler_security_configuration:
                self._client("glue").get_security_configuration(Name=self._crawler.crawler_security_configuration)
            policy = self._crawler.schema_change_policy or {}
            tables = Tables(
                self._client("glue"),
                self._client("s3"),
                may_change_tables=policy.get("UpdateBehavior", "UPDATE_IN_DATABASE") != "LOG",
                may_read=partial(crawler_rights.may_read, self._granted()["AWS_ACCESS_KEY_ID"]),
                say=self._say,
                cancelled=crawl.cancelled,
            )
            for target in self._crawler.targets.get("CatalogTargets") or []:
                for name in target["Tables"]:
                    self._require_rights(target["DatabaseName"], name)
                    crawl.created += tables.crawl(target["DatabaseName"], name)
            if targets := self._crawler.targets.get("S3Targets"):
                places = self._s3_targets(policy)
                crawl.created += sum(map(places.crawl, targets))
                places.treat_missing()
            crawl.cancelled.wait(max(until - time.monotonic(), 0))
        except CrawlError as wrong:
            status, error = "FAILED", str(wrong)
        except Exception as wrong:  # noqa: BLE001 - whatever a crawl fails with is its error message
            status, error = "FAILED", f"{type(wrong).__name__}: {wrong}"
        if crawl.cancelled.is_set():
            status, error = "CANCELLED", None
        self._say(f"{'ERROR : ' + error if error else 'INFO'} : Finished: {status}, {crawl.created} partitions added")
        crawl.state = "STOPPING"
        self._publish_log()
        time.sleep(max(pace.stopping, crawl.seen_from - time.monotonic()))
        crawl.error, crawl.end_time, crawl.status = error, _now(), status
        crawl.state = "READY"

    def _s3_targets(self, policy: dict[str, str]) -> S3Targets:
        if not self._crawler.database_name:
            raise CrawlError("a crawler on S3 needs a DatabaseName for its tables")
        return S3Targets(
            self._client("glue"),
            self._client("s3"),
            database=self._crawler.database_name,
            prefix=self._crawler.table_prefix or "",
            crawler=self._crawler.name,
            policy=policy,
            require_rights=self._require_rights,
            say=self._say,
            cancelled=self._crawl.cancelled,
        )

    def _require_rights(self, database: str, table: str) -> None:
        refused = crawler_rights.denied(self._granted()["AWS_ACCESS_KEY_ID"], self._world.region, database, table)
        if refused is not None:
            raise CrawlError(refused)

    def _publish_log(self) -> None:
        """Write the log below the world's folder and, if the role is allowed to, to CloudWatch Logs."""
        crawl = self._crawl
        log: Path = self._world.folder / "logs" / "crawler" / f"{self._crawler.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as out:
            out.writelines(f"{line}\n" for line in self._lines)
        try:
            put_lines(self._client("logs"), crawl.log_group, self._crawler.name, self._lines)
        except Exception as refused:  # noqa: BLE001 - a missing log must not change the crawl's result
            with log.open("a", encoding="utf-8") as out:
                out.write(f"CloudWatch Logs has no copy of this log: {refused}\n")


def _credentials(world: World, crawler: str, role: str) -> dict[str, str]:
    """Credentials of a crawler's role."""
    source = f"arn:aws:glue:{world.region}:{ACCOUNT}:crawler/{crawler}"
    return take_role(world, role, "glue", "AWS-Crawler", source)


def _require_security_configuration(world: World, crawler: str, role: str, configuration: str) -> None:
    """Check that the crawler's role may read the security configuration, as CreateCrawler does."""
    try:
        glue = world.client("glue", _credentials(world, crawler, role))
        glue.get_security_configuration(Name=configuration)
    except ClientError as refused:
        error = refused.response["Error"]
        raise GlueClientError(error["Code"], error["Message"]) from refused


def _is_real(crawler: FakeCrawler) -> bool:
    targets = crawler.targets or {}
    return bool(targets.get("CatalogTargets") or targets.get("S3Targets"))


def _crawls(crawler: FakeCrawler) -> list[Crawl]:
    crawls: Any = crawler.crawls
    return crawls if _is_real(crawler) else []


def status(crawler: FakeCrawler) -> str:
    """The state of GetCrawler: READY, RUNNING or STOPPING."""
    crawls = _crawls(crawler)
    return crawls[-1].state if crawls and crawls[-1].is_seen else "READY"


def _is_busy(crawler: FakeCrawler) -> bool:
    """Whether a crawl is running, even if GetCrawler does not show it yet."""
    crawls = _crawls(crawler)
    return bool(crawls) and crawls[-1].state != "READY"


def as_dict(self: FakeCrawler) -> dict[str, Any]:
    """The crawler of GetCrawler: LastCrawl is the last one that ended, absent before the first end."""
    reported = _as_dict(self)
    if _is_real(self):
        reported.pop("LastCrawl", None)
        ended = [crawl for crawl in _crawls(self) if crawl.state == "READY"]
        if ended:
            reported["LastCrawl"] = ended[-1].last_crawl()
        if status(self) != "READY":
            elapsed = _now() - _crawls(self)[-1].start_time
            reported["CrawlElapsedTime"] = int(elapsed.total_seconds() * 1000)
    return {name: value for name, value in reported.items() if value is not None}


def install(world: World) -> None:
    """Make crawlers on catalog targets and on S3 crawl."""
    starting = threading.Lock()

    def create_crawler(self: GlueBackend, **given: Any) -> None:
        if (given.get("targets") or {}).get("CatalogTargets"):
            check(
                given["targets"],
                given.get("schema_change_policy") or {},
                given.get("recrawl_policy") or {},
                given.get("configuration") or '{"Version": 1.0}',
            )
            if configuration := given.get("crawler_security_configuration"):
                _require_security_configuration(world, given["name"], given["role"], configuration)
        elif (given.get("targets") or {}).get("S3Targets") and "Grouping" in (given.get("configuration") or ""):
            raise _invalid(
                "The local AWS makes a table of each folder whose files or folders are alike; "
                "it does not have Grouping in the Configuration of a crawler on S3"
            )
        _create_crawler(self, **given)

    def start_crawler(self: FakeCrawler) -> None:
        if not _is_real(self):
            _start_crawler(self)
            return
        with starting:
            if _is_busy(self):
                raise CrawlerRunningException(f"Crawler with name {self.name} has already started")
            group = log_groups.of_crawler(self.role, self.crawler_security_configuration)
            crawl = Crawl(self.name, group)
            _crawls(self).append(crawl)
        threading.Thread(target=_Run(world, self, crawl).to_the_end, name=f"crawl {self.name}", daemon=True).start()

    def stop_crawler(self: FakeCrawler) -> None:
        if not _is_real(self):
            _stop_crawler(self)
            return
        if not _is_busy(self):
            raise CrawlerNotRunningException(f"Crawler with name {self.name} isn't running")
        _crawls(self)[-1].cancelled.set()
        _crawls(self)[-1].state = "STOPPING"

    def get_crawler_metrics(self: GlueResponse) -> ActionResult:
        wanted = self._get_param("CrawlerNameList")
        crawlers = [c for c in self.glue_backend.get_crawlers() if not wanted or c.name in wanted]
        return ActionResult({"CrawlerMetricsList": [_metrics(crawler) for crawler in crawlers]})

    replace(GlueBackend, create_crawler=create_crawler)
    replace(
        FakeCrawler,
        start_crawler=start_crawler,
        stop_crawler=stop_crawler,
        as_dict=as_dict,
        status=property(lambda self: status(self) if _is_real(self) else _status.fget(self)),  # type: ignore[attr-defined]
    )
    replace(GlueResponse, get_crawler_metrics=get_crawler_metrics)


def _metrics(crawler: FakeCrawler) -> dict[str, Any]:
    ended = [crawl for crawl in _crawls(crawler) if crawl.end_time]
    seconds = [(crawl.end_time - crawl.start_time).total_seconds() for crawl in ended if crawl.end_time]
    return {
        "CrawlerName": crawler.name,
        "StillEstimating": False,
        "TimeLeftSeconds": 0.0,
        "LastRuntimeSeconds": seconds[-1] if seconds else 0.0,
        "MedianRuntimeSeconds": sorted(seconds)[len(seconds) // 2] if seconds else 0.0,
        "TablesCreated": 0,
        "TablesUpdated": 0,
        "TablesDeleted": 0,
    }
