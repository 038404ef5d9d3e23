"""The permissions that no local run uses, by the template's comments `# unused locally: REASON`."""

from __future__ import annotations

import re

from tools.paths import TEMPLATE


def unused_locally() -> dict[tuple[str, str, str], str]:
    """Role, Sid and line to the reason, for the actions and resources (`resource N`) below such a comment."""
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
