"""Static checks and packaging checks: all that can be checked without AWS.

`python -m tools.checks` (`make check`) runs them all and prints one line for each; docs/checks.md says what they cover.
"""

import sys
from pathlib import Path

# The rules read the declarations of the deployed code (arguments, errors). pytest's settings have the same folders.
for _folder in ("lambda_ingest", "lambda_report", "glue"):
    _path = str(Path(__file__).parents[2] / _folder)
    if _path not in sys.path:
        sys.path.insert(0, _path)  # before modules of the same names on the developer's PYTHONPATH
