"""The command line of both jobs: `--name value` for each argument. The template has all of them."""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from mhealth.errors import CodeVersionMismatch, InvalidArgument

_COMPONENT = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._=-]{1,200}")
_LONGEST = 2048
"""The longest argument that is accepted; an execution's ARN has at most about 400 characters."""


@dataclass(frozen=True)
class CommonArguments:
    """The arguments that both jobs have.

    `code_version` is that of the run's begin, `deployed_code_version` that of the job, None if unknown.
    `data_uri` is `s3://BUCKET` or `file:///FOLDER`; keys and prefixes are relative to it and have no slash at either
    end. `snapshot` is yyyymmddHHMMSS (UTC) as a number.
    """

    data_uri: str
    raw_manifest: str
    stage_prefix: str
    code_version: str
    deployed_code_version: str | None
    execution: str
    snapshot: int

    def __post_init__(self) -> None:
        if self.deployed_code_version not in (None, self.code_version):
            raise CodeVersionMismatch(
                f"The run began with the code {self.code_version}, the job has {self.deployed_code_version}: a "
                "deployment came in between, and one snapshot must be of one code. Retryable: start a new execution."
            )


@dataclass(frozen=True)
class ConvertArguments(CommonArguments):
    """The arguments of job 1."""

    quarantine_prefix: str
    max_bad_row_ratio: float


@dataclass(frozen=True)
class TransformArguments(CommonArguments):
    """The arguments of job 2. `table` is `DATABASE.TABLE` or `file:///TABLE.json`; `view` may be empty."""

    processed_prefix: str
    manifests_prefix: str
    table: str
    view: str
    recording_start: datetime
    max_file_bytes: int
    keep_snapshots: int
    allow_missing_subjects: bool
    catalog_refresh: str

    @property
    def job_registers(self) -> bool:
        """Whether the job registers the snapshot's partitions: the stack has no crawler."""
        return self.catalog_refresh == "Job"


@dataclass(frozen=True)
class RegisterArguments:
    """The arguments of job 2 where it only registers partitions again."""

    data_uri: str
    manifests_prefix: str
    table: str
    view: str
    execution: str
    snapshot: int


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidArgument(f"{message}. Job arguments come from the template: correct it there. Not retryable.")


def _data_uri(text: str) -> str:
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+/?|file:///.+", text):
        raise argparse.ArgumentTypeError(f"expected s3://BUCKET or file:///FOLDER, found {text!r}")
    return text.rstrip("/")


def _prefix(text: str) -> str:
    prefix = text.strip("/")
    if not _is_key(prefix) or "=" in prefix:
        raise argparse.ArgumentTypeError(f"expected a key prefix such as stage, found {text!r}")
    return prefix


def _key(text: str) -> str:
    if not _is_key(text):
        raise argparse.ArgumentTypeError(f"expected a key such as manifests/raw/version=1.json, found {text!r}")
    return text


def _is_key(text: str) -> bool:
    """Whether a text is a key of plain components: none is empty, `.` or `..`."""
    return len(text) <= 1024 and all(_COMPONENT.fullmatch(component) for component in text.split("/"))


def _word(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,200}", text):
        raise argparse.ArgumentTypeError(f"expected letters, digits, dot, underscore and hyphen, found {text!r}")
    return text


def _printable(text: str) -> str:
    if not text.isprintable() or " " in text or len(text) > _LONGEST:
        raise argparse.ArgumentTypeError(f"expected the ARN of an execution, found {text[:200]!r}")
    return text


def _positive(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text):
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, found {text!r}")
    return int(text)


def _ratio(text: str) -> float:
    if not re.fullmatch(r"[0-9]*\.?[0-9]+([eE]-?[0-9]+)?", text) or not float(text) <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, found {text!r}")
    return float(text)


def _instant(text: str) -> datetime:
    with contextlib.suppress(ValueError):
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant
    raise argparse.ArgumentTypeError(f"expected an instant with its zone, as 2014-01-01T00:00:00Z, found {text!r}")


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"expected true or false, found {text!r}")
    return text == "true"


def _refresh(text: str) -> str:
    if text not in ("Crawler", "Job"):
        raise argparse.ArgumentTypeError(f"expected Crawler or Job, found {text!r}")
    return text


def _table(text: str) -> str:
    if not re.fullmatch(r"file:///.+|[a-z0-9_-]+\.[a-z0-9_-]+", text):
        raise argparse.ArgumentTypeError(f"expected DATABASE.TABLE or file:///TABLE.json, found {text!r}")
    return text


def _view(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9_-]*", text):
        raise argparse.ArgumentTypeError(f"expected the name of a view, found {text!r}")
    return text


def _any_job(prog: str) -> _Parser:
    parser = _Parser(prog=prog, allow_abbrev=False, add_help=False)
    parser.add_argument("--data_uri", type=_data_uri, required=True)
    parser.add_argument("--execution", type=_printable, default="")
    parser.add_argument("--snapshot", type=_positive, required=True)
    return parser


def _making_job(prog: str) -> _Parser:
    parser = _any_job(prog)
    parser.add_argument("--raw_manifest", type=_key, required=True)
    parser.add_argument("--stage_prefix", type=_prefix, required=True)
    parser.add_argument("--code_version", type=_word, required=True)
    parser.add_argument("--deployed_code_version", type=_word)
    return parser


def _with_catalog(parser: _Parser) -> None:
    parser.add_argument("--manifests_prefix", type=_prefix, required=True)
    parser.add_argument("--table", type=_table, required=True)
    parser.add_argument("--view", type=_view, default="")


def _known(parser: _Parser, argv: Sequence[str]) -> dict[str, object]:
    # Glue adds arguments of its own (--JOB_NAME, --TempDir, ...), which are ignored.
    known, _ = parser.parse_known_args(argv)
    return vars(known)


def parse_convert(argv: Sequence[str]) -> ConvertArguments:
    """Parse the arguments of job 1. Raises InvalidArgument, CodeVersionMismatch."""
    parser = _making_job("convert_parquet")
    parser.add_argument("--quarantine_prefix", type=_prefix, required=True)
    parser.add_argument("--max_bad_row_ratio", type=_ratio, required=True)
    return ConvertArguments(**_known(parser, argv))  # type: ignore[arg-type]


def parse_transform(argv: Sequence[str]) -> TransformArguments:
    """Parse the arguments of job 2. Raises InvalidArgument, CodeVersionMismatch."""
    parser = _making_job("glue_transform")
    _with_catalog(parser)
    parser.add_argument("--processed_prefix", type=_prefix, required=True)
    parser.add_argument("--recording_start", type=_instant, required=True)
    parser.add_argument("--max_file_bytes", type=_positive, required=True)
    parser.add_argument("--keep_snapshots", type=_positive, required=True)
    parser.add_argument("--allow_missing_subjects", type=_boolean, required=True)
    parser.add_argument("--catalog_refresh", type=_refresh, required=True)
    return TransformArguments(**_known(parser, argv))  # type: ignore[arg-type]


def parse_register(argv: Sequence[str]) -> RegisterArguments | None:
    """Parse the arguments of job 2 with `--only_register true`; without it return None. Raises InvalidArgument."""
    asked = _Parser(prog="glue_transform", allow_abbrev=False, add_help=False)
    asked.add_argument("--only_register", type=_boolean, default=False)
    if not _known(asked, argv)["only_register"]:
        return None
    parser = _any_job("glue_transform")
    _with_catalog(parser)
    return RegisterArguments(**_known(parser, argv))  # type: ignore[arg-type]
