from __future__ import annotations

import subprocess
import sys

from tests.glue.world import GLUE

WITHOUT_PANDAS = """
import sys
from mhealth.workers import leave_out_pandas
leave_out_pandas()
import pyarrow as pa, pyarrow.compute as pc
assert pa.array([1.5, 2.5]).to_numpy().sum() == 4
assert pc.add(pa.array([1]), 2).to_pylist() == [3]
assert "pandas" not in sys.modules
import pandas
assert pandas.Series([1, 2]).sum() == 3
"""


def test_pyarrow_works_in_a_worker_without_importing_pandas() -> None:
    command = [sys.executable, "-c", WITHOUT_PANDAS]
    done = subprocess.run(command, env={"PYTHONPATH": str(GLUE)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
