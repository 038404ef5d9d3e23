"""The synthetic signals show what the sensors would: gravity, feet, hearts. Expectations are physiology's, by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from mhealth_ops.kaggle.synthetic import recording

STANDING, SITTING, LYING, WALKING, BENDS, CYCLING, JOGGING, RUNNING = 1, 2, 3, 4, 6, 9, 10, 11
RATE = 50  # samples per second


class Recording:
    """Every column of a subject's recording, by activity."""

    def __init__(self, subject: int) -> None:
        table = recording(subject, 100_000)
        self._columns = {name: table[name].to_numpy() for name in table.column_names}

    def __call__(self, activity: int, column: str) -> npt.NDArray[np.float64]:
        return self._columns[column][self._columns["label"] == activity]

    def mean(self, activity: int, column: str) -> float:
        return float(self(activity, column).mean())

    def spread(self, activity: int, column: str) -> float:
        return float(np.ptp(self(activity, column)))

    def hertz(self, activity: int, column: str, least: float = 0.3) -> float:
        """The strongest frequency above `least`."""
        values = self(activity, column)
        strength = np.abs(np.fft.rfft((values - values.mean()) * np.hanning(len(values))))
        frequencies = np.fft.rfftfreq(len(values), 1 / RATE)
        return float(frequencies[np.argmax(np.where(frequencies > least, strength, 0))])

    def beats_per_minute(self, activity: int) -> float:
        """From the R waves: half as high as a high one, a fifth of a second apart."""
        lead = self(activity, "ecg_1")
        high = np.flatnonzero(lead > 0.5 * np.quantile(lead, 0.999))
        beats = 1 + np.count_nonzero(np.diff(high) > RATE / 5)
        return beats / (len(lead) / RATE / 60)


@pytest.fixture(scope="module", params=[1, 2])
def person(request: pytest.FixtureRequest) -> Recording:
    return Recording(request.param)


def test_gravity_says_how_the_body_lies(person: Recording) -> None:
    assert person.mean(STANDING, "chest_accel_x") == pytest.approx(-9.8, abs=0.1)
    assert person.mean(LYING, "chest_accel_z") == pytest.approx(9.8, abs=0.1)
    for activity in (STANDING, SITTING, LYING):
        for limb, more in (("chest", 0.2), ("ankle", 0.3), ("arm", 0.4)):
            whole = sum(person.mean(activity, f"{limb}_accel_{axis}") ** 2 for axis in "xyz") ** 0.5
            assert whole == pytest.approx(9.81, abs=more), "at rest a sensor feels gravity and nothing else"


def test_a_bend_turns_gravity_from_the_chests_length_to_its_front(person: Recording) -> None:
    assert person(BENDS, "chest_accel_x").min() == pytest.approx(-9.8, abs=0.8), "upright"
    assert person(BENDS, "chest_accel_z").max() == pytest.approx(9.8, abs=1.8), "bent"
    length = np.hypot(person(BENDS, "chest_accel_x"), person(BENDS, "chest_accel_z"))
    assert length.mean() == pytest.approx(9.81, abs=0.4)


def test_the_ankle_feels_one_foot_and_the_chest_both(person: Recording) -> None:
    # People walk with 100 to 130 steps a minute, jog with 140 to 165, run with 160 to 190; a stride is two steps.
    for activity, least, most in ((WALKING, 100, 130), (JOGGING, 135, 170), (RUNNING, 155, 195)):
        stride = person.hertz(activity, "ankle_accel_x")
        assert least / 120 < stride < most / 120
        assert person.hertz(activity, "chest_accel_x") == pytest.approx(2 * stride, rel=0.03)


def test_who_moves_faster_shakes_more(person: Recording) -> None:
    for column in ("chest_accel_x", "ankle_accel_y", "arm_accel_x"):
        assert (
            person.spread(RUNNING, column) > 1.5 * person.spread(WALKING, column) > 6 * person.spread(STANDING, column)
        )


def test_the_heart_beats_faster_the_harder_the_work(person: Recording) -> None:
    work = (LYING, STANDING, WALKING, CYCLING, RUNNING)
    lying, standing, walking, cycling, running = map(person.beats_per_minute, work)
    assert 50 < lying < standing < walking < cycling < running < 190
    assert 60 < standing < 90


def test_subjects_have_a_pace_of_their_own() -> None:
    paces = {round(Recording(subject).hertz(WALKING, "ankle_accel_x"), 2) for subject in (1, 2, 3)}
    assert len(paces) == 3
