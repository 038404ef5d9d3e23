"""The canonical column names, and the spellings by which a header may name them.

A name is put together from a position, a sensor and an axis, so the spellings are, too: the tables below hold the words
that people write for each part and the orders in which they write them. Case and everything that is neither letter nor
digit mean nothing: `Acc_LAnkle_X`, `acc l-ankle x` and `acclanklex` are one spelling.

The words are those of public repositories that name this dataset's columns (looked at in November 2026), and of the
dataset's own README.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

_AXES = ("x", "y", "z")

_POSITIONS = {
    # canonical: (where the sensor is, on which side)
    "chest": (("chest",), ("",)),
    "ankle": (("ankle", "ank"), ("", "left", "l")),
    "arm": (("arm", "lower arm", "forearm", "wrist", "hand"), ("", "right", "rig", "r", "rl")),
}
_SENSORS = {
    "accel": ("accel", "acc", "acceleration", "accelerometer"),
    "gyro": ("gyro", "gyr", "gyroscope"),
    "mag": ("mag", "magn", "magno", "magnet", "magneto", "magnetometer"),
}
_ORDERS = (
    "{side}{position}{sensor}{axis}",
    "{position}{side}{sensor}{axis}",
    "{position}{sensor}{side}{axis}",
    "{sensor}{side}{position}{axis}",
    "{sensor}{position}{side}{axis}",
    "{sensor}{axis}{side}{position}",
    "{axis}{sensor}{side}{position}",
    "{sensor} from the {side}{position} sensor ({axis} axis)",
)
_SHORT = {"al": "ankle_accel", "gl": "ankle_gyro", "ar": "arm_accel", "gr": "arm_gyro"}
"""Layout 2's own: `alx` is the acceleration, left (ankle), x."""

_ECG = ("ecg", "ekg", "electrocardiogram")
_LEADS = ("", "lead", "l", "signal", "signal (lead ")
_LABEL = ("label", "activity", "activity_id", "activity_label", "class", "target")
_SUBJECT = ("subject", "subject_id", "participant", "participant_id", "user", "user_id")


def _vector(name: str) -> tuple[str, ...]:
    return tuple(f"{name}_{axis}" for axis in _AXES)


LIMBS_ONLY = (*_vector("ankle_accel"), *_vector("ankle_gyro"), *_vector("arm_accel"), *_vector("arm_gyro"))
"""The sensors of layout 2, in its order."""

SENSORS = (
    *_vector("chest_accel"),
    *("ecg_1", "ecg_2"),
    *(*_vector("ankle_accel"), *_vector("ankle_gyro"), *_vector("ankle_mag")),
    *(*_vector("arm_accel"), *_vector("arm_gyro"), *_vector("arm_mag")),
)
"""All sensors, in the order of layout 1."""


def folded(name: str) -> str:
    """Return a name without what means nothing in it.

    >>> folded("Acc_LAnkle-X "), folded("Unnamed: 0")
    ('acclanklex', 'unnamed0')
    """
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def _spellings() -> Iterator[tuple[str, str]]:
    """Yield each spelling with the canonical name that it is for."""
    for (limb, (positions, sides)), (kind, sensors) in itertools.product(_POSITIONS.items(), _SENSORS.items()):
        for position, side, sensor, axis, order in itertools.product(positions, sides, sensors, _AXES, _ORDERS):
            spelling = order.format(position=position, side=side, sensor=sensor, axis=axis)
            yield spelling, f"{limb}_{kind}_{axis}"
    for (short, name), axis in itertools.product(_SHORT.items(), _AXES):
        yield f"{short}{axis}", f"{name}_{axis}"
    for ecg, lead, number in itertools.product(_ECG, _LEADS, ("1", "2")):
        yield f"{ecg}{lead}{number}", f"ecg_{number}"
        yield f"chest {ecg}{lead}{number}", f"ecg_{number}"
        yield f"{ecg} chest {lead}{number}", f"ecg_{number}"
    yield from ((spelling, "label") for spelling in _LABEL)
    yield from ((spelling, "subject") for spelling in _SUBJECT)


ALIASES = {folded(spelling): name for spelling, name in _spellings()}
"""Spellings that every layout may use, folded, to canonical names."""

_INDEX = re.compile(r"unnamed[0-9]*|index")


def is_index(name: str) -> bool:
    """Tell whether a header's first name is that of a row index: none at all, `Unnamed: 0` (pandas), `index`."""
    return not name.strip() or _INDEX.fullmatch(folded(name)) is not None
