"""Line and sample numbers: where in the source a line stands, and which tick of its subject's clock it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mhealth.columns import SUBJECT
from mhealth.csv_blocks import Integers, Piece


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


@dataclass
class Numbering:
    """Counts through one file, piece by piece.

    `next_line` is the source's line number (from 1) of the next line. `subject` is the file's own, or None where every
    row names its subject. A sample is the data line's place, from 0, among the data lines of its subject: a rejected
    line uses up a number of the subject that it names, else of the subject of the data line before it (at the top of
    the file: after it).
    """

    next_line: int
    subject: int | None
    counts: dict[int, SubjectCount] = field(default_factory=dict)
    _current: int | None = None
    _waiting: int = 0

    def number(self, piece: Piece, columns: Sequence[str]) -> Numbered:
        """Number the lines of the next piece."""
        if self.subject is not None:
            count = self.counts.setdefault(self.subject, SubjectCount())
            samples = piece.good_data + count.lines
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
        for subject in np.unique(owners).tolist():
            if subject < 0:
                continue
            mine = owners == subject
            count = self.counts.setdefault(subject, SubjectCount())
            lines = int(mine.sum())
            samples[mine] = count.lines + np.arange(lines)
            count.lines += lines
            count.rows += int((subjects == subject).sum())
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
