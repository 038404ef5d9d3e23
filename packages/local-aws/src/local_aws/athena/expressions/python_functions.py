"""Functions in Python for what DuckDB does differently. A text is a sequence of code points."""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import hmac
import math
import re
import urllib.parse
import zlib
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import duckdb

from local_aws.athena.expressions.values import java_double, scientific_double

_WIDE = Context(prec=800, rounding=ROUND_HALF_UP)
_LONGEST = 1_000_000
_INT = 2**31 - 1


class AthenaError(ValueError):
    """An error of Trino, by its name; errors.from_duckdb reads it from DuckDB's message."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(f"athena:{name}: {words}")


def _refused(what: str) -> AthenaError:
    words = f"The local Athena does not do {what}. Athena's own engine does: start the local AWS with --athena trino."
    return AthenaError("NOT_SUPPORTED", words)


def _invalid(words: str) -> AthenaError:
    return AthenaError("INVALID_FUNCTION_ARGUMENT", words)


def _bad_cast(value: object, wanted: str) -> AthenaError:
    return AthenaError("INVALID_CAST_ARGUMENT", f"Cannot cast '{value}' to {wanted}")


# Numbers and their texts


def decimal_text(text: str, scale: int) -> str:
    """A number's text rounded half up to `scale` digits; NaN and infinities have none."""
    number = Decimal(text)
    if not number.is_finite():
        raise _bad_cast(text, "DECIMAL")
    return f"{number.quantize(Decimal(1).scaleb(-scale), context=_WIDE):f}"


def decimal_of(text: str, precision: int, scale: int) -> str:
    """A text as a decimal of Trino's grammar."""
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII):
        raise _bad_cast(text, f"DECIMAL({precision}, {scale})")
    number = Decimal(text)
    if abs(number.adjusted()) > 80:
        raise _bad_cast(text, f"DECIMAL({precision}, {scale})")
    rounded = number.quantize(Decimal(1).scaleb(-scale), context=_WIDE)
    if abs(rounded) >= Decimal(10) ** (precision - scale):
        raise _bad_cast(text, f"DECIMAL({precision}, {scale})")
    return f"{rounded:f}"


_SIZES = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}


def whole_text(text: str, wanted: str) -> int:
    """A text as a whole number."""
    stripped = text.strip(" \t\n\r\x0b\x0c")
    if not re.fullmatch(r"[+-]?[0-9]+", stripped):
        if re.search(r"[^\x00-\x7f]", text):
            raise _refused("casts of such texts to numbers")
        raise _bad_cast(text, wanted.upper())
    number = int(stripped) if len(stripped) < 100 else 1 << 64
    if not -(1 << _SIZES[wanted]) <= number < 1 << _SIZES[wanted]:
        raise _bad_cast(text, wanted.upper())
    return number


def double_of(text: str, wanted: str) -> float:
    """A text as a double of Java's grammar."""
    stripped = text.strip(" \t\n\r\x0b\x0c")
    if re.search(r"[^\x20-\x7f]", text):
        raise _refused("casts of such texts to numbers")
    if re.fullmatch(r"[+-]?(NaN|Infinity)", stripped):
        return float(stripped)
    if re.fullmatch(r"[+-]?0[xX].*", stripped):
        raise _refused("casts of hexadecimal texts to numbers")
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?", stripped, re.ASCII):
        raise _bad_cast(text, wanted.upper())
    return float(stripped.rstrip("dDfF"))


def boolean_of(text: str) -> bool:
    """A text as a boolean."""
    lowered = text.lower()
    if lowered in ("t", "true", "1"):
        return True
    if lowered in ("f", "false", "0"):
        return False
    raise _bad_cast(text, "BOOLEAN")


def whole(number: float) -> float:
    """A double rounded half up, away from zero; NaN and infinities have no whole number."""
    if not math.isfinite(number):
        raise AthenaError("INVALID_CAST_ARGUMENT", f"Unable to cast {java_double(number)} to a whole number")
    below = math.floor(abs(number))
    rounded = below + 1 if abs(number) - below >= 0.5 else below
    if rounded >= 1 << 63:
        raise AthenaError("INVALID_CAST_ARGUMENT", f"Unable to cast {java_double(number)} to a whole number")
    return math.copysign(rounded, number)


def fitting(text: str, length: int) -> str:
    """A value's text, which must not be longer than the wanted type."""
    if len(text) > length:
        raise AthenaError("INVALID_CAST_ARGUMENT", f"Value {text} cannot be represented as varchar({length})")
    return text


