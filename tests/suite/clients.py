"""What botocore makes anew for each client, made once in a process of tests: thousands of clients are made in it.

That is a function for each operation of the service, and an object for each of its endpoint rules: half of the work.
Both are made of the models that sessions share (tests/suite/loader.py), and clients only read them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore import endpoint_provider
from botocore.client import ClientCreator
from botocore.model import ServiceModel

Methods = Callable[[ClientCreator, ServiceModel], dict[str, Any]]


def methods_once(make: Methods) -> Methods:
    """`make` that keeps the functions of each model's operations; they take what they need from their client."""
    kept: dict[int, tuple[Any, dict[str, Any]]] = {}

    def create_methods(creator: ClientCreator, model: ServiceModel) -> dict[str, Any]:
        description = model._service_description
        if id(description) not in kept:
            kept[id(description)] = description, make(creator, model)  # with its owner, so that the id stays its own
        return dict(kept[id(description)][1])

    return create_methods


def rules_once(make: Callable[..., Any]) -> Callable[..., Any]:
    """`make` that keeps a set of endpoint rules. Nothing of a request is left in it."""
    kept: dict[int, tuple[Any, Any]] = {}

    def rule_set(*, rules: list[Any], **others: Any) -> Any:
        if id(rules) not in kept:
            kept[id(rules)] = rules, make(rules=rules, **others)
        return kept[id(rules)][1]

    return rule_set


def pytest_configure(config: pytest.Config) -> None:
    """Have the clients of this process share them."""
    patch = pytest.MonkeyPatch()
    patch.setattr(ClientCreator, "_create_methods", methods_once(ClientCreator._create_methods))
    patch.setattr(endpoint_provider, "RuleSet", rules_once(endpoint_provider.RuleSet))
    config.add_cleanup(patch.undo)
