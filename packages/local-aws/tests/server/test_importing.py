"""moto is imported quickly, and the process is as before afterwards."""

from __future__ import annotations

import gc

import botocore.session
import pytest

from local_aws.core.importing import quickly


def test_sessions_share_a_loader_meanwhile_and_the_process_is_as_before_afterwards() -> None:
    create = botocore.session.create_loader

    def fails() -> None:
        with quickly():
            assert not gc.isenabled()
            first, second = (botocore.session.create_loader("a") for _ in range(2))
            assert first is second
            raise ImportError

    with pytest.raises(ImportError):
        fails()
    assert gc.isenabled()
    assert botocore.session.create_loader is create


def test_a_process_that_collects_no_garbage_goes_on_so() -> None:
    gc.disable()
    try:
        with quickly():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
