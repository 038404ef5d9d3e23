"""Rules on the permissions of the template, by tools/checks/promises/rights.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from tools.checks.project import Project, as_list
from tools.checks.rules.policies import Statement
from tools.checks.rules.promises import table
from tools.checks.rules.registry import rule

_ACCOUNT = "${AWS::Region}:${AWS::AccountId}:"
_OURS = {"AssumeRolePolicyDocument": "trust", "PolicyDocument": "", "KeyPolicy": ""}


def policies(project: Project) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Logical id, document and position of every policy of the template."""
    for name, resource in project.template["Resources"].items():
        properties = resource.get("Properties", {})
        for key, place in _OURS.items():
            if key in properties:
                yield name, properties[key], place
        for policy in properties.get("Policies", []):
            yield name, policy.get("PolicyDocument", {}), ""


def line(statement: Statement) -> str:
    """A statement as one line: `s3:GetObject on raw/*`, with Deny before it, conditions and principal after it."""
    rest = {key: value for key, value in statement.items() if key not in ("Sid", "Effect", "Action", "Resource")}
    words = [] if statement.get("Effect") == "Allow" else [str(statement.get("Effect"))]
    words.append(", ".join(map(_short, as_list(statement.get("Action")))))
    if "Resource" in statement:
        words += ["on", ", ".join(map(_short, as_list(statement["Resource"])))]
    for operator, conditions in rest.pop("Condition", {}).items():
        for key, value in conditions.items():
            words += ["where", key, {"StringEquals": "is", "StringLike": "like"}.get(operator, operator), _short(value)]
    for key, value in rest.items():
        words += [key.lower(), _short(value)]
    return " ".join(words)


def _short(value: Any) -> str:
    """The short form of a policy's value: only the key for the bucket's objects, service and name for an ARN."""
    if isinstance(value, dict) and set(value) == {"Ref"}:
        return f"<{value['Ref']}>"
    if isinstance(value, dict) and set(value) == {"Fn::GetAtt"} and value["Fn::GetAtt"][1:] == ["Arn"]:
        return f"<{value['Fn::GetAtt'][0]}>"
    if isinstance(value, dict) and set(value) == {"Fn::Sub"} and isinstance(value["Fn::Sub"], str):
        text = value["Fn::Sub"].replace(_ACCOUNT, "")
        text = "<DataBucket>/*" if text == "${DataBucket.Arn}/*" else text.removeprefix("${DataBucket.Arn}/")
        return re.sub(r"^arn:\$\{AWS::Partition\}:", "arn:", text).replace(".${AWS::Region}.${AWS::URLSuffix}", "")
    if isinstance(value, dict) and set(value) == {"Fn::Sub"}:
        text, names = value["Fn::Sub"]
        return " ".join([_short({"Fn::Sub": text}), *(f"with {name} {_short(each)}" for name, each in names.items())])
    if isinstance(value, dict) and set(value) == {"Fn::Select"}:
        place, among = value["Fn::Select"]
        return f"part {place} of {_short(among)}"
    if isinstance(value, dict) and set(value) == {"Fn::Split"}:
        delimiter, whole = value["Fn::Split"]
        return f"{_short(whole)} split at '{delimiter}'"
    if isinstance(value, dict) and set(value) == {"Fn::Join"}:
        delimiter, parts = value["Fn::Join"]
        return f"[{', '.join(map(_short, parts))}] joined by '{delimiter}'"
    if isinstance(value, list):
        return ", ".join(map(_short, value))
    if isinstance(value, dict) and set(value) == {"Fn::FindInMap"}:
        return f"<{'.'.join(map(str, value['Fn::FindInMap']))}>"
    if isinstance(value, dict) and set(value) == {"Service"}:
        return _short(value["Service"]).removesuffix(".amazonaws.com")
    if isinstance(value, dict) and set(value) == {"AWS"}:
        return _short(value["AWS"])
    return str(value)


def written(project: Project) -> dict[str, str]:
    """`Resource.Sid` to the line of the statement; for a trust policy `Resource.trust`."""
    found: dict[str, str] = {}
    for name, document, place in policies(project):
        for number, each in enumerate(as_list(document.get("Statement", []))):
            condition = ""
            if "Fn::If" in each:
                condition, each, other = each["Fn::If"]
                condition = f"if {condition}: " if other == {"Ref": "AWS::NoValue"} else f"{condition}, else {other}: "
            sid = place or each.get("Sid", f"number {number}")
            # A statement with the name of another one gets a number.
            key = f"{name}.{sid}" if f"{name}.{sid}" not in found else f"{name}.{sid} {number}"
            found[key] = condition + line(each)
    return found


@rule
def permissions_match_the_list(project: Project) -> Iterable[str]:
    """Every permission is listed a second time in rights.yaml, so that a change needs two edits."""
    found, granted = written(project), {key: str(value) for key, value in table("rights").items()}
    for key in sorted(granted.keys() - found.keys()):
        yield f"{key} is not in the template: remove its line from tools/checks/promises/rights.yaml"
    for key, text in found.items():
        if granted.get(key) != text:
            before = granted.get(key, "nothing")
            yield f"{key}: rights.yaml of tools/checks/promises/ has {before!r}, the template\n  {key}: {text}"


@rule
def policies_have_their_version(project: Project) -> Iterable[str]:
    """Without Version a policy has that of 2008, in which `${aws:...}` is not a variable."""
    for name, document, _ in policies(project):
        if document.get("Version") != "2012-10-17":
            yield f"{name}: a policy's Version is {document.get('Version')!r}, expected '2012-10-17'"
    for name, role in project.of_type("AWS::IAM::Role").items():
        if [set(policy) for policy in role.get("Policies", [])] != [{"PolicyName", "PolicyDocument"}]:
            yield f"{name}: expected one policy with its name"
        elif not re.fullmatch(r"[a-z-]+", str(role["Policies"][0]["PolicyName"])):
            yield f"{name}: the policy's name is {role['Policies'][0]['PolicyName']!r}"
        trusted = [each.get("Action") for each in as_list(role["AssumeRolePolicyDocument"].get("Statement", []))]
        if trusted != ["sts:AssumeRole"]:
            yield f"{name}: expected one statement of trust, sts:AssumeRole"
