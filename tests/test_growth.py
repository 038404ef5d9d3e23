from __future__ import annotations

import pytest

from tests.growth import LINEAR, growth


def test_linear_and_quadratic_work_are_told_apart() -> None:
    assert growth(lambda size: lambda: [number for number in range(size)]) < LINEAR  # noqa: C416 - a loop of ours
    assert growth(lambda size: lambda: [a for a in range(size) for _ in range(size)]) > 3.5


def test_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError):
        growth(lambda _: lambda: 1 // 0)
