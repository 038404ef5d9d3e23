"""The page in a browser's requests: what it shows, what it starts, and what it leaves to others."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests

from local_aws.server import LocalAws
from local_aws_harness.waiting import HANG

pytestmark = pytest.mark.local_aws

TYPED = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}
OWN = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
HOSTILE = "<script>alert(1)</script>"


class Browser:
    """Requests with the headers of a browser on this machine."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def get(self, path: str = "/", **query: str) -> requests.Response:
        return requests.get(self._endpoint + path, params=query, headers=TYPED, timeout=HANG)

    def post(self, path: str, origin: str | None = None, **form: str) -> requests.Response:
        headers = OWN | {"Origin": origin or self._endpoint}
        return requests.post(self._endpoint + path, data=form, headers=headers, timeout=HANG, allow_redirects=False)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(folder=tmp_path_factory.mktemp("page")) as started:
        yield started


@pytest.fixture(scope="module")
def browser(aws: LocalAws) -> Browser:
    return Browser(aws.endpoint)


@pytest.fixture(scope="module")
def session(aws: LocalAws) -> Any:
    session = boto3.Session(aws_access_key_id="any", aws_secret_access_key="any", region_name="us-east-1")

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=aws.endpoint)

    return client


@pytest.fixture(scope="module")
def machine(session: Any) -> str:
    """A state machine of two states."""
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = session("iam").create_role(
        RoleName="states", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    definition = {
        "StartAt": "First",
        "States": {"First": {"Type": "Pass", "Next": "Last"}, "Last": {"Type": "Fail", "Error": "Expected"}},
    }
    created = session("stepfunctions").create_state_machine(
        name="two-states", definition=json.dumps(definition), roleArn=role
    )
    return str(created["stateMachineArn"])


@pytest.fixture(scope="module")
def workgroup(session: Any) -> str:
    """A workgroup whose results have a place."""
    session("s3").create_bucket(Bucket="results")
    results = {"ResultConfiguration": {"OutputLocation": "s3://results/"}}
    session("athena").create_work_group(Name="readers", Configuration=results)
    return "readers"


def test_it_starts_an_execution_and_shows_its_path(browser: Browser, machine: str) -> None:
    assert "It has not run yet." in browser.get().text
    started = browser.post("/_local-aws/executions", machine=machine)
    assert (started.status_code, started.headers["Location"]) == (303, "/")
    deadline = time.monotonic() + HANG
    while "<strong>FAILED</strong> (Expected)" not in (text := browser.get().text):
        assert time.monotonic() < deadline, text
        time.sleep(0.05)
    assert '<g class="visited">' in text
    assert '<g class="failed">' in text
    assert "refresh" not in text


def test_a_query_shows_its_rows(browser: Browser, workgroup: str) -> None:
    text = browser.get(sql="SELECT 1 AS one, NULL AS nothing", workgroup=workgroup).text
    assert "<th>one</th><th>nothing</th>" in text
    assert '<td>1</td><td><span class="soft">NULL</span></td>' in text


def test_a_query_that_fails_says_why(browser: Browser, workgroup: str) -> None:
    assert "COLUMN_NOT_FOUND" in browser.get(sql="SELECT missing", workgroup=workgroup).text


@pytest.mark.parametrize(
    "sql", ["CREATE DATABASE made", "insert into t values (1)", "UNLOAD (SELECT 1) TO 's3://a/'", "DROP TABLE t"]
)
def test_a_statement_that_changes_something_is_refused(
    browser: Browser, session: Any, workgroup: str, sql: str
) -> None:
    assert "This page reads only." in browser.get(sql=sql, workgroup=workgroup).text
    assert "made" not in {each["Name"] for each in session("glue").get_databases()["DatabaseList"]}


def test_tables_reports_and_notices_are_there_and_nothing_in_them_is_markup(browser: Browser, session: Any) -> None:
    session("glue").create_database(DatabaseInput={"Name": "readings"})
    columns = [{"Name": "x", "Type": "double", "Comment": HOSTILE}]
    session("glue").create_table(
        DatabaseName="readings", TableInput={"Name": "walks", "StorageDescriptor": {"Columns": columns}}
    )
    session("s3").create_bucket(Bucket="reports")
    session("s3").put_object(Bucket="reports", Key="a b/1.html", Body=b"<h1>Report</h1>" + HOSTILE.encode())
    topic = session("sns").create_topic(Name="alarms")["TopicArn"]
    session("sns").publish(TopicArn=topic, Subject="Failed", Message=HOSTILE)
    for_people = json.dumps({"default": '{"error": "X"}', "email": "What   X failed\n\nWhy    y"})
    session("sns").publish(TopicArn=topic, Subject="Structured", Message=for_people, MessageStructure="json")
    text = browser.get().text
    assert "<h3>Structured</h3>\n<pre>What   X failed\n\nWhy    y</pre>" in text
    assert "readings.walks" in text
    assert '<a href="/_local-aws/objects/reports/a%20b/1.html">a b/1.html</a>' in text
    assert "<h3>Failed</h3>" in text
    assert HOSTILE not in text
    report = browser.get("/_local-aws/objects/reports/a%20b/1.html")
    assert "<h1>Report</h1>" in report.text
    assert report.headers["Content-Security-Policy"].startswith("sandbox")
    assert "allow-scripts" not in report.headers["Content-Security-Policy"]


def test_a_missing_object_is_named(browser: Browser) -> None:
    missing = browser.get("/_local-aws/objects/nothing/here.html")
    assert missing.status_code == 404
    assert "nothing/here.html" in missing.text


def test_another_origin_gets_nothing_and_starts_nothing(browser: Browser, aws: LocalAws, machine: str) -> None:
    assert browser.post("/_local-aws/executions", origin="http://evil.example", machine=machine).status_code == 403
    other = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert requests.get(aws.endpoint, headers=other, timeout=HANG).status_code == 403


def test_a_client_without_a_browser_gets_s3_as_before(aws: LocalAws) -> None:
    assert "ListAllMyBucketsResult" in requests.get(aws.endpoint, timeout=HANG).text
