"""Corrections of moto's interpreter of the Amazon States Language (JSONPath mode)."""

from __future__ import annotations

import datetime
import functools
import json
import re
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.string.string_expression import (
    StringIntrinsicFunction,
    StringVariableSample,
)
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.generic.string_format import StringFormat
from moto.stepfunctions.parser.asl.component.intrinsic.function.statesfunction.json_manipulation.json_to_string import (
    JsonToString,
)
from moto.stepfunctions.parser.asl.component.state import state as state_module
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_func import (
    ComparisonFuncStringVariableSample,
    ComparisonFuncValue,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_operator_type import (
    ComparisonOperatorType,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_variable import ComparisonVariable
from moto.stepfunctions.parser.asl.component.state.choice.comparison.operator.factory import OperatorFactory
from moto.stepfunctions.parser.asl.component.state.choice.comparison.operator.implementations.string_operators import (
    StringMatches,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import NoSuchVariable
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.intrinsic.intrinsic_parser import IntrinsicParser
from moto.stepfunctions.parser.asl.parse.intrinsic.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor as Definition
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError
from moto.stepfunctions.parser.backend import execution_worker

from local_aws.core.patching import replace
from local_aws.stepfunctions.executions import compact
from local_aws.stepfunctions.failures import INTRINSIC_FAILURE, NO_CHOICE_MATCHED, RUNTIME, failure
from local_aws.stepfunctions.paths import extract_json

UNCATCHABLE = ("States.Runtime", "States.DataLimitExceeded")
"""Errors that States.ALL and States.TaskFailed do not match."""

_parse_definition = AmazonStateLanguageParser.parse
_parse_intrinsic = IntrinsicParser.parse
_eval_choice = StateChoice._eval_state


@functools.lru_cache(maxsize=16)
def _tree(definition: str) -> Any:
    """A definition's syntax tree, cached because parsing takes one or two seconds; it is never changed."""
    return _parse_definition(definition)[1]


def parse_definition(definition: str) -> tuple[Any, Any]:
    """The program of a definition, and its syntax tree. moto calls this on creation and for each execution."""
    tree = _tree(definition)
    return Definition().visit(tree), tree


# The errors that a Retrier or Catcher matches.
def error_equals(self: ErrorEqualsDecl, env: Any) -> None:
    """Replace the error name on the stack by whether ErrorEquals matches it."""
    error = env.stack.pop().error_name
    names = {name.error_name for name in self.error_names}
    if error == "States.Runtime":  # an invalid definition: always fails the execution
        matches = False
    elif error in names:
        matches = True
    elif error in UNCATCHABLE:
        matches = False
    else:
        matches = "States.ALL" in names or ("States.TaskFailed" in names and error != "States.Timeout")
    env.stack.append(matches)


# Intrinsic functions: `'` and `{` may be escaped inside their strings.
class Literal(str):
    """A string of an intrinsic function, unescaped; `pieces` are the texts around its `{}` placeholders."""

    pieces: list[str]


def literal(source: str) -> Literal:
    r"""Unescape the content of an intrinsic function's string: `\'`, `\{`, `\}` and `\\` are escapes."""
    pieces = [""]
    text = ""
    for part in re.findall(r"\\.|\{\}|[^\\{]|\{|\\$", source, flags=re.DOTALL):
        if part == "{}":
            pieces.append("")
            text += part
            continue
        if part.startswith("\\"):
            if part[1:] not in ("'", "{", "}", "\\"):
                raise ValueError(f"{part} is no escape of an intrinsic function's string: '{source}'")
            part = part[1:]
        pieces[-1] += part
        text += part
    read = Literal(text)
    read.pieces = pieces
    return read


_STRING = re.compile(r"'(?:\\.|[^'\\])*'", re.DOTALL)
_CONTROLS = {code: 0xE000 + code for code in range(0x20)}
_CONTROLS_BACK = {private: code for code, private in _CONTROLS.items()}
"""moto's lexer takes no control character, such as a line feed, in a string: private characters stand for them."""


def text_of_string(parse_tree: Any) -> Literal:
    """The value of a string token with its quotes."""
    return literal(parse_tree.getText()[1:-1].translate(_CONTROLS_BACK))


def parse_intrinsic(src: str) -> Any:
    """Parse an intrinsic function from the JSON document, including its JSON escapes."""
    decoded = json.loads(f'"{src}"', strict=False)
    return _parse_intrinsic(_STRING.sub(lambda string: string[0].translate(_CONTROLS), decoded))


def string_format(self: StringFormat, env: Any) -> None:
    """States.Format: the number of values must be that of the placeholders."""
    self.argument_list.eval(env=env)
    template, *values = env.stack.pop()
    pieces = template.pieces if isinstance(template, Literal) else str(template).split("{}")
    if len(values) != len(pieces) - 1:
        raise ValueError(f"States.Format has {len(pieces) - 1} places for {len(values)} values: {template}")
    filled = [StringFormat._to_str_repr(value) for value in values]
    env.stack.append(pieces[0] + "".join(value + piece for value, piece in zip(filled, pieces[1:], strict=True)))


def json_to_string(self: JsonToString, env: Any) -> None:
    """States.JsonToString: compact JSON without escapes for letters."""
    self.argument_list.eval(env=env)
    env.stack.append(compact(env.stack.pop()[-1]))


def intrinsic_function(self: StringIntrinsicFunction, env: Any) -> None:
    """An error in an intrinsic function fails its state with States.IntrinsicFailure."""
    try:
        self.function.eval(env=env)
    except (FailureEventException, NoSuchJsonPathError):
        raise
    except Exception as refused:
        cause = f"The function '{self.intrinsic_function_derivation}' had the following error: {refused}"
        raise failure(env, INTRINSIC_FAILURE, cause) from refused


# Variables: moto passes `$name.path` to JSONata, for which it has no interpreter.
def variable_sample(self: StringVariableSample, env: Any) -> None:
    """The value of `$name` or of a path into it."""
    match = re.match(r"\$([A-Za-z_]\w*)(.*)$", self.expression, flags=re.DOTALL)
    if match is None:
        raise RuntimeError(f"'{self.expression}' is not a reference to a variable")
    env.stack.append(extract_json(f"${match[2]}", env.variable_store.get(match[1])))


# Choice: a path without a value is an error, except for IsPresent.
def _invalid_path(env: Any, path: str) -> FailureEventException:
    cause = f"Invalid path '{path}': The choice state's condition path references an invalid value."
    return failure(env, RUNTIME, cause)


def comparison_variable(self: ComparisonVariable, env: Any) -> None:
    """Compare a variable; for a missing one only IsPresent is allowed."""
    self.variable.eval(env)
    absent = isinstance(env.stack[-1], NoSuchVariable)
    function: Any = self.comparison_function
    if absent and function.operator_type != ComparisonOperatorType.IsPresent:
        sampler: Any = self.variable.string_sampler
        raise _invalid_path(env, getattr(sampler, "context_object_path", sampler.literal_value))
    function.eval(env)


def comparison_value(self: ComparisonFuncValue, env: Any) -> None:
    """Compare with a constant or, for operators ending in Path, with the value at the path."""
    operator, expected = self.operator_type, self.value
    if operator.name.endswith("Path"):
        operator = ComparisonOperatorType[operator.name.removesuffix("Path")]
        try:
            if expected.startswith("$$"):
                expected = extract_json(expected[1:], env.states.context_object.context_object_data)
            else:
                expected = extract_json(expected, env.stack[-2])  # the state's input is below the variable on the stack
        except NoSuchJsonPathError:
            raise _invalid_path(env, self.value) from None
    OperatorFactory.get(operator).eval(env=env, value=expected)


def comparison_variable_sample(self: ComparisonFuncStringVariableSample, env: Any) -> None:
    """Compare with a workflow variable (`StringEqualsPath: $name`)."""
    self.string_variable_sample.eval(env=env)
    expected = env.stack.pop()
    operator = ComparisonOperatorType[self.operator_type.name.removesuffix("Path")]
    OperatorFactory.get(operator).eval(env=env, value=expected)


def string_matches(variable: Any, pattern: str) -> bool:
    r"""StringMatches: `*` is any text, `\*` a star; nothing else is special."""
    if not isinstance(variable, str):
        return False
    wanted = "".join(
        ".*" if part == "*" else re.escape(part[-1]) for part in re.findall(r"\\[*\\]|.", pattern, flags=re.DOTALL)
    )
    return re.fullmatch(wanted, variable, flags=re.DOTALL) is not None


def choice(self: StateChoice, env: Any) -> None:
    """Evaluate the choices; without a match and a Default the state fails with States.NoChoiceMatched."""
    try:
        _eval_choice(self, env)
    except RuntimeError as none:
        if "No branching option" not in str(none.args):
            raise
        raise failure(env, NO_CHOICE_MATCHED, f"No choice rule of the state '{self.name}' matched") from none


# The context object has strings.
def instant(moment: datetime.datetime) -> str:
    """A time in the context object's format: 2026-11-24T03:14:54.123Z."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _state_data(EnteredTime: str, Name: str) -> dict[str, str]:  # noqa: N803 - the context object's names
    return {"EnteredTime": instant(datetime.datetime.fromisoformat(EnteredTime)), "Name": Name}


def _execution_data(**data: Any) -> dict[str, Any]:
    return {**data, "StartTime": instant(data["StartTime"]), "RedriveCount": 0}


def install() -> None:
    """Install the corrections of the language."""
    replace(AmazonStateLanguageParser, parse=staticmethod(parse_definition))
    replace(ErrorEqualsDecl, _eval_body=error_equals)
    replace(IntrinsicParser, parse=staticmethod(parse_intrinsic))
    replace(Preprocessor, _text_of_str=staticmethod(text_of_string))
    replace(StringFormat, _eval_body=string_format)
    replace(JsonToString, _eval_body=json_to_string)
    replace(StringIntrinsicFunction, _eval_body=intrinsic_function)
    replace(StringVariableSample, _eval_body=variable_sample)
    replace(ComparisonVariable, _eval_body=comparison_variable)
    replace(ComparisonFuncValue, _eval_body=comparison_value)
    replace(ComparisonFuncStringVariableSample, _eval_body=comparison_variable_sample)
    replace(StringMatches, _compare=staticmethod(string_matches))
    replace(StateChoice, _eval_state=choice)
    replace(state_module, StateData=_state_data)
    replace(execution_worker, ExecutionData=_execution_data)
