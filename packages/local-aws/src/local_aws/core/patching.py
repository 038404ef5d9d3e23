"""Patching of moto inside this process, and its restoration."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

_ABSENT = object()
_originals: dict[tuple[int, str], tuple[Any, Any]] = {}
"""The original attributes, by the owner's identity and the name."""


def replace(owner: Any, **parts: Any) -> None:
    """Replace attributes of a class or module."""
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
    """Restore all original attributes: several worlds use one process, one after the other, in tests."""
    for (_, name), (owner, original) in _originals.items():
        if original is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, original)
    _originals.clear()
