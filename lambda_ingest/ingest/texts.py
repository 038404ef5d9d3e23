"""Text from outside as a message shows it: cut, on one line, every character to be seen.

File names, headers and answers of other services may be of any length and hold anything.
"""

from __future__ import annotations

from collections.abc import Collection

LONGEST_MESSAGE = 4000
"""Characters. A state's output has room for 256 KiB, in which one character may take twelve bytes."""

_LEFT_OUT = " ... {} characters left out ... "


def cut(text: str, most: int = 200) -> str:
    """Return a text, of a longer one its first `most` characters and an ellipsis."""
    return text if len(text) <= most else f"{text[:most]}..."


def listed(items: Collection[object], most: int = 10) -> str:
    """Return the first `most` items, each cut, and how many more there are.

    >>> listed(["a", "b"]), listed(range(12)), listed([])
    ('a, b', '0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more', 'nothing')
    """
    first = ", ".join(cut(str(item), 80) for item, _ in zip(items, range(most), strict=False))
    more = len(items) - most
    return f"{first} and {more} more" if more > 0 else first or "nothing"


def one_line(text: str) -> str:
    """Return a message on one line of printable characters, without the middle where it is too long.

    What was found stands at the beginning, what to do at the end.
    """
    if len(text) > LONGEST_MESSAGE:
        half = LONGEST_MESSAGE // 4
        text = text[:half] + _LEFT_OUT.format(len(text) - 2 * half) + text[-half:]
    shown = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
    return shown if len(shown) <= LONGEST_MESSAGE else one_line(shown)