def round_double(number: float, digits: int) -> float:
    """round() of a double, half up, away from zero."""
    if abs(digits) > 300:
        raise _refused(f"round to {digits} digits")
    if number == 0:
        return 0.0
    rounded = Decimal(repr(number)).quantize(
        Decimal(1).scaleb(-digits), context=Context(prec=800, rounding=ROUND_HALF_UP)
    )
    return math.copysign(float(rounded), number)


def decimal_operation(left: str, operator: str, right: str, scale: int) -> str:
    """Division and remainder of decimals by Trino's rules."""
    one, other = Decimal(left), Decimal(right)
    if other == 0:
        raise AthenaError("DIVISION_BY_ZERO", "Division by zero")
    if operator == "%":
        return f"{_WIDE.remainder(one, other):f}"
    return f"{_WIDE.divide(one, other).quantize(Decimal(1).scaleb(-scale), context=_WIDE):f}"


def to_base(number: int, radix: int) -> str:
    """A number in another radix."""
    _check_radix(radix)
    digits, rest = "", abs(number)
    while rest:
        rest, digit = divmod(rest, radix)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    made = ("-" if number < 0 else "") + (digits or "0")
    if len(made) > 64:
        raise AthenaError("GENERIC_INTERNAL_ERROR", "Character count exceeds length limit 64")
    return made


def from_base(text: str, radix: int) -> int:
    """The number of a text in another radix."""
    _check_radix(radix)
    if not re.fullmatch(r"[+-]?[0-9a-zA-Z]+", text):
        raise _invalid(f'Not a valid base-{radix} number: "{text}"')
    try:
        number = int(text, radix)
    except ValueError:
        raise _invalid(f'Not a valid base-{radix} number: "{text}"') from None
    if not -(1 << 63) <= number < 1 << 63:
        raise _invalid(f'Not a valid base-{radix} number: "{text}"')
    return number


def _check_radix(radix: int) -> None:
    if not 2 <= radix <= 36:
        raise _invalid("Radix must be between 2 and 36")


# Texts


def replaced(text: str, search: str, instead: str) -> str:
    """Every occurrence of `search` replaced; an empty one is between all characters."""
    return _short(text.replace(search, instead))


def reversed_text(text: str) -> str:
    """The code points in reverse order."""
    return text[::-1]


def _short(text: str) -> str:
    if len(text) > _LONGEST:
        raise _refused(f"a text of more than {_LONGEST} characters")
    return text


def padded(text: str, size: int, padding: str, side: str) -> str:
    """Lpad and rpad."""
    if not 0 <= size <= 2**31 - 1:
        raise _invalid(f"Target length must be in the range [0..{2**31 - 1}]")
    if not padding:
        raise _invalid("Padding string must not be empty")
    if size <= len(text):
        return text[:size]
    if size > _LONGEST:
        words = f"The local Athena pads a text to at most {_LONGEST} characters. For more: --athena trino."
        raise AthenaError("NOT_SUPPORTED", words)
    missing = size - len(text)
    fill = (padding * (missing // len(padding) + 1))[:missing]
    return fill + text if side == "l" else text + fill


def split_part(text: str, delimiter: str, place: int) -> str | None:
    """The part at a place from 1, None beyond the last."""
    if place <= 0:
        raise _invalid("Index must be greater than zero")
    if place > _INT and not delimiter:
        raise AthenaError("GENERIC_INTERNAL_ERROR", "integer overflow")
    parts = text.split(delimiter) if delimiter else list(text)
    return parts[place - 1] if place <= len(parts) else None


def _split_part(text: str | None, delimiter: str | None, place: int | None) -> str | None:
    return None if text is None or delimiter is None or place is None else split_part(text, delimiter, place)


def split(text: str, delimiter: str, limit: int) -> list[str]:
    """The parts of a text, at most `limit`."""
    if not delimiter:
        raise _invalid("The delimiter may not be the empty string")
    if limit <= 0:
        raise _invalid("Limit must be positive")
    if limit > _INT:
        raise _invalid("Limit is too large")
    return text.split(delimiter, limit - 1)


def translated(text: str, characters: str, instead: str) -> str:
    """Characters replaced by those at the same place, or removed."""
    table: dict[int, str] = {}
    for place, character in enumerate(characters):
        table.setdefault(ord(character), instead[place : place + 1])
    return text.translate(table)


_SPACE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "
    "\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)


def trimmed(text: str, side: str, characters: str | None) -> str:
    """A text without white space, or without given characters, at its ends."""
    chosen = _SPACE if characters is None else characters
    if not chosen:
        return text
    if side != "r":
        text = text.lstrip(chosen)
    return text.rstrip(chosen) if side != "l" else text


def upper(text: str) -> str:
    """Every code point in its upper case, if that is one code point."""
    return "".join(large if len(large := one.upper()) == 1 else one for one in text)


def lower(text: str) -> str:
    """Every code point in its lower case, if that is one code point."""
    return "".join("i" if one == "İ" else small if len(small := one.lower()) == 1 else one for one in text)


def width_bucket(number: float, low: float, high: float, count: int) -> int:
    """The number of the bucket between two bounds, in either order."""
    if count <= 0:
        raise _invalid("bucketCount must be greater than 0")
    if math.isnan(number):
        raise _invalid("operand must not be NaN")
    if not math.isfinite(low) or not math.isfinite(high):
        raise _invalid("bounds must be finite")
    if low == high:
        raise _invalid("bounds cannot equal each other")
    first, last = min(low, high), max(low, high)
    if number < first:
        place = 0
    elif number >= last:
        place = count + 1
    else:
        place = int(float(count) * (number - first) / (last - first) + 1)
    return count - place + 1 if low > high else place


def levenshtein(one: str, other: str) -> int:
    """The edit distance."""
    if len(one) * len(other) > 1_000_000:
        raise _refused("the distance of long texts")
    row = list(range(len(other) + 1))
    for place, character in enumerate(one, 1):
        diagonal, row[0] = row[0], place
        for column, its in enumerate(other, 1):
            diagonal, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, diagonal + (character != its)),
            )
    return row[-1]


