"""The dev container has what the README asks for, and begins as a reader of it does."""

from __future__ import annotations

import json
import re

from tools.paths import ROOT


def test_the_dev_container_is_what_the_readme_asks_for() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    python = (ROOT / ".python-version").read_text().strip()
    assert re.fullmatch(rf"mcr\.microsoft\.com/devcontainers/python:{re.escape(python)}-\w+", container["image"])
    assert container["postCreateCommand"] == "make setup"
    makefile = (ROOT / "Makefile").read_text()
    port = re.search(r"^PORT \?= (\d+)", makefile, re.MULTILINE)
    assert port is not None
    assert container["forwardPorts"] == [int(port[1]), 8000]
    assert "http://127.0.0.1:8000" in makefile, "the docs"
    assert set(container["portsAttributes"]) == {str(port) for port in container["forwardPorts"]}
