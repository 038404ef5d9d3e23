"""Values as Java prints them."""

from __future__ import annotations

from decimal import Decimal


def java_double(number: float) -> str:
    """A double as Java and Athena print it: `1.0E-4`, `2.0`, `1.2345678E7`, `NaN`, `-Infinity`."""
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(number)
    # repr has the shortest digits that read back the same, as Java has.
    shortest = Decimal(repr(number))
    digits = "".join(map(str, shortest.normalize().as_tuple().digits))
    if len(digits) == 1:
        # Of the texts of two digits, the nearest: 4.9E-324, not 5.0E-324.
        shortest = Decimal(f"{number:.1e}")
        digits = "".join(map(str, shortest.as_tuple().digits))
    return f"{'-' if number < 0 else ''}{digits[0]}.{digits[1:] or '0'}E{shortest.adjusted()}"


def scientific_double(number: float) -> str:
    """A double as CAST(... AS varchar) has it: `1.0E0`, `1.23456789E5`, `0E0`."""
    text = java_double(number)
    if "E" in text or "N" in text or "I" in text:
        return text
    if number == 0:
        return text.replace("0.0", "0E0")
    shortest = Decimal(text)
    digits = "".join(map(str, shortest.normalize().as_tuple().digits))
    return f"{'-' if number < 0 else ''}{digits[0]}.{digits[1:] or '0'}E{shortest.adjusted()}"