def hamming(one: str, other: str) -> int:
    """The number of places where two texts of one length differ."""
    if len(one) != len(other):
        raise _invalid("The input strings to hamming_distance function must have the same length")
    return sum(mine != its for mine, its in zip(one, other, strict=True))


def codepoint(text: str) -> int:
    """The code point of a text of one character."""
    if len(text) != 1:
        raise _invalid("Input string must be a single character string")
    return ord(text)


def character(code: int) -> str:
    """The text of one code point."""
    if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise _invalid(f"Not a valid Unicode code point: {code}")
    return chr(code)


def url_encode(text: str) -> str:
    """A text as a parameter of a URL."""
    return urllib.parse.quote_plus(text, safe="*-_.").replace("~", "%7E")


# Bytes


def hashed(content: bytes, name: str) -> bytes:
    """A hash by its name in Python."""
    return hashlib.new(name, content, usedforsecurity=False).digest()


def keyed_hash(content: bytes, key: bytes, name: str) -> bytes:
    """An HMAC by its hash's name in Python."""
    if not key:
        raise AthenaError("GENERIC_INTERNAL_ERROR", "Empty key")
    return hmac.new(key, content, name).digest()


def crc32(content: bytes) -> int:
    """The CRC-32."""
    return zlib.crc32(content)


def from_hex(text: str) -> bytes:
    """The bytes of hexadecimal digits."""
    if not re.fullmatch(r"([0-9a-fA-F]{2})*", text):
        raise _invalid(f"Invalid input: {text}")
    return bytes.fromhex(text)


def from_base64(text: str) -> bytes:
    """The bytes of base64."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise _refused("from_base64 of this text") from None


def from_utf8(content: bytes) -> str:
    """The text of valid UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise _refused("from_utf8 of invalid UTF-8") from None


# Dates and times


def date_of(text: str) -> datetime.date:
    """A text as a date."""
    found = re.fullmatch(r"[ \t\n\r]*\+?(\d{4})-(\d{1,2})-(\d{1,2})[ \t\n\r]*", text, re.ASCII)
    if found is None and re.match(r"\s*[+-]?\d+-\d+-\d+", text):
        raise _refused(f"the cast of '{text}' to a date")
    try:
        if found is None:
            raise ValueError(text)
        return datetime.date(*map(int, found.groups()))
    except ValueError:
        raise AthenaError("INVALID_CAST_ARGUMENT", f"Value cannot be cast to date: {text}") from None


