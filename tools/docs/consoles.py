"""Console blocks of the docs' site: the copy button copies their commands, without prompts and output."""

from __future__ import annotations

import html
import re

_BLOCK = re.compile(r'<div class="language-console highlight">(?P<code>.*?)</div>', re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_PROMPT = "$ "


def commands(block: str) -> str:
    """The commands of a console block, one after the other, each with its continuation lines."""
    kept: list[str] = []
    goes_on = False
    for line in block.splitlines():
        if goes_on or line.startswith(_PROMPT):
            kept.append(line if goes_on else line.removeprefix(_PROMPT))
            goes_on = line.endswith("\\")
    return "\n".join(kept)


def with_commands_to_copy(page: str) -> str:
    """The page, with the commands of each console block in the attribute that the theme's copy button prefers."""

    def told(block: re.Match[str]) -> str:
        text = html.unescape(_TAG.sub("", block["code"]))
        copied = html.escape(commands(text)).replace("\n", "&#10;")
        return f'<div class="language-console highlight" data-copy="{copied}">{block["code"]}</div>'

    return _BLOCK.sub(told, page)
