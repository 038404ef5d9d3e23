"""Any sequence of changes to a dataset, runs that end well or badly, and rollbacks, with what must hold after each.

What the table has to hold is read from the source files by tests/end_to_end/sources.py, which shares no line with the
project; what may be computed again is decided here, from names, contents and code versions alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.end_to_end import sources

from .daily_runs import DailyRuns, Run, Step

KEPT = 3


@dataclass(frozen=True)
class Recording:
    """The content of a source file: values that tell `seed`, line and column; perhaps with a line that is none."""

    seed: int
    lines: int
    bad: int | None = None

    @property
    def text(self) -> str:
        return "".join(f"{'oops' if line == self.bad else self._line(line)}\n" for line in range(self.lines))

    def _line(self, line: int) -> str:
        return "\t".join([*(f"{self.seed}.{line:02d}{place:02d}" for place in range(1, 24)), str(line % 13)])


recordings = st.builds(Recording, st.integers(-9, 9), st.integers(20, 40), st.none() | st.integers(0, 19))
places = st.integers(0, 9)
"""Which of the files, snapshots or earlier contents there are, counted round and round."""
names = st.builds("mHealth_subject{}{}".format, st.sampled_from(["", "0"]), st.integers(1, 6))


def subject_of(name: str) -> int:
    return int(name.removeprefix("mHealth_subject"))


@dataclass(frozen=True)
class Success:
    """What a run published."""

    files: dict[str, Recording]
    code: str
    snapshot: int


class History(RuleBasedStateMachine):
    """The rules change the dataset and run; the checks are made after each run and each rollback."""

    def __init__(self, make: Callable[[], DailyRuns]) -> None:
        super().__init__()
        self.daily = make()
        self.files: dict[str, Recording] = {}
        self.earlier: list[dict[str, Recording]] = []
        self.touched = True
        self.last: Success | None = None
        self.published: dict[int, Success] = {}
        self.seen: list[int] = []
        self.unrecorded: int | None = None
        self.whole: dict[int, list[sources.Row]] = {}
        self.converted: dict[str, str] = {}
        self.kept: set[int] = set()

    def teardown(self) -> None:
        self.daily.close()

    @initialize()
    def begin(self) -> None:
        for subject in (1, 2, 3):
            self._write(f"mHealth_subject{subject}", Recording(subject, 20 + subject))

    def _write(self, name: str, recording: Recording) -> None:
        self.files[name] = recording
        (self.daily.dataset / f"{name}.log").write_text(recording.text)
        self.touched = True

    def _remove(self, name: str) -> Recording:
        (self.daily.dataset / f"{name}.log").unlink()
        self.touched = True
        return self.files.pop(name)

    def _name(self, place: int) -> str:
        return sorted(self.files)[place % len(self.files)]

    def _is_free(self, name: str) -> bool:
        return subject_of(name) not in {subject_of(other) for other in self.files}

    @rule(place=places, recording=recordings)
    def change(self, place: int, recording: Recording) -> None:
        self._write(self._name(place), recording)

    @rule(name=names, recording=recordings)
    def add(self, name: str, recording: Recording) -> None:
        if self._is_free(name):
            self._write(name, recording)

    @precondition(lambda self: len(self.files) > 1)
    @rule(place=places)
    def remove(self, place: int) -> None:
        self._remove(self._name(place))

    @rule(place=places, name=names)
    def rename(self, place: int, name: str) -> None:
        """To another subject, or to another spelling of its own."""
        old = self._name(place)
        if self._is_free(name) or (subject_of(name) == subject_of(old) and name != old):
            self._write(name, self._remove(old))

    @rule(place=places, other=places)
    def exchange(self, place: int, other: int) -> None:
        first, second = self._name(place), self._name(other)
        content = self.files[first]
        self._write(first, self.files[second])
        self._write(second, content)

    @precondition(lambda self: self.earlier)
    @rule(place=places)
    def revert(self, place: int) -> None:
        """Make the dataset what it was at an earlier run."""
        then = dict(self.earlier[place % len(self.earlier)])
        for name in set(self.files) - set(then):
            self._remove(name)
        for name, recording in then.items():
            self._write(name, recording)

    @rule(number=st.integers(1, 3))
    def deploy(self, number: int) -> None:
        self.touched |= self.daily.code != f"code-{number}"
        self.daily.code = f"code-{number}"

    @precondition(lambda self: self.whole)
    @rule(place=places)
    def roll_back(self, place: int) -> None:
        there = sorted(set(self.published) & self.kept)
        self.daily.publish(there[place % len(there)])
        self._check_readers()

    @rule(missing_allowed=st.booleans())
    def run(self, missing_allowed: bool) -> None:
        before, gone = self._note_what_readers_see(), self._gone()
        run = self.daily.run(missing_allowed=missing_allowed)
        if run.outcome == "unchanged":
            self._check_unchanged(run)
        elif gone and not missing_allowed:
            assert run.outcome == "missing subject"
            self._ended(run, before)
        else:
            assert run.outcome == "published"
            self._retire(run, before)
            self._published(run)

    @rule(step=st.sampled_from(get_args(Step)), spared=st.integers(0, 2))
    def run_that_ends(self, step: Step, spared: int) -> None:
        before = self._note_what_readers_see()
        run = self.daily.run(step, spared=spared)
        if run.outcome == "unchanged":
            self._check_unchanged(run)
            return
        assert run.outcome == "ended"
        self._retire(run, before)
        if step == "record":
            self._succeed(run)  # the view has moved, and the next run notes what it shows then
            before = self.unrecorded = run.snapshot
        self._ended(run, before)
        self.touched = step != "record"

    def _gone(self) -> set[int]:
        """The subjects that readers see and the dataset has no longer."""
        had = self._shown().files
        return {subject_of(name) for name in had} - {subject_of(name) for name in self.files}

    def _rows(self) -> list[sources.Row]:
        rejected = frozenset((name, one.bad) for name, one in self.files.items() if one.bad is not None)
        return sources.of_logs(self.daily.dataset, rejected=rejected)

    def _check_readers(self) -> None:
        published = self.daily.published()
        if published is not None:
            assert self.daily.table() == self.whole[published]

    def _check_unchanged(self, run: Run) -> None:
        assert self.last is not None
        assert (self.files, self.daily.code) == (self.last.files, self.last.code)
        assert [key for _, key in run.writes if not key.startswith("manifests/publications/")] == []
        if self.daily.published() == self.last.snapshot:
            assert self.daily.table() == self._rows()

    def _ended(self, run: Run, published: int | None) -> None:
        """Readers see nothing of a run that ended before its time."""
        self.earlier.append(dict(self.files))
        self._note_conversions(run)
        assert self.daily.published() == published
        self._check_readers()
        # Something of it may have been seen: the next run need not be told that there is nothing new.
        self.touched = True

    def _note_what_readers_see(self) -> int | None:
        """A run begins: what the view shows counts as seen last, from now on."""
        shown = self.daily.published()
        if self.unrecorded is not None and self.unrecorded != shown:
            # Somebody rolled back before anybody could note it: nothing tells that it was published.
            self.last, self.touched = self.published.get(max(self.seen, default=0)), True
        self.unrecorded = None
        if shown is not None:
            self.seen = [*(one for one in self.seen if one != shown), shown]
        return shown

    def _shown(self) -> Success:
        """What made the snapshot that readers saw when the last run began."""
        return self.published[self.seen[-1]] if self.seen else Success({}, "", 0)

    def _succeed(self, run: Run) -> None:
        self.whole[run.snapshot] = self._rows()
        self.last = self.published[run.snapshot] = Success(dict(self.files), self.daily.code, run.snapshot)

    def _note_conversions(self, run: Run) -> None:
        self.converted |= dict.fromkeys(run.written("PutObject", "stage/"), self.daily.code)

    def _published(self, run: Run) -> None:
        assert self.touched, "there was nothing new"
        assert self.daily.published() == run.snapshot
        self._check_work(run)
        self._succeed(run)
        self._check_readers()
        self.seen.append(run.snapshot)
        self.touched = False
        self.earlier.append(dict(self.files))

    def _check_work(self, run: Run) -> None:
        """What is as readers see it is carried; the rest is made again, and converted unless that was done."""
        shown = self._shown()
        had = shown.files if shown.code == self.daily.code else {}
        new = {name for name, recording in self.files.items() if had.get(name) != recording}
        manifest = self.daily.document(f"manifests/snapshots/{run.snapshot}.json")
        made = {file["subject"] for file in manifest["files"] if not file["carried"]}
        assert made == {subject_of(name) for name in new}
        folder = f"processed/snapshot={run.snapshot}/"
        assert len(run.written("PutObject", folder)) == len(new)
        assert len(run.written("CopyObject", folder)) == len(self.files) - len(new)
        stage = {each["name"]: f"stage/{each['raw_key'][4:-4]}.parquet" for each in manifest["sources"]}
        to_convert = {name for name in stage if self.converted.get(stage[name]) != self.daily.code}
        assert to_convert <= new
        assert run.written("PutObject", "stage/") == {stage[name] for name in to_convert}
        assert {key.rpartition("/")[2].removesuffix(".csv") for key in run.written("PutObject", "raw/")} <= new
        self._note_conversions(run)

    def _retire(self, run: Run, published: int | None) -> None:
        """Kept are the three that readers saw last, the one that they see, and the one that is made; no other."""
        if not run.written("PutObject", "manifests/snapshots/"):
            return
        self.kept.add(run.snapshot)
        self.kept &= {run.snapshot, published or 0, *[one for one in self.seen if one in self.kept][-KEPT:]}
        manifests = {int(key.rpartition("/")[2][:-5]) for key in self.daily.keys("manifests/snapshots/")}
        folders = {int(key.split("/")[1].removeprefix("snapshot=")) for key in self.daily.keys("processed/")}
        assert manifests == folders == self.kept
        assert set(self.daily.registered()) <= self.kept