def time_of(text: str, precision: int) -> datetime.datetime:
    """A text as a timestamp."""
    words = f"Value cannot be cast to timestamp: {text}"
    found = re.fullmatch(
        r"(\d{4})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,12}))?)?)?",
        text.strip(" "),
        re.ASCII,
    )
    if found is None:
        if re.match(r"\s*[+-]?\d{4,}-\d{1,2}-\d{1,2}( .*)?$", text):
            raise _refused(f"the cast of '{text}' to a timestamp")
        raise AthenaError("INVALID_CAST_ARGUMENT", words)
    *parts, fraction = found.groups()
    if fraction and len(fraction) > max(precision, 0):
        raise _refused("a timestamp that has to be rounded")
    try:
        made = datetime.datetime(*(int(part or 0) for part in parts))  # type: ignore[arg-type]
        return made.replace(microsecond=int((fraction or "").ljust(6, "0")[:6]))
    except ValueError:
        raise AthenaError("INVALID_CAST_ARGUMENT", words) from None


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MYSQL: dict[str, Callable[[datetime.datetime], str]] = {
    "a": lambda at: "MonTueWedThuFriSatSun"[at.weekday() * 3 :][:3],
    "b": lambda at: "JanFebMarAprMayJunJulAugSepOctNovDec"[at.month * 3 - 3 :][:3],
    "c": lambda at: str(at.month),
    "d": lambda at: f"{at.day:02}",
    "e": lambda at: str(at.day),
    "f": lambda at: f"{at.microsecond // 1000:03}000",
    "H": lambda at: f"{at.hour:02}",
    "h": lambda at: f"{at.hour % 12 or 12:02}",
    "I": lambda at: f"{at.hour % 12 or 12:02}",
    "i": lambda at: f"{at.minute:02}",
    "j": lambda at: f"{at.timetuple().tm_yday:03}",
    "k": lambda at: str(at.hour),
    "l": lambda at: str(at.hour % 12 or 12),
    "M": lambda at: _MONTHS[at.month - 1],
    "m": lambda at: f"{at.month:02}",
    "p": lambda at: "AM" if at.hour < 12 else "PM",
    "r": lambda at: f"{at.hour % 12 or 12:02}:{at.minute:02}:{at.second:02} {'AM' if at.hour < 12 else 'PM'}",
    "S": lambda at: f"{at.second:02}",
    "s": lambda at: f"{at.second:02}",
    "T": lambda at: f"{at.hour:02}:{at.minute:02}:{at.second:02}",
    "v": lambda at: f"{at.isocalendar().week:02}",
    "W": lambda at: _DAYS[at.weekday()],
    "x": lambda at: f"{at.isocalendar().year:04}",
    "Y": lambda at: f"{at.year:04}",
    "y": lambda at: f"{at.year % 100:02}",
    "%": lambda _: "%",
}
MYSQL_LETTERS = frozenset(_MYSQL)
"""The letters of date_format that are known here."""


def date_format(at: datetime.datetime, pattern: str) -> str:
    """date_format, with MySQL's letters."""
    return re.sub(r"%(.)", lambda match: _MYSQL[match.group(1)](at), pattern, flags=re.DOTALL)


_JODA: dict[str, Callable[[datetime.datetime], str]] = {
    "yyyy": lambda at: f"{at.year:04}",
    "MM": lambda at: f"{at.month:02}",
    "dd": lambda at: f"{at.day:02}",
    "HH": lambda at: f"{at.hour:02}",
    "mm": lambda at: f"{at.minute:02}",
    "ss": lambda at: f"{at.second:02}",
    "SSS": lambda at: f"{at.microsecond // 1000:03}",
}


def joda_parts(pattern: str) -> list[str] | None:
    """The parts of a pattern of format_datetime, None where one is not known here."""
    parts = re.findall(r"([A-Za-z])(\1*)|([^A-Za-z']+)|(.)", pattern, flags=re.DOTALL)
    made = [letter + more if letter else text or other for letter, more, text, other in parts]
    if any(part not in _JODA for part in made if part[0].isalpha() or part == "'"):
        return None
    return made


def format_datetime(at: datetime.datetime, pattern: str) -> str:
    """format_datetime, with Joda's letters."""
    return "".join(_JODA[part](at) if part in _JODA else part for part in joda_parts(pattern) or [])


_PARSED = {"Y": r"(?P<Y>\d{4})", "m": r"(?P<m>\d{2})", "d": r"(?P<d>\d{2})", "H": r"(?P<H>\d{2})", "i": r"(?P<i>\d{2})",
           "s": r"(?P<s>\d{2})", "S": r"(?P<s>\d{2})", "T": r"(?P<H>\d{2}):(?P<i>\d{2}):(?P<s>\d{2})"}  # fmt: skip
PARSED_LETTERS = frozenset(_PARSED)
"""The letters of date_parse that are known here."""


