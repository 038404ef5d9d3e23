"""How many examples the property tests try: a few with every run of the tests, many in the drill.

Both are derandomised: the same code meets the same examples on every machine.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

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
