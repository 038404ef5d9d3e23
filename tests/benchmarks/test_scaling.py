"""What does not fit is refused before anything is measured."""

from __future__ import annotations

import pytest

from benchmarks.scaling import DiskTooSmall, require_space


def test_what_the_disk_cannot_hold_is_refused() -> None:
    require_space(1000)
    with pytest.raises(
        DiskTooSmall, match=r"^1,000,000,000,000 rows need 450000 GB below \.cache/bench, \d+ GB are free"
    ):
        require_space(10**12)
