"""A local AWS in the foreground, up to its start."""

from __future__ import annotations

from typing import NoReturn

import botocore.session
import pytest
from botocore.loaders import create_loader

from local_aws import foreground
from local_aws.core.errors import LocalAwsError
from local_aws.core.service_models import shared_loader
from local_aws.server import LocalAws


def test_its_process_loads_the_models_of_services_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(botocore.session, "create_loader", create_loader)
    monkeypatch.setattr(foreground.signal, "signal", lambda *_: None)
    monkeypatch.setattr(foreground, "_waking", lambda: -1)
    monkeypatch.setattr(foreground, "clear_aws_environment", lambda: None)
    seen = []

    def make() -> LocalAws:
        seen.append(botocore.session.create_loader)
        raise LocalAwsError("enough")

    def end(_aws: LocalAws | None, status: int) -> NoReturn:
        raise SystemExit(status)

    monkeypatch.setattr(foreground, "_end", end)
    with pytest.raises(SystemExit, match="2"):
        foreground.serve(make, 0)
    assert seen == [shared_loader]
    assert capsys.readouterr().err.splitlines() == ["local-aws: starting", "local-aws: enough"]
