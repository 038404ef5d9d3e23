"""The Kaggle token comes from Secrets Manager, reaches Kaggle, and shows nowhere else."""

from __future__ import annotations

import io
import json
import traceback
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest

from ingest.errors import SecretUnreadable, SourceDenied
from mhealth_ops.kaggle.api import Fault
from tests.lambda_ingest.conftest import Surroundings
from tests.lambda_ingest.test_download_and_upload import ROW

TOKEN = "KGAT_0123456789abcdef"
KEY = "fedcba9876543210"


@pytest.fixture(autouse=True)
def no_credentials_before_or_after() -> Iterator[None]:
    from kagglehub.config import clear_kaggle_credentials

    clear_kaggle_credentials()
    yield
    clear_kaggle_credentials()


def secret(monkeypatch: pytest.MonkeyPatch, **content: Any) -> str:
    """A secret, named in the function's environment; its ARN."""
    arn: str = boto3.client("secretsmanager").create_secret(Name=str(uuid4()), **content)["ARN"]
    monkeypatch.setenv("KAGGLE_SECRET_ARN", arn)
    return arn


@pytest.mark.parametrize(
    ("text", "authorization"),
    [
        (TOKEN, f"Bearer {TOKEN}"),
        (f"{TOKEN}\n", f"Bearer {TOKEN}"),
        # Base64 of someone:fedcba9876543210, made by hand.
        (json.dumps({"username": "someone", "key": KEY}), "Basic c29tZW9uZTpmZWRjYmE5ODc2NTQzMjEw"),
    ],
    ids=["token", "token with a line end", "kaggle.json"],
)
def test_the_token_of_the_secret_reaches_kaggle_and_no_log(
    surroundings: Surroundings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    log: io.StringIO,
    text: str,
    authorization: str,
) -> None:
    secret(monkeypatch, SecretString=text)
    surroundings.write("mHealth_subject1.log", ROW)
    with caplog.at_level("DEBUG"):
        surroundings.run()
    assert surroundings.api.authorizations == {authorization}
    written = capsys.readouterr()
    assert '"message":"done"' in log.getvalue()
    for hidden in (TOKEN, KEY, authorization.split()[1]):
        assert hidden not in written.out + written.err + log.getvalue()
        assert hidden not in "".join(r.getMessage() for r in caplog.records if not r.name.startswith("botocore"))


def test_without_a_secret_kaggle_is_asked_without_a_token(surroundings: Surroundings) -> None:
    surroundings.write("mHealth_subject1.log", ROW)
    surroundings.run()
    assert surroundings.api.authorizations == {None}


def test_a_secret_that_does_not_exist_is_named(surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:none-AbCdEf"
    monkeypatch.setenv("KAGGLE_SECRET_ARN", arn)
    with pytest.raises(SecretUnreadable, match=f"{arn} could not be read: ResourceNotFoundException"):
        surroundings.run()
    assert surroundings.api.requests == []


@pytest.mark.parametrize(
    "content",
    [
        {"SecretString": f"{TOKEN} {TOKEN}"},
        {"SecretString": json.dumps({"token": TOKEN})},
        {"SecretString": "{" + TOKEN},
        {"SecretString": json.dumps({"username": "", "key": KEY})},
        {"SecretBinary": TOKEN.encode()},
    ],
    ids=["two words", "another object", "broken JSON", "no user", "bytes"],
)
def test_a_secret_that_holds_no_token_is_refused_without_showing_it(
    surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch, content: dict[str, Any]
) -> None:
    arn = secret(monkeypatch, **content)
    with pytest.raises(SecretUnreadable) as refused:
        surroundings.run()
    # Lambda logs the whole traceback, causes included.
    shown = "".join(traceback.format_exception(refused.value))
    assert arn in shown
    assert TOKEN not in shown
    assert KEY not in shown
    assert surroundings.api.requests == []


def test_an_invalid_token_is_named_and_not_shown(surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    secret(monkeypatch, SecretString=TOKEN)
    surroundings.api.faults.append(Fault("GetDataset", status=401))
    with pytest.raises(SourceDenied, match="its token is invalid or expired") as refused:
        surroundings.run()
    assert TOKEN not in "".join(traceback.format_exception(refused.value))
