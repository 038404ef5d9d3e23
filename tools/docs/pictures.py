"""The pictures in docs/pictures/, from one local run: `python -m tools.docs.pictures` writes them.

A local AWS runs the pipeline once on the synthetic dataset. The pictures are the output of commands, the top of the
run's report in a browser, and charts of a notebook.
"""

from __future__ import annotations

import base64
import io
import math
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import boto3
from PIL import Image
from playwright.sync_api import Browser
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from local_aws.client import call_only
from mhealth_ops.local.demo import REGION, local_aws
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.project import STACK
from tools.browser import NoChromium, chromium, running
from tools.executing import Executed, execute
from tools.paths import DOCS

FOLDER = DOCS / "pictures"
MOST_BYTES = 200_000
"""The maximum size of one picture in bytes."""

TERMINAL = "run.svg"
SESSION = (("run",), ("query", "--named", "MinutesPerActivity"))
"""The arguments of `mhealth` in the picture of the terminal."""

REPORT = {"report-light.png": "light", "report-dark.png": "dark"}
"""The top of the run's report, by colour scheme."""

NOTEBOOK = "02_query_athena.ipynb"
CHARTS = {
    "query-reads.png": "partition and columns decide what is read",
    "walking-running.png": '"length of the acceleration (m/s²)"',
    "recording.png": "movement, pulse, and the labelled activities",
    "own-question.png": "QUESTION = ",
}
"""Charts of the notebook, each with a text that only its cell contains."""


def dark_name(name: str) -> str:
    """The name of a chart's version for a dark page."""
    return name.replace(".png", "-dark.png")


NAMES = (TERMINAL, *REPORT, *CHARTS, *map(dark_name, CHARTS))

_COLOURS = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "TTY_INTERACTIVE": "0"}
"""Variables for coloured output without a terminal and without spinners."""

_FONT = re.compile(r"\s*@font-face \{[^}]*\}")
_WIDTH, _MARGIN, _DENSITY, _SHADES = 1000, 10, 1.5, 64


class PictureFailed(Exception):
    """The content of a picture is missing; the message says what."""


def said(*command: str, environment: dict[str, str]) -> str:
    """Run a command; return its coloured output. Raises PictureFailed where it fails."""
    plain = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
    done = subprocess.run(
        command,
        env=plain | _COLOURS | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PictureFailed(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}")
    return done.stdout


def terminal(title: str, session: Iterable[tuple[str, str]]) -> str:
    """A terminal session as SVG, as wide as its longest line: commands and output. It loads no font."""
    lines = [
        line
        for command, output in session
        for line in (Text.assemble(("$ ", "green"), (command, "bold")), *Text.from_ansi(output.rstrip()).split())
    ]
    width = max(cell_len(line.plain) for line in lines)
    console = Console(record=True, file=io.StringIO(), width=width, color_system="truecolor")
    for line in lines:
        console.print(line, no_wrap=True)
    drawn = _FONT.sub("", console.export_svg(title=title, unique_id="terminal"))
    return "\n".join(map(str.rstrip, drawn.splitlines())) + "\n"


def photograph(browser: Browser, page: Path, scheme: str) -> bytes:
    """A screenshot of a report as PNG, to the end of the section `What came in`; `scheme` is `light` or `dark`."""
    opened = browser.new_page(
        viewport={"width": _WIDTH, "height": _WIDTH},
        device_scale_factor=_DENSITY,
        color_scheme="dark" if scheme == "dark" else "light",
    )
    try:
        opened.goto(page.absolute().as_uri())
        section = next((each.bounding_box() for each in opened.locator("section#in").all()), None)
        if section is None:
            raise PictureFailed(f"{page.name} shows no section What came in")
        height = section["y"] + section["height"] + _MARGIN
        return opened.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": _WIDTH, "height": height})
    finally:
        opened.close()


def chart(notebook: Executed, words: str) -> bytes:
    """The PNG of the cell with this text. Raises PictureFailed where not exactly one cell has one."""
    drawn = [
        output.data["image/png"]
        for cell in notebook.cells
        if words in cell.source
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    if len(drawn) != 1:
        raise PictureFailed(f"{len(drawn)} pictures of cells with {words!r}, expected one")
    return base64.b64decode(drawn[0])


def small(png: bytes) -> bytes:
    """The same picture with fewer colours, in a fraction of the bytes."""
    less = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        few = picture.convert("RGB").quantize(_SHADES, dither=Image.Dither.NONE)
    few.save(less, "PNG", optimize=True)
    return less.getvalue()


def dark(png: bytes) -> bytes:
    """A chart of `small` for a dark page: the lightness is inverted, and the hues stay.

    Each colour becomes what CSS makes of it by `invert(0.9) hue-rotate(180deg)`: W3C, Filter Effects Module Level 1.
    """
    turned = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        colours = picture.getpalette() or []
        picture.putpalette(
            [value for start in range(0, len(colours), 3) for value in _turned(*colours[start : start + 3])]
        )
        picture.save(turned, "PNG", optimize=True)
    return turned.getvalue()


def _turned(red: int, green: int, blue: int) -> tuple[int, ...]:
    inverted = [0.1 * value + 0.9 * (255 - value) for value in (red, green, blue)]
    # The matrix of hue-rotate(180deg): a channel becomes twice the luminance less itself.
    twice = 2 * math.fsum(weight * value for weight, value in zip((0.213, 0.715, 0.072), inverted, strict=True))
    return tuple(min(255, max(0, round(twice - value))) for value in inverted)


def make() -> dict[str, bytes]:
    """Make every picture, by name. Raises PictureFailed, NoChromium, and errors of the local AWS or the notebook."""
    chromium()  # first, so that a missing browser fails before the run
    with tempfile.TemporaryDirectory() as folder, local_aws("--dataset", "synthetic") as endpoint:
        call_only(endpoint, REGION)
        here = {"LOCAL_AWS_ENDPOINT": endpoint}
        session = [
            (
                f"mhealth {' '.join(words)}",
                said(sys.executable, "-m", "mhealth_ops.cli", *words, environment=here),
            )
            for words in SESSION
        ]
        page = _report(Path(folder))
        given = {"STACK_ON": "local", "STACK": STACK, "DATASET": "synthetic"}
        notebook = execute(NOTEBOOK, dict(os.environ) | given)
        with running() as browser:
            report = {name: photograph(browser, page, scheme) for name, scheme in REPORT.items()}
    charts = {name: chart(notebook, words) for name, words in CHARTS.items()}
    drawn = terminal("mHealth on a local AWS, synthetic data", session)
    light = {name: small(png) for name, png in (report | charts).items()}
    return {TERMINAL: drawn.encode()} | light | {dark_name(name): dark(light[name]) for name in CHARTS}


def _report(folder: Path) -> Path:
    """The run's report, as a file."""
    stack = Stack.named(STACK, boto3.Session())
    reports = stack.objects("reports/")
    if len(reports) != 1:
        raise PictureFailed(f"the run left {len(reports)} reports, expected one")
    file = folder / "report.html"
    stack.session.client("s3").download_file(stack.bucket, reports[0][0], str(file))
    return file


if __name__ == "__main__":
    try:
        pictures = make()
    except (PictureFailed, NoChromium) as failure:
        raise SystemExit(f"The pictures could not be made: {failure}") from failure
    FOLDER.mkdir(exist_ok=True)
    for name, content in pictures.items():
        (FOLDER / name).write_bytes(content)
        print(f"{FOLDER.name}/{name}: {len(content) / 1000:.0f} kB")