_FIRST_DAY = (("Y", 1970), ("m", 1), ("d", 1))
_FIRST_HOUR = (("H", 0), ("i", 0), ("s", 0))


def date_parse(text: str, pattern: str) -> datetime.datetime:
    """date_parse, with MySQL's letters; only texts whose numbers have all their digits."""
    parts = re.split(r"%(.)", pattern)
    wanted = "".join(_PARSED[part] if place % 2 else re.escape(part) for place, part in enumerate(parts))
    found = re.fullmatch(wanted, text, re.ASCII)
    if found is None:
        raise _refused(f"date_parse of '{text}'") if re.search(r"\d", text) else _invalid(f'Invalid format: "{text}"')
    named = found.groupdict()
    try:
        parts_of_time = [int(named.get(letter) or least) for letter, least in (*_FIRST_DAY, *_FIRST_HOUR)]
        return datetime.datetime(*parts_of_time)  # type: ignore[arg-type]
    except ValueError:
        raise _invalid(f'Cannot parse "{text}"') from None


def iso_date(text: str) -> datetime.date:
    """from_iso8601_date of a plain date."""
    found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text, re.ASCII)
    if found is None:
        raise (
            _refused(f"from_iso8601_date of '{text}'")
            if re.search(r"\d", text)
            else _invalid(f'Invalid format: "{text}"')
        )
    try:
        return datetime.date(*map(int, found.groups()))
    except ValueError:
        raise _invalid(f'Cannot parse "{text}"') from None


def iso_time(text: str) -> datetime.datetime:
    """from_iso8601_timestamp of a time without zone or in UTC."""
    found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{3}))?Z?)?", text, re.ASCII)
    if found is None:
        words = f'Invalid format: "{text}"'
        raise _refused(f"from_iso8601_timestamp of '{text}'") if re.search(r"\d", text) else _invalid(words)
    *parts, fraction = found.groups()
    try:
        made = datetime.datetime(*(int(part or 0) for part in parts))  # type: ignore[arg-type]
        return made.replace(microsecond=int(fraction or 0) * 1000)
    except ValueError:
        raise _invalid(f'Cannot parse "{text}"') from None


# format()


def format_number(text: str | None, directive: str) -> str:
    """A number's text in a directive of Java's formatter: `%,.2f`, `%05d`."""
    found = re.fullmatch(r"%([-,0+ (]*)(\d*)(?:\.(\d+))?([df])", directive)
    assert found is not None
    flags, width, digits, kind = found.groups()
    if text is None:
        shown = "null" if digits is None else "null"[: int(digits)]
        return shown.ljust(int(width or 0)) if "-" in flags else shown.rjust(int(width or 0))
    number = Decimal(text)
    if not number.is_finite():
        shown = java_double(float(text))
        return shown.ljust(int(width or 0)) if "-" in flags else shown.rjust(int(width or 0))
    places = int(digits if digits is not None else 6) if kind == "f" else 0
    rounded = number.quantize(Decimal(1).scaleb(-places), context=_WIDE)
    body = f"{rounded.copy_abs():,f}" if "," in flags else f"{rounded.copy_abs():f}"
    sign = "-" if number.is_signed() else ""
    if "0" in flags:
        return sign + body.rjust(int(width or 0) - len(sign), "0")
    return (sign + body).ljust(int(width)) if "-" in flags and width else (sign + body).rjust(int(width or 0))


def failed(name: str, words: str) -> str:
    """Raise an error of Trino."""
    raise AthenaError(name, words)


def refused(what: str) -> str:
    """Raise NOT_SUPPORTED."""
    raise _refused(what)


def repeated(count: int) -> int:
    """The number of repetitions, within Trino's limit."""
    if count > 10_000:
        raise _invalid("count argument of repeat function must be less than or equal to 10000")
    if count < 0:
        raise _invalid("count argument of repeat function must be greater than or equal to 0")
    return count


def entries(count: float) -> int:
    """The number of a sequence's entries, within Trino's limit."""
    if count < 1:
        raise _invalid(
            "sequence stop value should be greater than or equal to start value if step is greater than zero"
        )
    if count > 10_000:
        raise _invalid("result of sequence function must not have more than 10000 entries")
    return int(count)


