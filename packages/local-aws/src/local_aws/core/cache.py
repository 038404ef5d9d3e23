"""The folder for what is downloaded or made once: Spark's S3 connector, class-data archives, Trino."""

from __future__ import annotations

import os
from pathlib import Path


def _cache() -> Path:
    """LOCAL_AWS_CACHE; else .cache/ of the uv project with this package; else the user's cache folder."""
    if named := os.environ.get("LOCAL_AWS_CACHE"):
        return Path(named).absolute()
    for folder in Path(__file__).resolve().parents:
        if (folder / "uv.lock").is_file():
            return folder / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "local-aws"


CACHE = _cache()
"""The cache folder."""
