"""`make setup` finds or fetches uv and a Python, on machines with a short search path and an empty home."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tools.paths import ROOT

PROGRAMS = (
    "awk",
    "bash",
    "cat",
    "curl",
    "dirname",
    "echo",
    "env",
    "grep",
    "ln",
    "ls",
    "make",
    "mkdir",
    "sed",
    "sh",
    "test",
)
MESSAGE = "Install Python 3.11 or 3.13, or pass its path: make PYTHON=/path/to/python3.11"

# What a machine's Python says to the question for its version.
PYTHON = """#!/bin/sh
case "$2" in *"({version})"*) exit 0;; esac
exit 1
"""


class Machine:
    """A checkout with a Makefile alone, on a machine with the system's programs and these Pythons."""

    def __init__(self, folder: Path, **pythons: str) -> None:
        self.checkout = folder / "checkout"
        self.path = folder / "bin"
        for each in (self.checkout, self.path, folder / "home"):
            each.mkdir()
        for name in ("Makefile", ".python-version"):
            shutil.copy(ROOT / name, self.checkout)
        for program in PROGRAMS:
            if found := shutil.which(program):
                (self.path / program).symlink_to(found)
        for name, version in pythons.items():
            script = self.path / name.replace("_", ".")
            script.write_text(PYTHON.format(version=version))
            script.chmod(0o755)
        self._environment = {"PATH": str(self.path), "HOME": str(folder / "home"), "LC_ALL": "C.UTF-8"}

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *arguments],
            cwd=self.checkout,
            env=self._environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def chosen(self) -> list[str]:
        """The Python for uv, and whether uv may download one."""
        probe = "probe: ; @echo $(UV_PYTHON) $(UV_PYTHON_DOWNLOADS)"
        return self.make("--eval", probe, "probe").stdout.split()


@pytest.mark.parametrize(
    ("pythons", "chosen"),
    [
        ({"python3_11": "3, 11", "python3_13": "3, 13"}, ["python3.11", "never"]),
        ({"python3": "3, 11", "python3_13": "3, 13"}, ["python3", "never"]),
        ({"python3_13": "3, 13"}, ["python3.13", "never"]),
        ({"python3": "3, 13"}, ["python3", "never"]),
        ({"python3": "3, 12"}, ["3.11", "automatic"]),
        ({}, ["3.11", "automatic"]),
    ],
    ids=["both", "3.11 as python3", "3.13 alone", "3.13 as python3", "3.12", "none"],
)
def test_the_first_python_of_a_glue_version_is_chosen(
    tmp_path: Path, pythons: dict[str, str], chosen: list[str]
) -> None:
    assert Machine(tmp_path, **pythons).chosen() == chosen


def _uv() -> str:
    """The uv of this checkout, or of the machine."""
    own = ROOT / ".cache" / "uv" / "bin" / "uv"
    found = str(own) if own.exists() else shutil.which("uv")
    assert found, "make setup installs uv"
    return str(Path(found).resolve())


@pytest.fixture
def installer(tmp_path: Path) -> str:
    """The address of an installer of uv in a folder; it puts uv where uv's own installer does."""
    script = tmp_path / "install.sh"
    script.write_text(f'mkdir -p "$UV_UNMANAGED_INSTALL" && ln -s "{_uv()}" "$UV_UNMANAGED_INSTALL/uv"\n')
    return script.as_uri()


@pytest.fixture
def mirror(tmp_path: Path) -> str:
    """The address of a list of Pythons, for uv, with this machine's Python as an archive in a folder."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix)
    archive = tmp_path / "python.tar.gz"
    left_out = {"site-packages", "dist-packages", "test", "__pycache__", "idlelib", "ensurepip", "lib2to3", "tkinter"}

    def needed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if left_out & set(Path(entry.name).parts) or entry.name.endswith(".a") else entry

    with tarfile.open(archive, "w:gz", compresslevel=1) as packed:
        packed.add(Path(sys.executable).resolve(), f"python/bin/python{version}")
        for library in [base / "lib" / f"python{version}", *base.glob(f"lib/libpython{version}*")]:
            packed.add(library, f"python/lib/{library.name}", filter=needed)
    described = {
        "name": "cpython",
        "arch": {"family": platform.machine(), "variant": None},
        "os": "darwin" if sys.platform == "darwin" else "linux",
        "libc": "none" if sys.platform == "darwin" else "gnu",
        **dict(zip(("major", "minor", "patch"), sys.version_info[:3], strict=True)),
        "prerelease": "",
        "url": archive.as_uri(),
        "sha256": None,
        "variant": None,
        "build": None,
    }
    pythons = tmp_path / "pythons.json"
    pythons.write_text(json.dumps({"this machine's": described}))
    return str(pythons)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the archive is made of the Python of the tests")
def test_without_a_python_uv_and_python_are_fetched(tmp_path: Path, installer: str, mirror: str) -> None:
    machine = Machine(tmp_path)
    fetched = machine.make("python", UV_INSTALLER=installer, UV_PYTHON_DOWNLOADS_JSON_URL=mirror)
    assert fetched.returncode == 0, fetched.stderr
    assert "Downloading uv" in fetched.stdout
    assert "There is no Python 3.11 or 3.13. Downloading Python 3.11" in fetched.stdout
    python, *_links = (tmp_path / "home").rglob("bin/python3.11")
    told = subprocess.run([python, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True)
    assert told.stdout.strip() == "(3, 11)"
    again = machine.make("python", UV_INSTALLER=installer, UV_PYTHON_DOWNLOADS_JSON_URL=mirror)
    assert (again.returncode, again.stdout) == (0, "")


def test_where_uv_cannot_be_had_the_message_says_what_to_install(tmp_path: Path) -> None:
    failed = Machine(tmp_path).make("python", UV_INSTALLER=(tmp_path / "missing").as_uri())
    assert failed.returncode != 0
    assert f"uv could not be downloaded. {MESSAGE}" in failed.stderr


def test_where_python_cannot_be_had_the_message_says_what_to_install(tmp_path: Path, installer: str) -> None:
    nothing = tmp_path / "nothing.json"
    nothing.write_text("{}")
    failed = Machine(tmp_path).make("python", UV_INSTALLER=installer, UV_PYTHON_DOWNLOADS_JSON_URL=str(nothing))
    assert failed.returncode != 0
    assert f"Python 3.11 could not be downloaded. {MESSAGE}" in failed.stderr
