"""Line and sample numbers: where in the source a line stands, and which tick of its subject's clock it is."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mhealth.raw.parser import Integers, Piece
from mhealth.schema import SUBJECT

_WHOEVER_WAS_BEFORE = -2
"""In place of a subject while some lines are looked at without those before them."""


@dataclass
class SubjectCount:
    """How many data lines count for a subject, and how many of them are good."""

    lines: int = 0
    rows: int = 0


@dataclass(frozen=True)
class Numbered:
    """For the good lines of a piece their line number in the source, sample and subject; for the bad ones the line."""

    lines: Integers
    samples: Integers
    subjects: Integers
    bad_lines: list[int]


@dataclass(frozen=True)
class Stretch:
    """What some lines mean for the numbers of those after them.

    `lines`: how many there are; `subjects`: how many data lines count for each subject; `unnamed`: how many more are
    there before the first one that names a subject, and count for the one before the stretch; `first` and `last`: the
    subject of the first and of the last line that has one, None where no line names any.
    """

    lines: int
    data_lines: int
    subjects: Mapping[int, int]
    unnamed: int
    first: int | None
    last: int | None


@dataclass
class Numbering:
    """Counts through one file, piece by piece.

    `next_line` is the source's line number (from 1) of the next line. `subject` is the file's own, or None where every
    row names its subject. A sample is the data line's place, from 0, among the data lines of its subject: a rejected
    line uses up a number of the subject that it names, else of the subject of the data line before it (at the top of
    the file: after it). `before` are the data lines of each subject that others have counted, `counts` the own ones.
    """

    next_line: int
    subject: int | None
    before: Mapping[int, int] = field(default_factory=dict)
    counts: dict[int, SubjectCount] = field(default_factory=dict)
    first: int | None = None
    _current: int | None = None
    _waiting: int = 0

    def number(self, piece: Piece, columns: Sequence[str]) -> Numbered:
        """Number the lines of the next piece."""
        if self.subject is not None:
            count = self.counts.setdefault(self.subject, SubjectCount())
            samples = piece.good_data + (self.before.get(self.subject, 0) + count.lines)
            subjects = np.full(len(samples), self.subject, np.int64)
            count.lines += piece.data_lines
            count.rows += len(samples)
        else:
            subjects = piece.values[columns.index(SUBJECT)].to_numpy().astype(np.int64)
            samples = self._by_row(piece, subjects)
        start = self.next_line
        self.next_line += piece.lines
        return Numbered(piece.good_lines + start, samples, subjects, [start + line for line, _, _ in piece.bad])

    def _by_row(self, piece: Piece, subjects: Integers) -> Integers:
        owners = self._owners(piece, subjects)
        samples = np.zeros(piece.data_lines, np.int64)
        # Each subject's lines together, in their order: a look at all lines for each subject would take as many looks.
        order = np.argsort(owners, kind="stable")
        found, starts = (each.tolist() for each in np.unique(owners[order], return_index=True))
        for subject, start, end in zip(found, starts, [*starts, len(owners)][1:], strict=True):
            if subject < 0:
                continue
            count = self.counts.setdefault(subject, SubjectCount())
            samples[order[start:end]] = self.before.get(subject, 0) + count.lines + np.arange(end - start)
            count.lines += end - start
        for subject, rows in zip(*(each.tolist() for each in np.unique(subjects, return_counts=True)), strict=True):
            self.counts[subject].rows += rows
        return samples[piece.good_data]

    def _owners(self, piece: Piece, subjects: Integers) -> Integers:
        """The subject for which each data line of the piece counts; -1 while none is known."""
        owners = np.full(piece.data_lines, -1, np.int64)
        owners[piece.good_data] = subjects
        for _, place, verdict in piece.bad:
            if verdict.subject is not None:
                owners[place] = verdict.subject
        for _, place, _ in piece.bad:  # in order, so each one finds the line before it settled
            if owners[place] < 0:
                before = owners[place - 1] if place else self._current
                owners[place] = -1 if before is None else before
        known = np.flatnonzero(owners >= 0)
        if self.first is None and len(known):
            self.first = int(owners[known[0]])
        if self._current is None:
            top = int(known[0]) if len(known) else piece.data_lines
            if len(known):
                first = int(owners[top])
                owners[:top] = first
                self.counts.setdefault(first, SubjectCount()).lines += self._waiting
                self._waiting = 0
            else:
                self._waiting += top
        if len(known):
            self._current = int(owners[-1])
        return owners

    def after(self, stretch: Stretch) -> Numbering:
        """The numbering of the lines behind a stretch, where this one is that of the stretch's own, not yet used."""
        before = dict(self.before)

        def count(subject: int, lines: int) -> None:
            before[subject] = before.get(subject, 0) + lines

        waiting = self._waiting
        if self._current is not None:
            count(self._current, stretch.unnamed)
        elif stretch.first is not None:
            count(stretch.first, waiting + stretch.unnamed)
            waiting = 0
        else:
            waiting += stretch.unnamed
        for subject, lines in stretch.subjects.items():
            count(subject, lines)
        current = self._current if stretch.last is None else stretch.last
        next_line = self.next_line + stretch.lines
        return Numbering(next_line, self.subject, before, _current=current, _waiting=waiting)


def stretch_of(pieces: Iterable[Piece], columns: Sequence[str], subject: int | None) -> Stretch:
    """Look at lines without those before them. `subject` is the file's own, or None where every row names its."""
    numbering = Numbering(0, subject, _current=_WHOEVER_WAS_BEFORE)
    data_lines = 0
    for piece in pieces:
        numbering.number(piece, columns)
        data_lines += piece.data_lines
    subjects = {subject: count.lines for subject, count in numbering.counts.items()}
    unnamed = data_lines - sum(subjects.values())
    last = numbering._current if numbering._current != _WHOEVER_WAS_BEFORE else None
    return Stretch(numbering.next_line, data_lines, subjects, unnamed, numbering.first, last)


def starts(first: Numbering, stretches: Sequence[Stretch]) -> list[Numbering]:
    """The numbering of each stretch of a file, in order, from the file's own on."""
    return list(itertools.accumulate(stretches[:-1], Numbering.after, initial=first))
