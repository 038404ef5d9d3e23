"""Mermaid, the script that draws the diagrams of the docs' site, so that the site needs no network.

The theme would load it from another server. The npm package `@mermaid-js/tiny` is one file, 0.7 MB to download.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

from tools.checks import environments
from tools.paths import ROOT

PACKAGE = Path(__file__).parent / "mermaid"
CACHE = ROOT / ".cache" / "mermaid"
SCRIPT = Path("node_modules", "@mermaid-js", "tiny", "dist", "mermaid.tiny.js")


class NoMermaid(Exception):
    """Mermaid is not in the cache, and could not be downloaded; the message says why."""


def mermaid() -> Path:
    """The script, downloaded once for each version of the lock file. Raises NoMermaid."""
    version = hashlib.sha256((PACKAGE / "package-lock.json").read_bytes()).hexdigest()[:12]
    target = CACHE / version
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in parallel
        if not (target / SCRIPT).exists():
            try:
                _install(target)
            except (OSError, subprocess.SubprocessError) as error:
                shutil.rmtree(target, ignore_errors=True)
                detail = str(getattr(error, "stderr", None) or error).strip()[-300:]
                raise NoMermaid(
                    f"the docs' site needs Mermaid, which draws its diagrams. The download from npm failed: {detail}\n"
                    f"Check that npm reaches its registry (npm ping), then run the command again."
                ) from error
    return target / SCRIPT


def _install(target: Path) -> None:
    environments.prepare(print, {"node"})
    part = target.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(PACKAGE, part)
    environments.npm_ci(part)
    part.rename(target)
