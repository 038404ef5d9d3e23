"""One synthetic cycle of each activity at chest, left ankle and right lower arm: acceleration with gravity, m/s2.

A foot strikes the ground once per stride and the chest moves with both feet, so that the ankle shows half the frequency
of the chest. When a limb rotates, gravity rotates in its axes. The axes are those of the real recordings: the chest's x
and the ankle's y axis point up along the body, the chest's z axis forward.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

POINTS = 256
"""Points of a cycle."""

GRAVITY = 9.81  # m/s2
LIMBS = ("chest", "ankle", "arm")

_CYCLE: Floats = np.arange(POINTS) / POINTS
_UPRIGHT = {"chest": (-9.81, 0.2, 0.4), "ankle": (2.0, -9.6, 0.6), "arm": (-8.6, -4.5, 0.3)}
_SITTING = {"chest": (-9.5, 0.2, 2.4), "ankle": (3.1, -9.2, 1.2), "arm": (-3.4, -8.9, 2.3)}
_LYING = {"chest": (0.0, 0.2, GRAVITY), "ankle": (0.5, -1.4, -9.7), "arm": (-0.6, 0.5, 9.7)}
_LEANING = {"chest": (-8.5, 0.2, 4.9), "ankle": (2.0, -9.6, 0.6), "arm": (-5.7, -7.3, 3.3)}

Posture = dict[str, tuple[float, float, float]]
Swing = dict[str, tuple[Floats, Floats, Floats]]


@dataclass(frozen=True)
class Activity:
    """An activity: posture, movement of one cycle, cycles per second, heart beats per minute."""

    posture: Posture
    swing: Swing
    hertz: float
    pulse: float


def _wave(times: int, shift: float = 0.0) -> Floats:
    """A sine with `times` periods per cycle, delayed by `shift` periods."""
    values: Floats = np.sin(2 * np.pi * (times * _CYCLE - shift))
    return values


def _bump(centre: float, width: float) -> Floats:
    """A short pulse around `centre` (0 to 1) with a mean of zero over the cycle."""
    away = (_CYCLE - centre + 0.5) % 1 - 0.5
    push: Floats = np.exp(-((away / width) ** 2))
    push -= push.mean()
    return push


def _still(size: float) -> Swing:
    """Almost no movement: breathing at the chest."""
    return {
        "chest": (0.3 * size * _wave(1), size * _wave(1, 0.1), size * _wave(1, 0.3)),
        "ankle": (0.2 * size * _wave(1), 0.2 * size * _wave(1, 0.4), 0.2 * size * _wave(1, 0.7)),
        "arm": (0.4 * size * _wave(1), 0.4 * size * _wave(1, 0.2), 0.4 * size * _wave(1, 0.6)),
    }


def _stride(bounce: float, ankle: float, arm: float) -> Swing:
    """Two steps. The left foot swings, strikes the ground once and pushes off; the chest bounces with both feet."""
    strike = _bump(0.1, 0.035) - 0.5 * _bump(0.17, 0.04)
    push = _bump(0.62, 0.06)
    bounce_wave = _wave(2, 0.15) + 0.35 * _wave(4, 0.4) + 0.1 * _wave(1)
    return {
        "chest": (
            bounce * bounce_wave,
            0.35 * bounce * _wave(1, 0.2),
            0.4 * bounce * (_wave(2, 0.55) + 0.3 * _wave(4)),
        ),
        "ankle": (
            ankle * (0.9 * _wave(1, 0.1) + 0.5 * _wave(2, 0.3) + 1.2 * strike),
            ankle * (0.7 * _wave(1, 0.35) - 2.0 * strike - 0.8 * push),
            ankle * (0.4 * _wave(1, 0.6) + 0.3 * _wave(3, 0.2) + 0.5 * strike),
        ),
        "arm": (
            arm * (_wave(1, 0.55) + 0.4 * bounce_wave),
            arm * (0.7 * _wave(1, 0.3) + 0.2 * _wave(2)),
            arm * (0.5 * _wave(1, 0.8) + 0.3 * bounce_wave),
        ),
    }


def _jump(size: float) -> Swing:
    """Both feet together: one landing per cycle, forward and back in turn at the chest's z axis."""
    landing = _bump(0.2, 0.06) + 0.6 * _wave(1, 0.5)
    return {
        "chest": (-size * landing, 0.2 * size * _wave(1, 0.1), 0.3 * size * _wave(1, 0.35)),
        "ankle": (0.4 * size * landing, -1.2 * size * landing, 0.3 * size * _wave(2, 0.2)),
        "arm": (-0.7 * size * landing, 0.5 * size * _wave(1, 0.4), 0.3 * size * _wave(2, 0.6)),
    }


