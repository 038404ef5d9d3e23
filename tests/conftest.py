"""How many examples the property tests try: a few with every run of the tests, many in the drill; and a browser.

Both profiles are derandomised: the same code meets the same examples on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# No deadline: a machine under load is no fault. No database: a run must not depend on the one before.
_COMMON = settings(
    derandomize=True,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)

settings.register_profile("test", _COMMON, max_examples=100)
settings.register_profile("drill", _COMMON, max_examples=5000)
settings.load_profile("test")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    from tests.browser import NoChromium, running  # most tests need none, and the Python of Glue 6.0 has no Playwright

    try:
        with running() as started:
            yield started
    except NoChromium as missing:
        pytest.skip(f"no headless Chromium: {missing}")
