"""Whether work grows with the input or with its square, told without a clock."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def instructions(function: Callable[[], object]) -> int:
    """How many bytecode instructions Python runs in the call, on whatever machine."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def growth(of_size: Callable[[int], Callable[[], object]], size: int = 100) -> float:
    """By what the work grows from `size` to twice that: 2 where it is linear, 4 where it is quadratic.

    `of_size` prepares the call for an input of some size; that counts for nothing.
    """
    small, large = of_size(size), of_size(2 * size)
    small()  # What is loaded at the first call, say.
    return instructions(large) / instructions(small)


LINEAR = 2.5
"""No more growth than this: some work is the same for every input, and sorting takes a little more."""
