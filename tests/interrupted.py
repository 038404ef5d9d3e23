"""Components run over and over, each time with another request failing.

A component is a function that works on a bucket. It runs once undisturbed, while its requests to S3 are counted. Then,
for each of them, it runs on a bucket filled as before with that request failing: it must succeed all the same or fail
by a transient error, leave nothing that a reader could take for whole, and the next run must end with every object as
the undisturbed run has it, byte for byte.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from botocore.config import Config
from hypothesis import settings

from local_aws.testing import faults
from local_aws.testing.faults import Call, Fault
from tests.drill.seed import drawn

EVERY = 7
"""In the short version one request of so many fails; where to begin is drawn with the seed."""

PATIENCE = 0.3
"""Seconds that a client of this process waits for an answer which does not come. A worker of Spark is cut off later."""

GOES_ON = "it goes on or fails by name; the next run leaves the same objects, byte for byte"

FAULTS: Mapping[str, Mapping[str, Any]] = {
    "503 SlowDown": {"status": 503, "code": "SlowDown"},
    "500 InternalError": {"status": 500, "code": "InternalError"},
    "cut before": {"cut": "before"},
    "cut amid": {"cut": "amid"},
    "cut after": {"cut": "after"},
    "no answer before": {"cut": "before", "delay": 2 * PATIENCE},
    "no answer after": {"cut": "after", "call": lambda _: time.sleep(2 * PATIENCE)},
}
"""The ways in which one request fails, by name: refused, cut off, or not answered in time, carried out or not."""

Drilled = Callable[..., None]
Content = dict[str, tuple[bytes, dict[str, str]]]
"""A bucket: key -> bytes and metadata."""


def _lose_patience(patch: pytest.MonkeyPatch) -> None:
    """Let the clients that are made from now on wait no longer than `PATIENCE`."""
    patch.setitem(Config.OPTION_DEFAULTS, "read_timeout", PATIENCE)


@dataclass
class Sweep:
    """`fill` is what a bucket holds at first, `run` runs the component on a bucket.

    `check` is given what a failed run left and what the undisturbed run leaves; it objects to what is visible and half.
    `lose_patience` makes the component's clients wait for an answer no longer than `PATIENCE`.
    `transient` names the errors by which a run may fail; any other is an error of the component.
    """

    s3: Any
    run: Callable[[str], object]
    transient: tuple[type[Exception], ...]
    check: Callable[[Content, Content], None]
    fill: Content = field(default_factory=dict)
    lose_patience: Callable[[pytest.MonkeyPatch], None] = _lose_patience
    outcomes: dict[str, int] = field(default_factory=lambda: {"succeeded": 0, "failed": 0})

    def undisturbed(self) -> tuple[list[Call], Content]:
        """The requests of a good run, and what it leaves."""
        bucket = self._bucket()
        with faults.watch("s3") as calls:
            self.run(bucket)
        return calls, self.content(bucket)

    def fails(self, fault: Fault, expected: Content, *, impatient: bool = False) -> Exception | None:
        """Run with `fault`, then again without; the error of the first run, None where it succeeded.

        An impatient first run may also give up on other requests, where the machine is slow. The second run waits.
        """
        bucket = self._bucket()
        error: Exception | None = None
        with pytest.MonkeyPatch.context() as patch:
            if impatient:
                self.lose_patience(patch)
            faults.inject(fault)
            try:
                self.run(bucket)
            except self.transient as failure:
                error = failure
            finally:
                faults.clear()
        left = self.content(bucket)
        where = f"{fault} at {fault.hits}"
        if error is None:
            assert left == expected, where
        else:
            self.check(left, expected)
            self.run(bucket)
            assert self.content(bucket) == expected, where
        # An upload that was begun without the client's knowing is invisible, and goes by the bucket's lifecycle.
        begun = len(self.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []))
        assert impatient or begun <= (fault.cut in ("amid", "after")), where
        self.outcomes["succeeded" if error is None else "failed"] += 1
        return error

    def each_once(self, kinds: Iterable[str], *, every: int) -> None:
        """Let one request of `every` fail once in each of the ways; with `--fast` a third of these."""
        calls, expected = self.undisturbed()
        every *= 3 if settings.get_current_profile_name() == "fast" else 1
        for kind in kinds:
            for place in chosen(len(calls), every, kind):
                fault = Fault("s3", skip=place, **FAULTS[kind])
                self.fails(fault, expected, impatient=kind.startswith("no answer"))
                assert len(fault.hits) > place, f"the run has fewer requests than {place}"

    def each_everywhere(self, kind: str, drilled: Drilled, what: str, *, every: int) -> None:
        """Let one request of `every` fail once in one of the ways, for the drill's table."""
        self.each_once([kind], every=every)
        places = f"one request of {every}, together at every one"
        drilled(f"{what}: any one request to S3 fails", 1, GOES_ON, unit=f"ways, at {places}")

    def each_for_good(self, operations: Sequence[str]) -> None:
        """Let every request of an operation fail, and go on failing: the run must fail."""
        _, expected = self.undisturbed()
        for operation in operations:
            fault = Fault("s3", operation, times=float("inf"), status=503, code="SlowDown")
            assert self.fails(fault, expected) is not None, f"succeeded without {operation}"

    def content(self, bucket: str) -> Content:
        """What is in a bucket."""
        listed = self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {one["Key"]: self._object(bucket, one["Key"]) for one in listed}

    def _object(self, bucket: str, key: str) -> tuple[bytes, dict[str, str]]:
        answer = self.s3.get_object(Bucket=bucket, Key=key)
        with answer["Body"] as body:
            return body.read(), answer["Metadata"]

    def _bucket(self) -> str:
        bucket = f"data-{uuid4()}"
        self.s3.create_bucket(Bucket=bucket)
        for key, (body, metadata) in self.fill.items():
            self.s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata)
        return bucket


def chosen(count: int, every: int, kind: str) -> range:
    """Which of `count` requests fail: one of `every`, from a place that the seed decides.

    Each kind of fault begins one further than the one before, so that `every` kinds together reach every request.
    """
    begin = drawn("sweep").randrange(every) + list(FAULTS).index(kind)
    return range(begin % every, count, every)


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Requests to this process's moto can be made to fail; boto3 tries again without waiting."""
    from botocore.retries.standard import ExponentialBackoff

    from local_aws.core.patching import restore

    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.0)
    faults.install(None)  # type: ignore[arg-type]
    yield
    faults.clear()
    restore()