_TEXT, _WHOLE, _SMALL, _DOUBLE = "VARCHAR", "BIGINT", "INTEGER", "DOUBLE"
_REGISTERED: list[tuple[str, Callable[..., Any], Any, Any]] = [
    ("athena_java_double", java_double, [_DOUBLE], _TEXT),
    ("athena_scientific", scientific_double, [_DOUBLE], _TEXT),
    ("athena_scaled_text", decimal_text, [_TEXT, _SMALL], _TEXT),
    ("athena_decimal_of", decimal_of, [_TEXT, _SMALL, _SMALL], _TEXT),
    ("athena_whole_text", whole_text, [_TEXT, _TEXT], _WHOLE),
    ("athena_double_of", double_of, [_TEXT, _TEXT], _DOUBLE),
    ("athena_boolean_of", boolean_of, [_TEXT], "BOOLEAN"),
    ("athena_whole", whole, [_DOUBLE], _DOUBLE),
    ("athena_round", round_double, [_DOUBLE, _SMALL], _DOUBLE),
    ("athena_fitting", fitting, [_TEXT, _SMALL], _TEXT),
    ("athena_decimal_operation", decimal_operation, [_TEXT, _TEXT, _TEXT, _SMALL], _TEXT),
    ("athena_to_base", to_base, [_WHOLE, _WHOLE], _TEXT),
    ("athena_from_base", from_base, [_TEXT, _WHOLE], _WHOLE),
    ("athena_replaced", replaced, [_TEXT, _TEXT, _TEXT], _TEXT),
    ("athena_reversed", reversed_text, [_TEXT], _TEXT),
    ("athena_padded", padded, [_TEXT, _WHOLE, _TEXT, _TEXT], _TEXT),
    ("athena_split", split, [_TEXT, _TEXT, _WHOLE], "VARCHAR[]"),
    ("athena_translated", translated, [_TEXT, _TEXT, _TEXT], _TEXT),
    ("athena_trimmed", lambda text, side: trimmed(text, side, None), [_TEXT, _TEXT], _TEXT),
    ("athena_trimmed_of", trimmed, [_TEXT, _TEXT, _TEXT], _TEXT),
    ("athena_upper", upper, [_TEXT], _TEXT),
    ("athena_lower", lower, [_TEXT], _TEXT),
    ("athena_width_bucket", width_bucket, [_DOUBLE, _DOUBLE, _DOUBLE, _WHOLE], _WHOLE),
    ("athena_levenshtein", levenshtein, [_TEXT, _TEXT], _WHOLE),
    ("athena_hamming", hamming, [_TEXT, _TEXT], _WHOLE),
    ("athena_codepoint", codepoint, [_TEXT], _SMALL),
    ("athena_character", character, [_WHOLE], _TEXT),
    ("athena_url_encode", url_encode, [_TEXT], _TEXT),
    ("athena_hashed", hashed, ["BLOB", _TEXT], "BLOB"),
    ("athena_keyed_hash", keyed_hash, ["BLOB", "BLOB", _TEXT], "BLOB"),
    ("athena_crc32", crc32, ["BLOB"], _WHOLE),
    ("athena_from_hex", from_hex, [_TEXT], "BLOB"),
    ("athena_from_base64", from_base64, [_TEXT], "BLOB"),
    ("athena_from_utf8", from_utf8, ["BLOB"], _TEXT),
    ("athena_date_of", date_of, [_TEXT], "DATE"),
    ("athena_time_of", time_of, [_TEXT, _SMALL], "TIMESTAMP"),
    ("athena_date_format", date_format, ["TIMESTAMP", _TEXT], _TEXT),
    ("athena_format_datetime", format_datetime, ["TIMESTAMP", _TEXT], _TEXT),
    ("athena_date_parse", date_parse, [_TEXT, _TEXT], "TIMESTAMP"),
    ("athena_iso_date", iso_date, [_TEXT], "DATE"),
    ("athena_failed", failed, [_TEXT, _TEXT], _TEXT),
    ("athena_failed_number", failed, [_TEXT, _TEXT], _WHOLE),
    ("athena_refused", refused, [_TEXT], _TEXT),
    ("athena_repeated", repeated, [_WHOLE], _WHOLE),
    ("athena_entries", entries, [_DOUBLE], _WHOLE),
    ("athena_iso_time", iso_time, [_TEXT], "TIMESTAMP"),
]


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the functions in a DuckDB. A null argument makes a null, but in format_number."""
    for name, function, parameters, result in _REGISTERED:
        connection.create_function(name, function, parameters, result)
    special: Any = "special"
    texts: Any = [_TEXT, _TEXT]
    connection.create_function("athena_split_part", _split_part, [*texts, _WHOLE], _TEXT, null_handling=special)
    connection.create_function("athena_format_number", format_number, texts, _TEXT, null_handling=special)
