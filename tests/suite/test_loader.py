"""Sessions of the tests share the models of services, and find what a session finds by itself."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest
from botocore.loaders import Loader

from local_aws.core.service_models import shared_loader


def loader_of(session: boto3.Session) -> Loader:
    loader: Loader = session._session.get_component("data_loader")  # type: ignore[attr-defined]
    return loader


def test_sessions_share_models_and_boto3s_folder_is_added_once() -> None:
    first, second = loader_of(boto3.Session()), loader_of(boto3.Session())
    assert first is second
    assert len(first.search_paths) == len(set(first.search_paths))
    assert first.load_service_model("s3", "resources-1") is second.load_service_model("s3", "resources-1")


def test_the_services_are_those_of_a_loader_of_ones_own() -> None:
    own = Loader()
    shared = loader_of(boto3.Session())
    assert shared.list_available_services("service-2") == own.list_available_services("service-2")
    assert shared.load_service_model("sts", "service-2") == own.load_service_model("sts", "service-2")


def test_another_data_path_has_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "invented" / "2026-11-30" / "service-2.json"
    model.parent.mkdir(parents=True)
    model.write_text(json.dumps({"metadata": {}}))
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    assert "invented" in loader_of(boto3.Session()).list_available_services("service-2")
    monkeypatch.delenv("AWS_DATA_PATH")
    assert "invented" not in loader_of(boto3.Session()).list_available_services("service-2")
    assert loader_of(boto3.Session()) is shared_loader(None)
