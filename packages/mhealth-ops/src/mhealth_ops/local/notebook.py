"""`make notebook`: JupyterLab with the notebooks, and a local AWS with a published snapshot.

With the synthetic dataset, the copy of Kaggle then gets a new version with a few damaged lines, which the run of the
third notebook finds. With `--aws` only Jupyter is started. Everything that was started ends with Jupyter.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from local_aws.client import HOST, call_only
from mhealth_ops.commands.target import Target
from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local.demo import FOLDER, REGION, local_aws
from mhealth_ops.operations.account import plainly, session
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.operations.telling import has_a_browser
from mhealth_ops.operations.watching import watch
from mhealth_ops.project import ROOT, STACK

NOTEBOOKS = ROOT / "notebooks"
FIRST = "01_explore.ipynb"
DATASET = FOLDER / "notebook" / "dataset"
"""The folder of the served synthetic dataset, whose files can change."""

JUPYTER_SECONDS = 60
"""Timeouts for Jupyter's start and end, in seconds."""


class NotebookFailed(Exception):
    """Jupyter or the local AWS did not start; the message says why."""


def damage(folder: Path) -> Path:
    """Make a new version of a synthetic dataset by damaging three lines of one file; return the file.

    One line lacks a field, one has text as a value, one an unknown label. They are at the quarters of the file.
    """
    logs = sorted(folder.glob("mHealth_subject*.log"))
    path = folder / "mHealth_subject3.log"
    path = path if path in logs else logs[0]
    lines = path.read_text(encoding="utf-8").splitlines()
    quarter = len(lines) // 4
    lines[quarter] = lines[quarter].split("\t", 1)[1]
    lines[2 * quarter] = lines[2 * quarter].replace("\t", "\tlost\t", 1).rsplit("\t", 2)[0] + "\t0"
    lines[3 * quarter] = lines[3 * quarter].rsplit("\t", 1)[0] + "\t99"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@contextlib.contextmanager
def published_stack(console: Console, dataset: str) -> Iterator[dict[str, str]]:
    """Run a local AWS with a published snapshot; yield the environment variables for `connection.connect`.

    Raises NotebookFailed if the execution does not publish.
    """
    served = dataset
    if dataset == "synthetic":
        shutil.rmtree(DATASET, ignore_errors=True)
        write_dataset(DATASET)
        served = str(DATASET)
    with local_aws("--dataset", served) as endpoint:
        call_only(endpoint, REGION)
        ended = watch(console, Stack.named(STACK, session(REGION)))
        if ended.output.get("outcome") != "published":
            raise NotebookFailed(f"the execution ended with {ended.status}: {ended.reason or ended.output}")
        if dataset == "synthetic":
            file = damage(DATASET)
            console.print(f"  a new version waits on Kaggle: three lines of {file.name} are damaged", highlight=False)
        yield {"AWS_ENDPOINT_URL": endpoint, "DATASET": dataset}


@contextlib.contextmanager
def jupyter(environment: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run JupyterLab in notebooks/, on a free port; yield its URL and its process."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    token = secrets.token_urlsafe(16)
    address = f"http://{HOST}:{port}"
    options = (f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={NOTEBOOKS}")
    # As root, as in a container, Jupyter needs this option; it listens on this machine only.
    quiet = ("--no-browser", "--allow-root", "--ServerApp.answer_yes=True", "--Application.log_level=ERROR")
    # Without it each kernel warns about other users of this machine.
    private = ("--KernelManager.transport_encryption=required",)
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options, *quiet, *private],
        env=os.environ | environment | {"JUPYTER_TOKEN": token},
    )
    try:
        _wait_for(f"{address}/api?token={token}", process)
        yield f"{address}/lab/tree/{FIRST}?token={token}", process
    finally:
        process.terminate()
        try:
            process.wait(JUPYTER_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + JUPYTER_SECONDS
    while True:
        if process.poll() is not None:
            raise NotebookFailed(
                f"Jupyter ended immediately, with exit status {process.returncode}: see its output above"
            )
        try:
            direct.open(url, timeout=5).close()
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise NotebookFailed(f"Jupyter does not answer after {JUPYTER_SECONDS} s: {error}") from error
            time.sleep(0.2)
        else:
            return


def run(console: Console, target: Target, dataset: str) -> None:
    """Start everything, print the URL, and wait until Jupyter ends.

    With `--aws`, look up the stack first. Raises NoSuchStack, CannotReachAws: without credentials, for example.
    """
    if target.on_aws:
        # As the notebooks do: they never use a local AWS as AWS.
        os.environ.pop("AWS_ENDPOINT_URL", None)
        with plainly():
            target.find()
    with contextlib.ExitStack() as ending:
        environment = {"STACK_ON": "aws" if target.on_aws else "local", "STACK": target.stack}
        if target.region:
            environment["REGION"] = target.region
        if target.profile:
            environment["AWS_PROFILE"] = target.profile
        if not target.on_aws:
            console.rule("A local AWS, the stack on it, and one run of the pipeline", align="left")
            environment |= ending.enter_context(published_stack(console, dataset)) | {"STACK": STACK}
        console.rule("Jupyter", align="left")
        url, process = ending.enter_context(jupyter(environment))
        opened = has_a_browser() and webbrowser.open(url)
        reported = "The notebooks are open in your browser; if not, open" if opened else "Open this in a browser:"
        console.print(f"  {reported}\n\n  {url}\n", highlight=False, soft_wrap=True)
        console.print(
            "  Ctrl-C here, or File > Shut Down there, ends Jupyter and all that was started.", highlight=False
        )
        process.wait()
    console.print("  Ended, with all that was started.")
