"""What a web page may send to the local AWS is refused; what AWS clients send is not."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local_aws.server import LocalAws
from local_aws.server.browser_guard import refusal
from local_aws_harness.waiting import HANG
from tools.browser import REBOUND

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.local_aws

BUCKET, CODE = "data", "code/hash/convert_parquet.py"
# What a page can try without being asked: read the list of buckets, overwrite code by a form and by fetch, load an
# image, reset everything, delete by a call of the query protocol.
PAGE = """<!doctype html><title>evil</title><iframe name="shown"></iframe><script>
const AWS = "http://AT", told = [];
async function tried(name, run) {
  try { told.push([name, await run()]); } catch (error) { told.push([name, "error"]); }
}
function form() {
  const body = new FormData();
  body.append("key", "CODE"); body.append("file", new Blob(["import evil"]), "evil.py");
  return body;
}
function image() {
  return new Promise(done => {
    const one = new Image();
    one.onload = () => done("loaded"); one.onerror = () => done("not loaded");
    one.src = `${AWS}/BUCKET/picture.svg`;
  });
}
function submitted() {
  const one = document.createElement("form"), picked = new DataTransfer(), file = document.createElement("input");
  picked.items.add(new File(["import evil"], "evil.py"));
  Object.assign(one, {method: "POST", enctype: "multipart/form-data", action: `${AWS}/BUCKET`, target: "shown"});
  one.innerHTML = '<input name="key" value="CODE">';
  Object.assign(file, {type: "file", name: "file", files: picked.files});
  one.append(file); document.body.append(one);
  return new Promise(done => { document.querySelector("iframe").onload = () => done("answered"); one.submit(); });
}
(async () => {
  await tried("read", async () => (await fetch(`${AWS}/`)).text());
  await tried("fetch no-cors", async () => (await fetch(`${AWS}/BUCKET/CODE`, {mode: "no-cors"})).type);
  const upload = {method: "POST", mode: "no-cors", body: form()};
  await tried("multipart", async () => (await fetch(`${AWS}/BUCKET`, upload)).type);
  await tried("put", async () => (await fetch(`${AWS}/BUCKET/CODE`, {method: "PUT", body: "import evil"})).status);
  await tried("reset", async () => (await fetch(`${AWS}/moto-api/reset`, {method: "POST", mode: "no-cors"})).type);
  await tried("form", submitted);
  await tried("image", image);
  window.told = told;
})();
</script>"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    folder = tmp_path_factory.mktemp("world")
    with LocalAws(folder=folder / "world") as started:
        s3 = s3_of(started)
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key=CODE, Body=b"import good")
        picture = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
        s3.put_object(Bucket=BUCKET, Key="picture.svg", Body=picture, ContentType="image/svg+xml", ACL="public-read")
        yield started


def s3_of(aws: LocalAws, host: str = "127.0.0.1", **config: object):  # type: ignore[no-untyped-def]
    return boto3.client(
        "s3",
        endpoint_url=aws.endpoint.replace("127.0.0.1", host),
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}, **config),  # type: ignore[arg-type]
    )


def asked(aws: LocalAws, method: str, path: str, host: str, **headers: str) -> tuple[int, str, str]:
    """Status, body and CORS header of a request to the local AWS that says it is for `host`."""
    connection = http.client.HTTPConnection(urlsplit(aws.endpoint).netloc, timeout=HANG)
    connection.request(method, path, headers={"Host": host, **headers})
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), answer.getheader("Access-Control-Allow-Origin") or ""


