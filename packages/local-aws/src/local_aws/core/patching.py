"""The way in which parts of moto are replaced inside this process, and put back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_ABSENT = object()
_originals: dict[tuple[int, str], tuple[Any, Any]] = {}
"""What was there before the first replacement, by its owner's identity and its name."""


def replace(owner: Any, **parts: Any) -> None:
    """Put `parts` in the place of a class's or module's own ones of the same names."""
    for name, part in parts.items():
        _originals.setdefault((id(owner), name), (owner, vars(owner).get(name, _ABSENT)))
        setattr(owner, name, part)


def replace_everywhere(package: str, original: Callable[..., Any], replacement: Callable[..., Any]) -> None:
    """Replace a function in every loaded module below `package` that imported it by name."""
    name = original.__name__
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(f"{package}.") and getattr(module, name, None) is original:
            replace(module, **{name: replacement})


def restore() -> None:
    """Put everything back. For tests: worlds with other parts replaced share the process one after the other."""
    for (_, name), (owner, original) in _originals.items():
        if original is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, original)
    _originals.clear()
