"""The grammar of Trino's queries, as data, and a recogniser for it.

sqlglot is a lenient parser of many dialects: it reads statements that Athena refuses. A query is therefore recognised
by this grammar first. The rules are those of Trino's documentation of SELECT and of expressions; precedence is left
out, as only the question "is it a query" is answered here. MATCH_RECOGNIZE and JSON_TABLE are not in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

# Notation: CAPITALS are keywords, 'x' is a symbol, small letters are rules or kinds of token (string, integer, decimal,
# binary, name), `a % ','` is a list with separators, ? * + | and parentheses are the usual ones.
_RULES = """
query: (WITH RECURSIVE? named % ',')? body
named: name columns? AS '(' query ')'
columns: '(' name % ',' ')'
body: term (ORDER BY sort % ',')? (OFFSET count (ROW|ROWS)?)? (LIMIT (ALL|count)|FETCH (FIRST|NEXT) count? (ROW|ROWS) (ONLY|WITH TIES))?
count: integer|'?'
term: single ((UNION|EXCEPT|INTERSECT) (ALL|DISTINCT)? (CORRESPONDING (BY columns)?)? single)*
single: select|TABLE qualified|VALUES expression % ','|'(' body ')'
select: SELECT (ALL|DISTINCT)? item % ',' (FROM relation % ',')? (WHERE expression)? (GROUP BY groups)? (HAVING expression)? (WINDOW window % ',')?
groups: (ALL|DISTINCT)? group % ','
group: set|(ROLLUP|CUBE) '(' (set % ',')? ')'|GROUPING SETS '(' set % ',' ')'
set: '(' (expression % ',')? ')'|expression
item: '*'|primary '.' '*' (AS columns)?|expression (AS? name)?
window: name AS '(' over ')'
relation: sampled join*
join: CROSS JOIN sampled|kind JOIN relation (ON expression|USING columns)|NATURAL kind JOIN sampled
kind: INNER?|(LEFT|RIGHT|FULL) OUTER?
sampled: aliased (TABLESAMPLE (BERNOULLI|SYSTEM) '(' expression ')')?
aliased: table (AS? name columns?)?
table: qualified (FOR (TIMESTAMP|VERSION) AS OF value)?|'(' query ')'|UNNEST '(' expression % ',' ')' (WITH ORDINALITY)?|LATERAL '(' query ')'|TABLE '(' qualified '(' (argument % ',')? ')' ')'|'(' relation ')'
argument: (name '=>')? expression
sort: expression (ASC|DESC)? (NULLS (FIRST|LAST))?
qualified: name ('.' name)*
expression: condition ((AND|OR) condition)*
condition: NOT* value predicate?
predicate: compared (value|(ALL|ANY|SOME) '(' query ')')|NOT? BETWEEN value AND value|NOT? IN '(' (expression % ','|query) ')'|NOT? LIKE value (ESCAPE value)?|IS NOT? (NULL|DISTINCT FROM value)
compared: '='|'<>'|'!='|'<'|'<='|'>'|'>='
value: signed (('+'|'-'|'*'|'/'|'%'|'||') signed)*
signed: ('+'|'-')* primary (AT TIME ZONE (interval|string))*
primary: atom ('[' value ']'|'.' name)*
atom: literal|call|name|name '->' expression|'(' (name % ',')? ')' '->' expression|'(' query ')'|'(' expression % ',' ')'|special
literal: NULL|TRUE|FALSE|string|integer|decimal|binary|'?'|interval|name string|DOUBLE PRECISION string
interval: INTERVAL ('+'|'-')? string field (TO field)?
field: YEAR|MONTH|DAY|HOUR|MINUTE|SECOND
call: qualified '(' ((ALL|DISTINCT)? expression % ',')? (ORDER BY sort % ',')? ')' filter? (((IGNORE|RESPECT) NULLS)? windowed)?|qualified '(' (name '.')? '*' ')' filter? windowed?|LISTAGG '(' (ALL|DISTINCT)? expression (',' string)? (ON OVERFLOW (ERROR|TRUNCATE string? (WITH|WITHOUT) COUNT))? ')' WITHIN GROUP '(' ORDER BY sort % ',' ')' filter? windowed?
filter: FILTER '(' WHERE expression ')'
windowed: OVER (name|'(' over ')')
over: name? (PARTITION BY expression % ',')? (ORDER BY sort % ',')? frame?
frame: (RANGE|ROWS|GROUPS) (bound|BETWEEN bound AND bound)
bound: UNBOUNDED (PRECEDING|FOLLOWING)|CURRENT ROW|expression (PRECEDING|FOLLOWING)
special: ROW '(' expression % ',' ')'|EXISTS '(' query ')'|CASE expression? (WHEN expression THEN expression)+ (ELSE expression)? END|(CAST|TRY_CAST) '(' expression AS type ')'|ARRAY? '[' (expression % ',')? ']'|POSITION '(' value IN value ')'|SUBSTRING '(' value FROM value (FOR value)? ')'|EXTRACT '(' name FROM value ')'|TRIM '(' ((LEADING|TRAILING|BOTH)? value? FROM)? value ')'|TRIM '(' value ',' value ')'|NORMALIZE '(' value (',' (NFD|NFC|NFKD|NFKC))? ')'|GROUPING '(' (qualified % ',')? ')'|(CURRENT_TIME|CURRENT_TIMESTAMP|LOCALTIME|LOCALTIMESTAMP) ('(' integer ')')?|CURRENT_DATE|CURRENT_USER|CURRENT_CATALOG|CURRENT_SCHEMA|CURRENT_PATH|json
json: (JSON_EXISTS|JSON_VALUE|JSON_QUERY) '(' jinput ',' string (PASSING (expression AS name) % ',')? (RETURNING type (FORMAT JSON)?)? wrapper? quotes? ((ERROR|NULL|TRUE|FALSE|UNKNOWN|EMPTY (ARRAY|OBJECT)|DEFAULT expression) ON (ERROR|EMPTY))* ')'|JSON_OBJECT '(' (pair % ',')? nulls? (RETURNING type (FORMAT JSON)?)? ')'|JSON_ARRAY '(' (jinput % ',')? nulls? (RETURNING type (FORMAT JSON)?)? ')'
jinput: expression (FORMAT JSON)?
wrapper: (WITHOUT ARRAY?|WITH (CONDITIONAL|UNCONDITIONAL)? ARRAY?) WRAPPER
quotes: (KEEP|OMIT) QUOTES (ON SCALAR STRING)?
pair: KEY? expression VALUE jinput|expression ':' jinput
nulls: (NULL|ABSENT) ON NULL|(WITH|WITHOUT) UNIQUE KEYS?
type: simple (ARRAY ('[' integer ']')?)*
simple: ROW '(' (name? type) % ',' ')'|INTERVAL field (TO field)?|(TIMESTAMP|TIME) ('(' integer ')')? ((WITH|WITHOUT) TIME ZONE)?|DOUBLE PRECISION|ARRAY '<' type '>'|MAP '<' type ',' type '>'|name ('(' (integer|type) % ',' ')')?
"""  # noqa: E501 - a rule is a line

_RESERVED = """
ALTER AND AS BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS CUBE CURRENT_CATALOG CURRENT_DATE CURRENT_PATH CURRENT_ROLE
CURRENT_SCHEMA CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DEALLOCATE DELETE DESCRIBE DISTINCT DROP ELSE END ESCAPE
EXCEPT EXISTS EXTRACT FALSE FOR FROM FULL GROUP GROUPING HAVING IN INNER INSERT INTERSECT INTO IS JOIN
JSON_ARRAY JSON_EXISTS JSON_OBJECT JSON_QUERY JSON_TABLE JSON_VALUE LEFT LIKE LISTAGG LOCALTIME LOCALTIMESTAMP NATURAL
NORMALIZE NOT NULL ON OR ORDER OUTER PREPARE RECURSIVE RIGHT ROLLUP SELECT SKIP TABLE THEN TRIM TRUE UESCAPE UNION
UNNEST USING VALUES WHEN WHERE WITH
"""
RESERVED = frozenset(_RESERVED.split())
"""Words that are no names without quotes."""

_LEXEMES = re.compile(
    r"""(?P<space>\s+|--[^\r\n]*|/\*.*?\*/)
    |(?P<string>'(?:[^']|'')*')
    |(?P<binary>[xX]'[^']*')
    |(?P<unicode>[uU]&['"])
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<decimal>\d[\d_]*\.?[\d_]*[eE][+-]?\d+|\.\d[\d_]*[eE][+-]?\d+|\d[\d_]*\.[\d_]*|\.\d[\d_]*)
    |(?P<special>0[xXoObB][0-9a-fA-F_]+|\d+(?:_\d+)+)
    |(?P<integer>\d+)(?![A-Za-z_])
    |(?P<digits>\d\w+)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<symbol><>|!=|<=|>=|\|\||->|=>|::|.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Lexeme:
    """A token of Trino: its kind, its text (a word in capitals) and where it starts and ends in the statement."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Refused:
    """Where a statement stops being a query: the place in its text, and what could stand there."""

    start: int
    found: str
    expected: tuple[str, ...]


def lexemes(sql: str) -> list[Lexeme]:
    """The tokens of a statement, without space and comments."""
    found = []
    for match in _LEXEMES.finditer(sql):
        kind, text = str(match.lastgroup), match.group()
        if kind != "space":
            found.append(Lexeme(kind, text.upper() if kind == "word" else text, match.start(), match.end()))
    return found


Ends = tuple[int, ...]
Matcher = Callable[["_Run", int], Ends]


@dataclass
class _Run:
    """One recognition: its tokens, what rules matched where, and the farthest token that fitted nowhere."""

    tokens: Sequence[Lexeme]
    known: dict[tuple[str, int], Ends] = field(default_factory=dict)
    farthest: int = 0
    expected: set[str] = field(default_factory=set)

    def at(self, place: int) -> Lexeme | None:
        return self.tokens[place] if place < len(self.tokens) else None

    def missed(self, place: int, wanted: str) -> Ends:
        if place > self.farthest:
            self.farthest, self.expected = place, set()
        if place == self.farthest:
            self.expected.add(wanted)
        return ()


def _keyword(word: str) -> Matcher:
    def match(run: _Run, place: int) -> Ends:
        token = run.at(place)
        fits = token is not None and token.kind == "word" and token.text == word
        return (place + 1,) if fits else run.missed(place, f"'{word}'")

    return match


def _symbol(text: str) -> Matcher:
    def match(run: _Run, place: int) -> Ends:
        token = run.at(place)
        fits = token is not None and token.kind == "symbol" and token.text == text
        return (place + 1,) if fits else run.missed(place, f"'{text}'")

    return match


def _token(kind: str) -> Matcher:
    def match(run: _Run, place: int) -> Ends:
        token = run.at(place)
        if kind == "name":
            fits = token is not None and (
                token.kind == "quoted" or (token.kind == "word" and token.text not in RESERVED)
            )
            return (place + 1,) if fits else run.missed(place, "<identifier>")
        return (place + 1,) if token is not None and token.kind == kind else run.missed(place, f"<{kind}>")

    return match


def _rule(name: str) -> Matcher:
    def match(run: _Run, place: int) -> Ends:
        key = (name, place)
        if key not in run.known:
            run.known[key] = _grammar()[name](run, place)
        return run.known[key]

    return match


def _sequence(parts: Sequence[Matcher]) -> Matcher:
    if len(parts) == 1:
        return parts[0]

    def match(run: _Run, place: int) -> Ends:
        ends: Ends = (place,)
        for part in parts:
            ends = tuple({end: None for start in ends for end in part(run, start)})
            if not ends:
                break
        return ends

    return match


def _choice(parts: Sequence[Matcher]) -> Matcher:
    if len(parts) == 1:
        return parts[0]
    return lambda run, place: tuple({end: None for part in parts for end in part(run, place)})


def _repeated(part: Matcher, separator: Matcher | None, least: int) -> Matcher:
    """Every number of repetitions that matches, as what follows may need any of them."""
    following = part if separator is None else _sequence([separator, part])

    def match(run: _Run, place: int) -> Ends:
        found: dict[int, None] = {} if least else {place: None}
        new = part(run, place)
        while new:
            found.update(dict.fromkeys(new))
            new = tuple({end: None for start in new for end in following(run, start) if end not in found})
        return tuple(found)

    return match


class _Notation:
    """Reads the right side of a rule."""

    def __init__(self, text: str) -> None:
        self._parts = re.findall(r"'[^ ]+?'|\w+|[()|?*+%]", text)
        self._place = 0

    def _next(self) -> str:
        return self._parts[self._place] if self._place < len(self._parts) else ""

    def _take(self) -> str:
        self._place += 1
        return str(self._parts[self._place - 1])

    def choice(self) -> Matcher:
        options = [self._line()]
        while self._next() == "|":
            self._take()
            options.append(self._line())
        return _choice(options)

    def _line(self) -> Matcher:
        parts = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._many())
        return _sequence(parts)

    def _many(self) -> Matcher:
        part = self._one()
        match self._next():
            case "?":
                self._take()
                return _choice([part, lambda _, place: (place,)])
            case "*" | "+" as how:
                self._take()
                return _repeated(part, None, int(how == "+"))
            case "%":
                self._take()
                return _repeated(part, self._one(), 1)
        return part

    def _one(self) -> Matcher:
        text = self._take()
        if text == "(":
            inner = self.choice()
            self._take()
            return inner
        if text.startswith("'"):
            return _symbol(text.strip("'"))
        if text.isupper():
            return _keyword(text)
        return _token(text) if text in ("string", "integer", "decimal", "binary", "name") else _rule(text)


@cache
def _grammar() -> dict[str, Matcher]:
    lines = (line.partition(":") for line in _RULES.strip().splitlines())
    return {name: _Notation(right).choice() for name, _, right in lines}


def recognise(sql: str, tokens: Sequence[Lexeme], rule: str = "query") -> Refused | None:
    """None if the tokens are a query of Trino, else the first token that fits nowhere."""
    run = _Run(tokens)
    ends = _rule(rule)(run, 0)
    if len(tokens) in ends:
        return None
    run.missed(max(ends, default=0), "<EOF>")
    wrong = run.at(run.farthest)
    if wrong is None:
        return Refused(len(sql), "<EOF>", tuple(sorted(run.expected)))
    return Refused(wrong.start, sql[wrong.start : wrong.end], tuple(sorted(run.expected)))
