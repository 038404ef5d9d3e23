"""Static and packaging checks: everything that can be known about the stack before AWS sees it.

`python -m tools.checks` (`make check`) runs them all and prints one line for each; docs/checks.md says what they cover.
"""

import sys
from pathlib import Path

# The rules read the deployables' own declarations (arguments, errors). pytest has the same folders in its settings.
for _folder in ("lambda_ingest", "lambda_report", "glue"):
    _path = str(Path(__file__).parents[2] / _folder)
    if _path not in sys.path:
        sys.path.insert(0, _path)  # before modules of the same names on a person's PYTHONPATH
