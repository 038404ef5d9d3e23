"""IAM's policy evaluation, for the supported parts of policies.

Unsupported parts never allow: with an unsupported condition key or operator an Allow does not apply and a Deny does,
and the message says so.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KNOWN_KEYS = frozenset(
    {
        *("aws:calledvia", "aws:viaawsservice", "aws:requestedregion", "aws:securetransport"),
        *("aws:principalaccount", "aws:principalarn", "aws:resourceaccount"),
        *("aws:sourceaccount", "aws:sourcearn", "aws:sourceowner"),
        "cloudwatch:namespace",
        "iam:passedtoservice",
        *("kms:viaservice", "kms:calleraccount", "kms:grantisforawsresource"),
        *("kms:encryptioncontext:aws:s3:arn", "kms:encryptioncontext:aws:logs:arn"),
        *("kms:encryptioncontext:aws:sns:topicarn", "kms:encryptioncontext:aws:sqs:arn"),
        "kms:encryptioncontext:secretarn",
        *("s3:delimiter", "s3:max-keys", "s3:prefix", "s3:versionid"),
        *("s3:x-amz-acl", "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"),
        *("secretsmanager:secretid", "secretsmanager:versionid", "secretsmanager:versionstage"),
    }
)
"""The supported condition keys, in lower case."""


@dataclass(frozen=True)
class Request:
    """An action on a resource; `principal` is the role's ARN, `context` has the values of condition keys."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """Whether a request is allowed, and why not."""

    allowed: bool
    reason: str = ""

    @property
    def denied(self) -> bool:
        """Whether it is an explicit deny."""
        return "explicit deny" in self.reason


class _UnknownError(Exception):
    """An unsupported part of a policy."""


@functools.lru_cache(maxsize=4096)
def _pattern(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    if "${" in pattern:
        pattern = pattern.replace("${*}", "\x00").replace("${?}", "\x01").replace("${$}", "\x02")
        if "${" in pattern:
            raise _UnknownError(f"the policy variable in {pattern}")
    translated = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    for placeholder, letter in (("\x00", r"\*"), ("\x01", r"\?"), ("\x02", r"\$")):
        translated = translated.replace(re.escape(placeholder), letter)
    return re.compile(translated, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def like(value: str, pattern: str, *, ignore_case: bool = False) -> bool:
    """Whether a value matches a pattern with `*` (any text) and `?` (any character)."""
    return _pattern(pattern, ignore_case=ignore_case).fullmatch(value) is not None


def listed(element: Any) -> list[Any]:
    """An element of a policy, a single value or a list, as a list."""
    return element if isinstance(element, list) else [element]


def _names(statement: Mapping[str, Any], element: str, matches: Callable[[str], bool]) -> bool:
    """Whether Action/NotAction or Resource/NotResource of a statement matches a value."""
    if element in statement:
        return any(matches(pattern) for pattern in listed(statement[element]))
    if f"Not{element}" not in statement:  # a trust policy: the resource is the role itself
        return True
    return not any(matches(pattern) for pattern in listed(statement[f"Not{element}"]))


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError as wrong:
        raise _UnknownError(f"the number {value}") from wrong


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": lambda value, wanted: like(value, wanted),
    "ArnEquals": lambda value, wanted: like(value, wanted),
    "ArnLike": lambda value, wanted: like(value, wanted),
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "NumericEquals": lambda value, wanted: _number(value) == _number(wanted),
    "NumericLessThan": lambda value, wanted: _number(value) < _number(wanted),
    "NumericLessThanEquals": lambda value, wanted: _number(value) <= _number(wanted),
    "NumericGreaterThan": lambda value, wanted: _number(value) > _number(wanted),
    "NumericGreaterThanEquals": lambda value, wanted: _number(value) >= _number(wanted),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _condition_holds(operator: str, key: str, wanted: Sequence[str], context: Mapping[str, str]) -> bool:
    if key.lower() not in KNOWN_KEYS:
        raise _UnknownError(f"the condition key {key}")
    value = context.get(key.lower())
    if operator == "Null":
        return any((value is None) == (answer.lower() == "true") for answer in wanted)
    # With a single value both quantifiers equal the plain operator, except for a missing key.
    for quantifier, if_absent in (("ForAllValues:", True), ("ForAnyValue:", False)):
        if operator.startswith(quantifier):
            if value is None:
                return if_absent
            operator = operator.removeprefix(quantifier)
    if operator.endswith("IfExists"):
        if value is None:
            return True
        operator = operator.removesuffix("IfExists")
    negated = operator in _NEGATED
    compare = _OPERATORS.get(_NEGATED.get(operator, operator))
    if compare is None:
        raise _UnknownError(f"the condition operator {operator}")
    if value is None:
        return negated
    return any(compare(value, one) for one in wanted) != negated


def conditions_hold(statement: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """Whether all conditions of a statement are true; `context` has lower-case keys."""
    return all(
        _condition_holds(operator, key, [_text(value) for value in listed(wanted)], context)
        for operator, tests in statement.get("Condition", {}).items()
        for key, wanted in tests.items()
    )


@functools.lru_cache(maxsize=512)
def statements(document: str) -> tuple[Mapping[str, Any], ...]:
    """The statements of a policy document."""
    return tuple(listed(json.loads(document)["Statement"]))


def _applies(statement: Mapping[str, Any], request: Request, doubts: list[str]) -> bool:
    try:
        return (
            _names(statement, "Action", lambda pattern: like(request.action, pattern, ignore_case=True))
            and _names(statement, "Resource", lambda pattern: like(request.resource, pattern))
            and conditions_hold(statement, request.context)
        )
    except _UnknownError as unknown:
        doubts.append(str(unknown))
        return bool(statement["Effect"] == "Deny")


def decide(documents: Iterable[str], request: Request, kind: str = "identity-based policy") -> Decision:
    """Evaluate a request by policy documents: any Deny wins, at least one Allow is needed."""
    return decide_by_statements([one for document in documents for one in statements(document)], request, kind)


def decide_by_statements(
    given: Iterable[Mapping[str, Any]], request: Request, kind: str = "identity-based policy"
) -> Decision:
    """Evaluate a request by statements."""
    doubts: list[str] = []
    effects = {statement["Effect"] for statement in given if _applies(statement, request, doubts)}
    doubt = f" (the local AWS does not know {'; '.join(doubts)})" if doubts else ""
    if "Deny" in effects:
        return Decision(False, f"with an explicit deny in {'an' if kind[0] in 'aeiou' else 'a'} {kind}{doubt}")
    if "Allow" in effects:
        return Decision(True)
    return Decision(False, f"because no {kind} allows the {request.action} action{doubt}")
