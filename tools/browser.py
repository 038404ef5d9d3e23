"""A headless Chromium, driven by Playwright; downloaded from npm where the machine has none.

Playwright downloads its browser from a server that may be unreachable. The npm package `@sparticuz/chromium` contains
the browser, its fonts and the libraries that a minimal machine lacks, and needs neither root nor system packages. Tests
use the fixture `browser` (tests/conftest.py) and are skipped where no browser is available.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tools.checks import environments
from tools.paths import ROOT

PACKAGE = Path(__file__).parent / "chromium"
CACHE = ROOT / ".cache" / "chromium"
OF_THE_MACHINE = ("google-chrome", "chromium")

REBOUND = "rebound.example"
"""A host name that the browser resolves to 127.0.0.1."""


class NoChromium(Exception):
    """No browser is installed, and none could be downloaded; the message says why."""


def chromium() -> Path:
    """The browser's executable. Raises NoChromium."""
    found = next(filter(_works, map(shutil.which, OF_THE_MACHINE)), None)
    return Path(found) if found else _installed()


def _works(executable: str | None) -> bool:
    """Whether the browser starts: some packages install a stub that only prints what to install."""
    return (
        executable is not None
        and not subprocess.run([executable, "--version"], capture_output=True, check=False).returncode
    )


@contextlib.contextmanager
def running() -> Iterator[Browser]:
    """Run a browser until the end of the block. Raises NoChromium."""
    executable = chromium()
    # A moved clock is preloaded as a library (tools/environments.py), with which Chromium uses every core for nothing.
    own: dict[str, str | float | bool] = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            env={**own, **_libraries(executable)},
            # A container has no user namespaces for the sandbox, and a small /dev/shm. Only our own pages are opened.
            # The host name that resolves to this machine is for tests of DNS rebinding.
            args=["--no-sandbox", "--disable-dev-shm-usage", f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1"],
        )
        yield browser
        browser.close()


def _installed() -> Path:
    """The browser of the npm package, installed once for each version of the lock file."""
    version = hashlib.sha256((PACKAGE / "package-lock.json").read_bytes()).hexdigest()[:12]
    target, executable = CACHE / version, CACHE / version / "chromium"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in parallel
        if not executable.exists():
            print("Downloading a headless Chromium from npm (70 MB, once) ...", file=sys.stderr)
            try:
                _install(target)
            except (OSError, subprocess.SubprocessError) as error:
                shutil.rmtree(target, ignore_errors=True)
                detail = str(getattr(error, "stderr", None) or error).strip()
                raise NoChromium(
                    f"no {' or '.join(OF_THE_MACHINE)}, and the download from npm failed: {detail[-300:]}"
                ) from error
    return executable


def _install(target: Path) -> None:
    environments.prepare(print, {"node"})
    part = target.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(PACKAGE, part)
    environments.npm_ci(part)
    subprocess.run(
        [str(environments.node()), "unpack.js"],
        cwd=part,
        # As if on Lambda: then it unpacks the libraries, too.
        env={**os.environ, "TMPDIR": str(part), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs20.x"},
        check=True,
        capture_output=True,
        text=True,
        timeout=environments.NPM_SECONDS,
    )
    part.rename(target)


def _libraries(executable: Path) -> dict[str, str]:
    """The variables that let the browser find the package's libraries, where the machine lacks one of them."""
    ldd = subprocess.run(["ldd", str(executable)], capture_output=True, text=True, check=False)
    if "not found" not in ldd.stdout:
        return {}
    return {"LD_LIBRARY_PATH": str(executable.parent / "al2023" / "lib")}
