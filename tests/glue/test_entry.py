"""What leaves a job that fails: one argument, one line, a name of ours."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from botocore.exceptions import ClientError

from mhealth.entry import run_job
from mhealth.errors import JobFailed, PipelineError, TooManyBadRows, one_line, some


def raising(error: Exception) -> None:
    def main(argv: Sequence[str]) -> None:
        assert argv == ["--n", "1"]
        raise error

    run_job(main, ["--n", "1"])


REFUSED = ClientError({"Error": {"Code": "AccessDenied", "Message": "no\nway"}}, "PutObject")


@pytest.mark.parametrize(
    ("error", "begins"),
    [
        pytest.param(REFUSED, "ClientError: An error occurred (AccessDenied) when calling", id="botocore"),
        pytest.param(ValueError("SchemaMismatch: x"), "ValueError: SchemaMismatch: x. ", id="named-like-ours-inside"),
        pytest.param(MemoryError(), "MemoryError: . ", id="without-text"),
    ],
)
def test_any_other_error_becomes_one_that_can_be_made_from_its_message(error: Exception, begins: str) -> None:
    with pytest.raises(JobFailed) as failed:
        raising(error)
    (message,) = failed.value.args
    assert message.startswith(begins)
    assert message.isprintable()
    assert message.endswith("else keep the log and open an issue.")
    assert failed.value.__cause__ is error
    # As Glue raises it again. botocore's own takes more than a text.
    assert type(failed.value)(str(failed.value)).args == (message,)


def test_an_error_with_a_name_leaves_as_it_is() -> None:
    error = TooManyBadRows("5 of 9")
    with pytest.raises(TooManyBadRows) as failed:
        raising(error)
    assert failed.value is error


def test_a_job_that_succeeds_ends_quietly() -> None:
    reported: list[Sequence[str]] = []
    run_job(reported.append, ["--n", "1"])
    assert reported == [["--n", "1"]]


@pytest.mark.notices("glue/mhealth/errors.py", "super().__init__(one_line(message))", "super().__init__(message)")
@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("a\nSubject: b\r\n", "a\\nSubject: b\\r\\n", id="line-ends"),
        pytest.param("\x1b[2J\x00\x7f", "\\x1b[2J\\x00\\x7f", id="terminal"),
        pytest.param("a\u202eb\u2028c", "a\\u202eb\\u2028c", id="direction-and-line-separator"),
        pytest.param("\udc80", "\\udc80", id="half-a-pair"),
        pytest.param("Über 心電図 🏃", "Über 心電図 🏃", id="letters-of-any-language"),
    ],
)
def test_a_message_is_one_printable_line(text: str, line: str) -> None:
    assert str(PipelineError(text)) == line


def test_a_long_message_keeps_its_beginning_and_what_to_do() -> None:
    message = str(PipelineError(f"begin{'x' * 1_000_000}end. Delete it."))
    assert len(message) == 2000
    assert message.startswith("beginxxx")
    assert " ... (1000020 characters in all) ... " in message
    assert message.endswith("xend. Delete it.")
    assert one_line(message) == message


@pytest.mark.parametrize(
    ("items", "reported"), [([], ""), ([1], "1"), ([1, 2, 3], "1, 2, 3"), (range(10), "0, 1, 2 and 7 more")]
)
def test_a_long_list_is_told_by_its_first_members(items: Sequence[int], reported: str) -> None:
    assert some(items, most=3) == reported