@pytest.fixture
def elsewhere(aws: LocalAws) -> Iterator[int]:
    """The port of a server on this machine whose one page tries what PAGE does."""
    page = PAGE.replace("AT", urlsplit(aws.endpoint).netloc).replace("BUCKET", BUCKET).replace("CODE", CODE)

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])  # another site, and the same site at another port
def test_a_page_of_another_origin_reads_and_changes_nothing(
    aws: LocalAws, elsewhere: int, browser: Browser, name: str
) -> None:
    page = browser.new_page()
    statuses: list[int] = []
    page.on("response", lambda answer: statuses.append(answer.status) if aws.endpoint in answer.url else None)
    page.goto(f"http://{name}:{elsewhere}/")
    page.wait_for_function("window.told")
    reported = dict(page.evaluate("window.told"))
    page.close()
    assert (reported["read"], reported["put"], reported["image"]) == ("error", "error", "not loaded")
    assert set(statuses) == {403}
    # It is all there as it was: nothing overwritten, nothing reset.
    listed = [one["Key"] for one in s3_of(aws).list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert listed == [CODE, "picture.svg"]
    assert s3_of(aws).get_object(Bucket=BUCKET, Key=CODE)["Body"].read() == b"import good"


def test_a_name_of_a_pages_own_that_comes_to_mean_this_machine_is_refused(aws: LocalAws, browser: Browser) -> None:
    page = browser.new_page()
    answer = page.goto(aws.endpoint.replace("127.0.0.1", REBOUND))
    assert answer is not None
    assert answer.status == 403
    assert f"the request is for the host '{REBOUND}:" in answer.text()
    page.close()


def test_a_person_may_type_an_address(aws: LocalAws, browser: Browser) -> None:
    page = browser.new_page()
    answer = page.goto(f"{aws.endpoint}/moto-api/")
    assert answer is not None
    assert answer.status == 200
    page.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST", "data.localhost", "a.b-c.localhost"])
def test_names_of_this_machine_pass(host: str) -> None:
    assert refusal({"HTTP_HOST": f"{host}:4566"}, 4566) is None
    assert refusal({"HTTP_HOST": host}, 80) is None


@pytest.mark.notices(
    "packages/local-aws/src/local_aws/server/browser_guard.py", "_HOST.fullmatch(host)", "_HOST.match(host)"
)
@pytest.mark.parametrize(
    "host",
    [
        *("evil.example:4566", "127.0.0.1.evil.example:4566", "localhost.evil.example:4566", "evil-localhost:4566"),
        *("evil.example/.localhost:4566", "127.0.0.1:4566@evil.example", "0.0.0.0:4566", "127.0.0.1", "127.0.0.1:80"),
        *("localhost:45660", "localhost:", "localhost.:4566", "user@localhost:4566", "localhost:4566\n", "", ":4566"),
    ],
)  # fmt: skip
def test_any_other_host_is_refused(host: str) -> None:
    assert "the request is for the host" in (refusal({"HTTP_HOST": host}, 4566) or "")


@pytest.mark.notices(
    "packages/local-aws/src/local_aws/server/browser_guard.py",
    '_OWN_FETCHES = ("none", "same-origin")',
    '_OWN_FETCHES = ("none", "same-origin", "same-site")',
)
@pytest.mark.parametrize(
    ("header", "value"),
    [
        *(
            ("ORIGIN", "null"),
            ("ORIGIN", "http://localhost:3000"),
            ("ORIGIN", "http://evil.example:4566"),
            ("ORIGIN", ""),
        ),
        *(("SEC_FETCH_SITE", "cross-site"), ("SEC_FETCH_SITE", "same-site")),
    ],
)
def test_another_origin_is_refused(header: str, value: str) -> None:
    assert "web page" in (refusal({"HTTP_HOST": "localhost:4566", f"HTTP_{header}": value}, 4566) or "")


def test_motos_own_dashboard_still_reaches_the_server_that_it_comes_from() -> None:
    own = {"HTTP_HOST": "localhost:4566", "HTTP_ORIGIN": "http://localhost:4566", "HTTP_SEC_FETCH_SITE": "same-origin"}
    assert refusal(own, 4566) is None


@pytest.mark.notices(
    "packages/local-aws/src/local_aws/server/local_aws.py", "DISABLE_GLOBAL_CORS=True", "DISABLE_GLOBAL_CORS=False"
)
def test_no_answer_may_be_read_by_other_pages(aws: LocalAws) -> None:
    here = urlsplit(aws.endpoint).netloc
    status, body, allowed = asked(aws, "GET", "/", here)
    assert (status, allowed) == (200, "")
    assert BUCKET in body
    status, body, allowed = asked(aws, "GET", "/", here, Origin="https://evil.example")
    assert (status, allowed) == (403, "")
    assert BUCKET not in body


@pytest.mark.parametrize(
    "path", ["/moto-api/reset", "/moto-api/data.json", "/latest/meta-data/iam/security-credentials/"]
)
def test_motos_own_endpoints_are_guarded_alike(aws: LocalAws, path: str) -> None:
    here = urlsplit(aws.endpoint).netloc
    assert asked(aws, "POST", path, here, Origin="https://evil.example")[0] == 403
    assert asked(aws, "GET", path, "evil.example")[0] == 403


def test_a_client_finds_its_bucket_before_the_host_name(aws: LocalAws) -> None:
    here = urlsplit(aws.endpoint).netloc.replace("127.0.0.1", f"{BUCKET}.localhost")
    signed = "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=any"
    assert asked(aws, "GET", f"/{CODE}", here, Authorization=signed)[:2] == (200, "import good")


def test_a_client_with_another_name_of_this_machine_is_told_which_to_use(aws: LocalAws) -> None:
    with pytest.raises(ClientError, match=r"RefusedByLocalAws.*Only 127\.0\.0\.1:\d+, localhost"):
        s3_of(aws, "127.1", s3={"addressing_style": "path"}).list_buckets()