def _turned(posture: Posture, limb: str, axes: tuple[int, int], degrees: float) -> tuple[Floats, Floats, Floats]:
    """The change of gravity by a rotation about one axis: from the posture to `degrees` and back, once per cycle."""
    angle = np.radians(degrees) * (1 - np.cos(2 * np.pi * _CYCLE)) / 2
    down, ahead = (posture[limb][axis] for axis in axes)
    added = [np.zeros(POINTS), np.zeros(POINTS), np.zeros(POINTS)]
    added[axes[0]] = down * np.cos(angle) + ahead * np.sin(angle) - down
    added[axes[1]] = ahead * np.cos(angle) - down * np.sin(angle) - ahead
    return added[0], added[1], added[2]


def _bends() -> Swing:
    return {
        **_still(0.1),
        "chest": _turned(_UPRIGHT, "chest", (0, 2), 80),
        "arm": _turned(_UPRIGHT, "arm", (0, 1), 40),
    }


def _arm_raises() -> Swing:
    return {**_still(0.3), "arm": _turned(_UPRIGHT, "arm", (0, 2), 150)}


def _crouches() -> Swing:
    dip = 2.2 * _wave(2, 0.2)
    return {
        "chest": (dip, 0.2 * dip, _turned(_UPRIGHT, "chest", (0, 2), 25)[2]),
        "ankle": _turned(_UPRIGHT, "ankle", (1, 0), 35),
        "arm": _turned(_UPRIGHT, "arm", (0, 2), 70),
    }


def _pedals() -> Swing:
    return {
        "chest": (0.5 * _wave(2), 0.9 * _wave(1), 0.4 * _wave(2, 0.3)),
        "ankle": (4.0 * _wave(1) + 0.6 * _wave(2, 0.1), 3.2 * _wave(1, 0.25), 0.9 * _wave(1, 0.4)),
        "arm": (0.4 * _wave(2, 0.2), 0.6 * _wave(1, 0.5), 0.3 * _wave(2, 0.7)),
    }


ACTIVITIES = (
    Activity(_UPRIGHT, _stride(1.2, 2.2, 1.2), 0.7, 85),  # 0 null class: strolls and pauses
    Activity(_UPRIGHT, _still(0.04), 0.25, 75),  # 1 standing still
    Activity(_SITTING, _still(0.04), 0.25, 70),  # 2 sitting and relaxing
    Activity(_LYING, _still(0.04), 0.2, 62),  # 3 lying down
    Activity(_UPRIGHT, _stride(2.2, 4.0, 1.9), 0.95, 95),  # 4 walking
    Activity(_UPRIGHT, _stride(2.4, 3.6, 1.8), 0.8, 115),  # 5 climbing stairs
    Activity(_UPRIGHT, _bends(), 0.3, 95),  # 6 waist bends forward
    Activity(_UPRIGHT, _arm_raises(), 0.5, 95),  # 7 frontal elevation of arms
    Activity(_UPRIGHT, _crouches(), 0.5, 110),  # 8 knees bending (crouching)
    Activity(_LEANING, _pedals(), 1.15, 120),  # 9 cycling
    Activity(_UPRIGHT, _stride(7.0, 9.0, 6.0), 1.25, 140),  # 10 jogging
    Activity(_UPRIGHT, _stride(9.0, 11.0, 7.5), 1.45, 160),  # 11 running
    Activity(_UPRIGHT, _jump(9.0), 1.7, 150),  # 12 jump front and back
)
"""By label."""


def rests() -> dict[str, Floats]:
    """The value of each axis in each activity's posture, by label."""
    return {
        f"{limb}_accel_{axis}": np.array([activity.posture[limb][place] for activity in ACTIVITIES])
        for limb in LIMBS
        for place, axis in enumerate("xyz")
    }


def swings() -> dict[str, Floats]:
    """The cycles of all activities for each axis, concatenated by label."""
    return {
        f"{limb}_accel_{axis}": np.concatenate([activity.swing[limb][place] for activity in ACTIVITIES])
        for limb in LIMBS
        for place, axis in enumerate("xyz")
    }
