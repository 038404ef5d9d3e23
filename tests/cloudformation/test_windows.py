"""The named query Windows on small tables made by hand, by the local Athena's default engine."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pytest

from local_aws_harness.athena_default import Default, default_engine
from tools.docs.parameters import template
from tools.docs.queries import queries

AXES = [f"{sensor}_{axis}" for sensor in ("accel", "ankle_accel", "ankle_gyro", "ankle_mag") for axis in "xyz"]
AXES += [f"arm_{kind}_{axis}" for kind in ("accel", "gyro", "mag") for axis in "xyz"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Default]:
    with default_engine(tmp_path_factory.mktemp("windows")) as found:
        yield found


@functools.cache
def named_query() -> str:
    text = queries(template())["Windows"]
    assert text.startswith("WITH ")
    return text


def windows(
    engine: Default,
    samples: int,
    *,
    missing: Iterable[int] = (),
    labels: str = "0",
    values: Mapping[str, str] | None = None,
) -> list[dict[str, str | None]]:
    """The windows of subject 7: `labels` and `values` are SQL of the sample's number n; an axis without one is zero."""
    given = values or {}
    axes = ", ".join(f"{given.get(axis, '0e0')} AS {axis}" for axis in AXES)
    numbers = ", ".join(map(str, missing)) or "-1"
    made = f"""
        WITH mhealth AS (
          SELECT '7-' || lpad(CAST(n AS varchar), 7, '0') AS id, 7 AS subject, {labels} AS activity_id, {axes},
                 date_add('millisecond', 20 * n, timestamp '2014-01-01 00:00:00.000') AS timestamp
          FROM UNNEST(sequence(0, {samples - 1})) AS numbered (n)
          WHERE n NOT IN ({numbers})
        ),"""
    answer = engine.ask(made + named_query().removeprefix("WITH"))
    assert answer.error is None, answer.error
    return [dict(zip((name for name, _ in answer.columns), row, strict=True)) for row in answer.rows]


def column(rows: Sequence[Mapping[str, str | None]], name: str) -> list[str | None]:
    return [row[name] for row in rows]


def test_a_window_begins_every_64_samples_and_the_incomplete_last_ones_are_left_out(engine: Default) -> None:
    rows = windows(engine, 319)
    assert column(rows, "window_number") == ["0", "1", "2"]
    assert column(rows, "start") == [f"2014-01-01 00:00:0{second}" for second in ("0.000", "1.280", "2.560")]
    assert column(windows(engine, 320), "window_number") == ["0", "1", "2", "3"]
    assert windows(engine, 127) == []


def test_no_window_spans_a_missing_sample(engine: Default) -> None:
    # Sample 200 belongs to the windows 2 (128 to 255) and 3 (192 to 319), sample 0 to the first one alone.
    assert column(windows(engine, 448, missing=[200]), "window_number") == ["0", "1", "4", "5"]
    assert column(windows(engine, 320, missing=[0]), "window_number") == ["1", "2", "3"]


def test_the_label_of_most_samples_counts_and_of_equals_the_smallest(engine: Default) -> None:
    # Window 0: 64 samples of 9 and 64 of 4. Window 1: 64 of 4, 44 of 12, 20 of 0. Window 2: 84 of 0, 44 of 12.
    labels = "CASE WHEN n < 64 THEN 9 WHEN n < 128 THEN 4 WHEN n < 172 THEN 12 ELSE 0 END"
    rows = windows(engine, 256, labels=labels)
    assert column(rows, "activity_id") == ["4", "4", "0"]
    assert column(rows, "share") == ["0.5", "0.5", "0.65625"]


def test_mean_deviation_and_energy_are_those_made_by_hand(engine: Default) -> None:
    # Half of the samples are 3 and half are -1: mean 1, variance 4, mean of squares (9 + 1) / 2.
    rows = windows(engine, 128, values={"accel_x": "n % 2 * 4e0 - 1e0", "arm_mag_z": "-2.5e0"})
    made = {
        name: [rows[0][f"{axis}_{name}"] for axis in ("accel_x", "arm_mag_z")] for name in ("mean", "std", "energy")
    }
    assert made["mean"] == ["1.0", "-2.5"]
    assert [float(each or "nan") for each in made["std"]] == pytest.approx([2, 0], abs=1e-12)
    assert made["energy"] == ["5.0", "6.25"]


def test_each_axis_has_its_own_three_columns(engine: Default) -> None:
    (row,) = windows(engine, 128, values={axis: f"{place}e0" for place, axis in enumerate(AXES, start=1)})
    assert list(row) == [
        *("subject", "window_number", "start", "activity_id", "share"),
        *(f"{axis}_{name}" for axis in AXES for name in ("mean", "std", "energy")),
    ]
    for place, axis in enumerate(AXES, start=1):
        assert (row[f"{axis}_mean"], row[f"{axis}_energy"]) == (f"{place}.0", f"{place * place}.0")


def test_a_sensor_that_the_source_lacks_is_null(engine: Default) -> None:
    (row,) = windows(engine, 128, values={"accel_x": "CAST(NULL AS double)"})
    assert [row[f"accel_x_{name}"] for name in ("mean", "std", "energy")] == [None, None, None]
    assert row["accel_y_mean"] == "0.0"
