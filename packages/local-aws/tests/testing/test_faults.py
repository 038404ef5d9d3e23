"""Requests that are made to fail, as a real boto3 client meets them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ResponseStreamingError

from local_aws.iam import authorizer
from local_aws.testing import faults
from local_aws.testing.faults import Call, Fault
from local_aws_harness.served import Served, serve


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("faults"), authorizer.install, faults.install) as served:
        served.client("s3").create_bucket(Bucket="bucket")
        yield served


@pytest.fixture
def s3(served: Served) -> Iterator[Any]:
    """A client that tries once."""
    yield served.client("s3")
    faults.clear()


def body(s3: Any, key: str) -> bytes | None:
    try:
        return s3.get_object(Bucket="bucket", Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None


def test_the_request_that_is_meant_fails_and_no_other(s3: Any) -> None:
    fault = faults.inject(Fault("s3", "PutObject", r"a/.*", skip=1, times=2, status=503, code="SlowDown"))
    s3.put_object(Bucket="bucket", Key="a/0", Body=b"0")
    s3.put_object(Bucket="bucket", Key="c/0", Body=b"0")
    for key in ("a/1", "a/2"):
        with pytest.raises(ClientError, match=r"SlowDown.* at s3:PutObject a/"):
            s3.put_object(Bucket="bucket", Key=key, Body=b"1" * 300_000)
    s3.put_object(Bucket="bucket", Key="a/3", Body=b"3")
    assert [body(s3, f"a/{n}") for n in range(4)] == [b"0", None, None, b"3"]
    assert [call.key for call in fault.hits] == ["a/0", "a/1", "a/2", "a/3"]


@pytest.mark.parametrize(("cut", "written"), [("before", None), ("after", b"x")])
def test_a_connection_is_cut_before_or_after_the_request_was_carried_out(
    s3: Any, cut: faults.Cut, written: bytes | None
) -> None:
    faults.inject(Fault("s3", "PutObject", key=cut, cut=cut))
    with pytest.raises(ConnectionClosedError):
        s3.put_object(Bucket="bucket", Key=cut, Body=b"x")
    assert body(s3, cut) == written


def test_a_connection_is_cut_amid_an_answer(s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="long", Body=b"x" * 1_000_000)
    faults.inject(Fault("s3", "GetObject", cut="amid"))
    answer = s3.get_object(Bucket="bucket", Key="long")
    with pytest.raises(ResponseStreamingError):
        answer["Body"].read()


def test_an_answer_is_held_back_and_a_call_is_told_of_the_request(s3: Any) -> None:
    reported: list[Call] = []
    faults.inject(Fault("s3", "ListObjects", delay=0.3, call=reported.append))
    started = time.monotonic()
    s3.list_objects_v2(Bucket="bucket")
    assert time.monotonic() - started > 0.3
    assert reported == [Call("s3", "ListObjects", "", "")]


def test_services_refuse_in_their_own_words(served: Served, s3: Any) -> None:
    faults.inject(
        Fault("glue", "GetJobs", status=400, code="ThrottlingException"),
        Fault("sns", "ListTopics", status=500, code="InternalFailure"),
        Fault("s3", "HeadObject", status=503, code="SlowDown"),
    )
    with pytest.raises(ClientError, match="ThrottlingException"):
        served.client("glue").get_jobs()
    with pytest.raises(ClientError, match="InternalFailure"):
        served.client("sns").list_topics()
    with pytest.raises(ClientError, match="503"):
        s3.head_object(Bucket="bucket", Key="any")
    served.client("glue").get_jobs()


def test_a_role_s_requests_alone_can_be_meant(served: Served, s3: Any) -> None:
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    arn = served.role("a-job-1", "glue", allow)
    with faults.watch("s3") as calls:
        role = served.client("s3", served.world.role_credentials(arn, "run"))
        faults.inject(Fault(role="a-job", status=500))
        s3.put_object(Bucket="bucket", Key="k", Body=b"")
        with pytest.raises(ClientError, match="InternalError"):
            role.copy_object(Bucket="bucket", Key="l", CopySource="bucket/k")
        role.copy_object(Bucket="bucket", Key="l", CopySource="bucket/k")
    copy = Call("s3", "CopyObject", "l", "a-job-1")
    assert calls == [Call("s3", "PutObject", "k", ""), copy, copy]


def test_every_request_of_an_upload_in_parts_has_its_name(s3: Any) -> None:
    with faults.watch() as calls:
        upload = s3.create_multipart_upload(Bucket="bucket", Key="p")["UploadId"]
        tag = s3.upload_part(Bucket="bucket", Key="p", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
        parts = {"Parts": [{"ETag": tag, "PartNumber": 1}]}
        s3.complete_multipart_upload(Bucket="bucket", Key="p", UploadId=upload, MultipartUpload=parts)
        other = s3.create_multipart_upload(Bucket="bucket", Key="q")["UploadId"]
        s3.abort_multipart_upload(Bucket="bucket", Key="q", UploadId=other)
        s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "p"}]})
    assert [call.operation for call in calls] == [
        *("CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"),
        *("CreateMultipartUpload", "AbortMultipartUpload", "DeleteObjects"),
    ]
