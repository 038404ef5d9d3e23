"""Numbers lines: their line number in the source, and their sample number, which is the time in the recording."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mhealth.raw.parser import Integers, ParsedBlock
from mhealth.schema import SUBJECT

_UNKNOWN_PREVIOUS_SUBJECT = -2
"""Stands for the subject of the line before a part, while the part is counted without the parts before it."""


@dataclass
class SubjectCount:
    """How many data lines count for a subject, and how many of them are good."""

    lines: int = 0
    rows: int = 0


@dataclass(frozen=True)
class Numbered:
    """Line number in the source, sample and subject of each good line of a block; line number of each bad one."""

    lines: Integers
    samples: Integers
    subjects: Integers
    bad_lines: list[int]


@dataclass(frozen=True)
class PartCounts:
    """The counts of a part of a file that the numbers of the lines behind it depend on.

    `lines`: all lines; `data_lines`: those that are not blank; `subjects`: data lines that count for each subject;
    `unnamed`: data lines before the first one that names a subject, which count for the subject of the line before the
    part; `first` and `last`: the subject of the first and of the last line that has one, None where no line has one.
    """

    lines: int
    data_lines: int
    subjects: Mapping[int, int]
    unnamed: int
    first: int | None
    last: int | None


@dataclass
class Numbering:
    """Counts through one file, block by block.

    `next_line` is the source's line number (from 1) of the next line. `subject` is the file's own, or None where every
    row names its subject. A sample is the data line's place, from 0, among the data lines of its subject: a rejected
    line uses up a number of the subject that it names, else of the subject of the data line before it (at the top of
    the file: after it). `before` are each subject's data lines in the parts before, `counts` those counted here.
    """

    next_line: int
    subject: int | None
    before: Mapping[int, int] = field(default_factory=dict)
    counts: dict[int, SubjectCount] = field(default_factory=dict)
    first: int | None = None
    _current: int | None = None
    _waiting: int = 0

    def number(self, block: ParsedBlock, columns: Sequence[str]) -> Numbered:
        """Number the lines of the next block."""
        if self.subject is not None:
            count = self.counts.setdefault(self.subject, SubjectCount())
            samples = block.good_data + (self.before.get(self.subject, 0) + count.lines)
            subjects = np.full(len(samples), self.subject, np.int64)
            count.lines += block.data_lines
            count.rows += len(samples)
        else:
            subjects = block.values[columns.index(SUBJECT)].to_numpy().astype(np.int64)
            samples = self._by_row(block, subjects)
        start = self.next_line
        self.next_line += block.lines
        return Numbered(block.good_lines + start, samples, subjects, [start + line for line, _, _ in block.bad])

    def _by_row(self, block: ParsedBlock, subjects: Integers) -> Integers:
        owners = self._owners(block, subjects)
        samples = np.zeros(block.data_lines, np.int64)
        # Each subject's lines together, in their order, by one sort: no scan of all lines for each subject.
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
        return samples[block.good_data]

    def _owners(self, block: ParsedBlock, subjects: Integers) -> Integers:
        """The subject for which each data line of the block counts; -1 while none is known."""
        owners = np.full(block.data_lines, -1, np.int64)
        owners[block.good_data] = subjects
        for _, place, verdict in block.bad:
            if verdict.subject is not None:
                owners[place] = verdict.subject
        for _, place, _ in block.bad:  # in order: the line before has its owner
            if owners[place] < 0:
                before = owners[place - 1] if place else self._current
                owners[place] = -1 if before is None else before
        known = np.flatnonzero(owners >= 0)
        if self.first is None and len(known):
            self.first = int(owners[known[0]])
        if self._current is None:
            top = int(known[0]) if len(known) else block.data_lines
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

    def after(self, part: PartCounts) -> Numbering:
        """The numbering of the first line behind a part, where this one is that of the part's first line."""
        before = dict(self.before)

        def count(subject: int, lines: int) -> None:
            before[subject] = before.get(subject, 0) + lines

        waiting = self._waiting
        if self._current is not None:
            count(self._current, part.unnamed)
        elif part.first is not None:
            count(part.first, waiting + part.unnamed)
            waiting = 0
        else:
            waiting += part.unnamed
        for subject, lines in part.subjects.items():
            count(subject, lines)
        current = self._current if part.last is None else part.last
        next_line = self.next_line + part.lines
        return Numbering(next_line, self.subject, before, _current=current, _waiting=waiting)


def part_counts(blocks: Iterable[ParsedBlock], columns: Sequence[str], subject: int | None) -> PartCounts:
    """Count the lines of a part, without the parts before it. `subject` is the file's, or None."""
    numbering = Numbering(0, subject, _current=_UNKNOWN_PREVIOUS_SUBJECT)
    data_lines = 0
    for block in blocks:
        numbering.number(block, columns)
        data_lines += block.data_lines
    subjects = {subject: count.lines for subject, count in numbering.counts.items()}
    unnamed = data_lines - sum(subjects.values())
    last = numbering._current if numbering._current != _UNKNOWN_PREVIOUS_SUBJECT else None
    return PartCounts(numbering.next_line, data_lines, subjects, unnamed, numbering.first, last)


def starts(first: Numbering, parts: Sequence[PartCounts]) -> list[Numbering]:
    """The numbering of the first line of each part of a file, in order; `first` is that of the file."""
    return list(itertools.accumulate(parts[:-1], Numbering.after, initial=first))
