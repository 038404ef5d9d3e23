"""An execution environment that is used again: nothing of the invocation before is in the log."""

from __future__ import annotations

from typing import Any

import pytest

import write_report


class _Read(Exception):
    """The settings, the event and the keys of the log are read."""


def _stop(*_: Any) -> None:
    raise _Read


def test_a_failure_is_not_logged_with_the_snapshot_of_an_earlier_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_report, "Settings", _Settings)
    monkeypatch.setattr(write_report.boto3, "client", lambda _: None)
    monkeypatch.setattr(write_report, "_report", _stop)
    monkeypatch.setattr(write_report, "_failed", _stop)
    with pytest.raises(_Read):
        write_report.lambda_handler({"execution": "first", "snapshot": 20261130180000}, None)
    assert write_report.logger.get_current_keys()["snapshot"] == 20261130180000
    with pytest.raises(_Read):
        write_report.lambda_handler({"execution": "second", "failed_state": "ConvertParquet"}, None)
    keys = write_report.logger.get_current_keys()
    assert (keys["execution"], keys.get("snapshot")) == ("second", None)


class _Settings:
    bucket = "data"

    @classmethod
    def read(cls, _: Any) -> type[_Settings]:
        return cls
