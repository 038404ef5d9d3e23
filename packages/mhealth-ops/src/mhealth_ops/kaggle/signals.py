"""The 23 sensor columns of a synthetic recording, from its labels: movements (movements.py) and ECG.

No two cycles are equal: each subject has its own pace, strength and pulse, which vary slowly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mhealth_ops.kaggle.movements import ACTIVITIES, LIMBS, POINTS, Floats, rests, swings

RATE = 50  # samples per second

_RESTS, _SWINGS = rests(), swings()
_HERTZ = np.array([activity.hertz for activity in ACTIVITIES])
_PULSE = np.array([activity.pulse for activity in ACTIVITIES])
_BEHIND = {"x": 9, "y": 4, "z": 17}
"""The delay in samples of gyroscope and magnetometer after the acceleration of their axis."""

_PULSES = np.arange(40.0, 240.0, 10.0)
"""The pulses, in beats per minute, with a beat shape in `_BEATS`."""
_BEAT_POINTS = 512
_RECOVERY = 20.0  # seconds in which the pulse changes by two thirds to that of a new activity


@dataclass(frozen=True)
class _Course:
    """The course of a recording, by sample: index in `_SWINGS`, strength of the movement, index in `_BEATS`."""

    place: npt.NDArray[np.int64]
    strength: Floats
    beat: npt.NDArray[np.int64]


def signals(labels: npt.NDArray[np.int32], random: np.random.Generator) -> dict[str, Floats]:
    """Every sensor column by its name in raw/, for samples with these labels."""
    course = _course(labels, random)

    def noise(size: float) -> Floats:
        values: Floats = random.standard_normal(len(labels)) * size
        return values

    columns: dict[str, Floats] = {}
    moved: dict[str, Floats] = {}
    for name, swing in _SWINGS.items():
        moved[name] = swing[course.place] * course.strength
        columns[name] = _RESTS[name][labels] + moved[name] + noise(0.08 if name.startswith("chest") else 0.1)
    columns |= _ecg(course.beat, 0.006 * moved["chest_accel_x"], noise)
    for limb in LIMBS[1:]:
        for axis, rest in zip("xyz", (0.1, -0.8, -0.6), strict=True):
            behind = np.roll(moved[f"{limb}_accel_{axis}"], _BEHIND[axis])
            columns[f"{limb}_gyro_{axis}"] = rest + 0.1 * behind + noise(0.02)
            field = 3.0 * rest + 1.5 * behind + noise(0.6)
            columns[f"{limb}_mag_{axis}"] = np.rint(100 * field) / 100  # coarse: two decimals
    return columns


def _course(labels: npt.NDArray[np.int32], random: np.random.Generator) -> _Course:
    pace, strength, heart = 1 + 0.05 * np.clip(random.standard_normal(3), -1.5, 1.5)
    seconds = labels[::RATE]
    wander = _wander(len(seconds), random)
    # The null class alternates between walking slowly and standing.
    idle = np.clip(0.4 + 9 * wander[1], 0, 1)
    strengths = np.where(seconds == 0, idle, 1 + wander[1]) * strength

    def each_sample(values: Floats) -> Floats:
        if not len(values):
            return values
        found: Floats = np.interp(np.arange(len(labels)) / RATE, np.arange(len(values)), values)
        return found

    cycles = np.cumsum(_HERTZ[labels] * pace * each_sample(1 + 0.3 * wander[0])) / RATE
    place = labels.astype(np.int64) * POINTS + (cycles % 1 * POINTS).astype(np.int64)
    pulse = each_sample(_pulse(seconds) * heart * (1 + 0.5 * wander[2]))
    beats = np.cumsum(pulse) / 60 / RATE
    shape = np.rint(np.interp(pulse, _PULSES, np.arange(len(_PULSES)))).astype(np.int64)
    return _Course(place, each_sample(strengths), shape * _BEAT_POINTS + (beats % 1 * _BEAT_POINTS).astype(np.int64))


def _wander(seconds: int, random: np.random.Generator) -> Floats:
    """Three slow random curves around 0, one value per second; about 90 % are within 0.1."""
    steps = random.standard_normal((3, seconds)) * 0.027
    place = np.zeros(3)
    courses = np.empty((3, seconds))
    for second in range(seconds):
        place = 0.9 * place + steps[:, second]
        courses[:, second] = place
    return courses


def _pulse(seconds: npt.NDArray[np.int32]) -> Floats:
    """Beats per minute by second, which approach the pulse of the activity."""
    found = np.empty(len(seconds))
    now = _PULSE[1]
    for second, label in enumerate(seconds):
        now += (_PULSE[label] - now) / _RECOVERY
        found[second] = now
    return found


def _ecg(beat: npt.NDArray[np.int64], artefact: Floats, noise: Callable[[float], Floats]) -> dict[str, Floats]:
    """Two leads, mV: P, Q, R, S and T of each beat, and artefacts of the moving chest."""
    shape = _BEATS[beat]
    return {"ecg_1": shape + artefact + noise(0.02), "ecg_2": 0.8 * shape + artefact + noise(0.02)}


def _one_beat(pulse: float) -> Floats:
    """The shape of a beat, with its R wave at 0.4. The waves of a faster pulse are closer, but hardly shorter."""
    seconds = (np.arange(_BEAT_POINTS) / _BEAT_POINTS - 0.4) * 60 / pulse
    hurry = (75 / pulse) ** 0.5

    def wave(centre: float, width: float) -> Floats:
        values: Floats = np.exp(-(((seconds - centre) / width) ** 2))
        return values

    p_wave, t_wave = 0.12 * wave(-0.15 * hurry, 0.03 * hurry), 0.25 * wave(0.25 * hurry, 0.05 * hurry)
    # Wide enough to be sampled at 50 Hz.
    complexes = 1.1 * wave(0.0, 0.02) - 0.15 * wave(-0.04, 0.015) - 0.25 * wave(0.045, 0.015)
    beats: Floats = p_wave + complexes + t_wave
    return beats


_BEATS = np.concatenate([_one_beat(float(pulse)) for pulse in _PULSES])
