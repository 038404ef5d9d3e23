"""Whether a dataset says that it is synthetic: by a file whose name begins with SYNTHETIC, for example SYNTHETIC.md."""

from __future__ import annotations

import re
from collections.abc import Iterable

from snapshot_report.manifests import Skipped

_MARK = re.compile(r"SYNTHETIC\b.*", re.DOTALL)


def synthetic_mark(skipped: Iterable[Skipped]) -> str | None:
    """The name of the file that says so, None where there is none."""
    return next((file.name for file in skipped if _MARK.fullmatch(file.name.rpartition("/")[2])), None)
