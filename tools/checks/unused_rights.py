"""The rights of the template that nothing uses locally, as its comments say: `# unused locally: why it is there`."""

from __future__ import annotations

import re

from tools.paths import TEMPLATE


def said_to_be_unused() -> dict[tuple[str, str, str], str]:
    """Role, Sid and line -> reason of the actions and resources (`resource N`) below such a comment."""
    found: dict[tuple[str, str, str], str] = {}
    role = sid = reason = ""
    place = -1
    for line in TEMPLATE.read_text().splitlines():
        if resource := re.match(r"  (\w+):$", line):
            role = resource[1]
        elif named := re.search(r"- (?:\{ )?Sid: (\w+)", line):
            sid = named[1]
        elif comment := re.match(r" +# unused locally: (.+)", line):
            reason = comment[1]
        elif action := re.match(r" +- (\w+:\w+)$", line):
            found |= {(role, sid, action[1]): reason} if reason else {}
        elif re.match(r" +- !Sub \S+$", line):
            place += 1
            found |= {(role, sid, f"resource {place}"): reason} if reason else {}
        elif re.match(r" +\w+:", line):
            place, reason = -1, ""
    return found
