"""Clients share what botocore makes of a service's model."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.client import ClientCreator
from botocore.model import ServiceModel

from tests.suite.clients import methods_once, rules_once


def client() -> Any:
    session = boto3.Session(region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="any")
    return session.client("glue")


def test_clients_share_what_is_made_of_a_model() -> None:
    first, second = client(), client()
    assert type(first) is not type(second)
    assert type(first).get_table is type(second).get_table
    assert first._ruleset_resolver._provider.ruleset is second._ruleset_resolver._provider.ruleset
    first.close()
    second.close()


def test_two_models_have_functions_and_rules_of_their_own() -> None:
    def model(operation: str) -> ServiceModel:
        return ServiceModel({"metadata": {}, "operations": {operation: {"name": operation}}, "shapes": {}}, "own")

    creator: Any = object.__new__(ClientCreator)
    create = methods_once(lambda _, model: dict.fromkeys(model.operation_names, len))
    models = [model("One"), model("Two")]
    assert [list(create(creator, each)) for each in (*models, *models)] == [["One"], ["Two"], ["One"], ["Two"]]
    make = rules_once(lambda **given: given["rules"])
    rules: list[list[int]] = [[1], [2]]
    assert [make(rules=each, version="1") for each in (*rules, *rules)] == [*rules, *rules]


def test_what_is_added_to_one_client_is_not_in_the_next() -> None:
    """As boto3 adds `upload_file` to those of S3."""
    creator: Any = object.__new__(ClientCreator)
    create = methods_once(lambda *_: {"get_table": len})
    model = ServiceModel({"metadata": {}, "operations": {}, "shapes": {}}, "own")
    create(creator, model)["upload_file"] = len
    assert create(creator, model) == {"get_table": len}
