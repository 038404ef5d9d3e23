"""Every command in a console block is executed by a test, or says that it needs AWS, Docker, Kaggle or Trino.

`EXECUTED` tells by which test; those that cost nothing are executed here.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.paths import ROOT

PAGES = ["README.md", "README.ja.md", "CONTRIBUTING.md"]
# The Japanese pages have the same blocks: tests/docs/test_japanese.py.
PAGES += sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md") if ".ja." not in path.name)
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
NEEDS = {"<!-- needs AWS -->", "<!-- needs Docker -->", "<!-- needs Kaggle -->", "<!-- needs Trino -->"}
OPERATIONS = "docs/operations.md"
"""Its commands are all executed in their order, but for those of make and those that it marks itself."""

EXECUTED = {
    r"git clone ADDRESS mhealth && cd mhealth": (
        "tests/docs/test_commands.py::test_a_clone_has_what_the_demo_and_the_notebooks_begin_with",
        "git clone",
    ),
    r"make demo": ("tests/end_to_end/test_demo.py::test_demo_shows_a_run_its_results_and_a_run_without_work", "demo"),
    r"make notebook": ("tests/notebooks/test_notebooks.py::seen", "published_stack"),
    r"make test": ("tests/docs/test_commands.py::test_make_test_is_what_runs_this", "pytest"),
    r"make test-fast": ("tests/suite/test_needs.py::test_a_fast_test_is_refused_what_it_starts", "--fast"),
    r"make check": ("tests/docs/test_commands.py::test_make_test_is_what_runs_this", "check"),
    r"make setup": ("tests/docs/test_commands.py::test_make_test_is_what_runs_this", "setup"),
    r"make hooks": ("tests/tools/test_upkeep.py::test_hooks_mend_what_they_can", "pre-commit"),
    r"make reference": ("tests/docs/test_reference.py::test_columns_are_those_of_the_template_today", "columns.page"),
    r"make bench( K=1 ROUNDS=1)?": ("tests/benchmarks/test_bench.py::test_a_small_race_publishes_nothing", '"bench"'),
    r"make performance": ("tests/benchmarks/test_page.py::test_the_page_is_what_the_figures_say", "make performance"),
    r"make docs": ("tests/docs/test_site.py::test_every_page_is_there_and_in_the_navigation", "mkdocs"),
    r"make docker-test": (
        "tests/docker/test_docker.py::test_without_an_engine_a_target_says_so_in_one_sentence",
        "needs a running Docker engine",
    ),
    r"make (deploy|verify|explain|destroy) .*": (
        "tests/end_to_end/test_deploy_and_destroy.py::test_deploy_gets_past_a_failed_first_deployment",
        "make",
    ),
    r"make restore-table .*": (
        "tests/end_to_end/test_readers.py::test_a_dropped_table_has_a_name_and_comes_back_as_it_was",
        "restore_table",
    ),
    r"make up( DATASET=/path/to/folder)?|uv run mhealth local up (--port 4566 )?--dataset (synthetic|/path/to/files)": (
        "tests/operations/test_local_up.py::test_up_deploys_the_template_says_ready_and_ends_at_once_with_its_children",
        "--dataset",
    ),
    r"uv run mhealth local up --parameter \w+=\S+": (
        "tests/operations/test_local_up.py::test_a_parameter_that_the_template_does_not_have_is_told",
        "--parameter",
    ),
    r"uv run mhealth local up --no-stack": (
        "tests/operations/test_local_up.py::test_without_a_stack_it_waits_for_sam_deploy",
        "--no-stack",
    ),
    r"mhealth ([a-z -]+ )?\[OPTIONS\].*": (
        "tests/docs/test_cli.py::test_every_command_has_a_section_with_usage_and_options",
        "[OPTIONS]",
    ),
    r"mhealth (run|query .+|status)|source \.venv/bin/activate": (
        "tests/operations/test_commands.py::test_the_commands_of_the_readme_run_as_they_stand",
        "README",
    ),
    r"uv run pytest -n0 tests/lambda_ingest/test_layouts\.py": (
        "tests/docs/test_data.py::test_the_steps_for_a_new_layout_are_one_entry_and_one_test_that_passes",
        "test_layouts.py",
    ),
    r"export AWS_ENDPOINT_URL=\S+( AWS_\w+=\S+)+": ("tests/docs/test_operations.py::shown", "AWS_ENDPOINT_URL"),
    r"aws cloudformation describe-stacks .*|aws stepfunctions start-execution .*": (
        "tests/docs/test_operations.py::test_commands_run_as_they_stand",
        "# aws ",
    ),
    r"sam build( && sam deploy --no-confirm-changeset)?": ("tools/checks/packaging/sam.py::deploy", '"deploy"'),
    r"sam delete --no-prompts .*": ("tools/checks/packaging/sam.py::deploy", '"delete"'),
    r"uv run pytest -n0 tests/glue/processed/test_transforms.py -k accel_magnitude": (
        "tests/docs/test_tutorial.py::test_its_test_passes_and_those_that_follow_the_change",
        "uv run pytest",
    ),
    r"uv run pytest -n0 tests/lambda_ingest/test_layouts.py": (
        "tests/docs/test_commands.py::test_make_test_is_what_runs_this",
        "pytest",
    ),
    r"uv run python -m tools.guarantees": (
        "tests/docs/test_guarantees.py::test_the_code_that_a_marker_names_exists",
        "python -m tools.guarantees",
    ),
}
"""Commands as patterns, each with the test that executes them and a text that stands in the test's file."""

LONG = {"make bench-all", "make bench-rest", "make test-glue-image", "make drill", "make test-glue6"}
"""Proofs that take too long for every run of the tests; they are run by hand, or nightly."""


@dataclass(frozen=True)
class Command:
    """A command of a page, its lines joined, without its comment; `needs` is what the page says it needs."""

    page: str
    text: str
    needs: str = ""


def commands(page: str, text: str) -> list[Command]:
    """The commands of the page's console blocks; other lines of a block are what one sees."""
    found = []
    blocks = re.findall(r"(?:^ *(<!-- needs \w+ -->)\n)?^ *```console\n(.+?)^ *```", text, re.MULTILINE | re.DOTALL)
    for needs, block in blocks:
        lines = re.sub(r"\\\n\s*", "", block).splitlines()
        shown = [line.strip().removeprefix("$ ") for line in lines if line.strip().startswith("$ ")]
        assert shown, f"{page}: a console block without a command"
        found += [Command(page, re.split(r"\s+# (?!on AWS only)", line)[0].rstrip(), needs) for line in shown]
    return found


EVERY = [command for page in PAGES for command in commands(page, (ROOT / page).read_text())]


def executing_test(command: Command) -> str:
    """The test that executes a command; empty where it needs none. Raises LookupError where nothing is known of it."""
    if command.needs in NEEDS or command.text in LONG or command.text == "make":
        return ""
    if command.page == "docs/reading.md":
        return "tests/docs/test_operations.py::test_every_reader_has_the_rows_and_the_figure_of_the_published_snapshot"
    if command.page == OPERATIONS and not command.text.startswith("make "):
        return "tests/docs/test_operations.py::test_commands_run_as_they_stand"
    for pattern, (test, _) in EXECUTED.items():
        if re.fullmatch(pattern, command.text):
            return test
    raise LookupError(
        f"{command.page}: no test executes `{command.text}`. Write one and name it in tests/docs/test_commands.py, or "
        f"put {', '.join(sorted(NEEDS))} on the line before its block."
    )


@pytest.mark.parametrize("command", EVERY, ids=lambda command: f"{command.page}: {command.text}")
def test_every_command_is_executed_or_says_what_it_needs(command: Command) -> None:
    executing_test(command)


def test_a_new_command_is_noticed() -> None:
    (command,) = commands("docs/new.md", "```console\n$ make me \\\n    happy  # at once\nyou are\n```\n")
    assert command == Command("docs/new.md", "make me happy")
    with pytest.raises(LookupError, match=r"docs/new\.md: no test executes `make me happy`"):
        executing_test(command)
    (command,) = commands("docs/new.md", "<!-- needs AWS -->\n```console\n$ make me happy\n```\n")
    assert executing_test(command) == ""


@pytest.mark.parametrize(("test", "text"), EXECUTED.values())
def test_the_tests_are_there(test: str, text: str) -> None:
    file, _, name = test.partition("::")
    content = (ROOT / file).read_text()
    assert f"def {name}(" in content
    assert text in content


def test_no_pattern_is_left_over() -> None:
    used = {executing_test(command) for command in EVERY}
    assert {test for test, _ in EXECUTED.values()} - used == set()


def test_make_test_is_what_runs_this() -> None:
    recipe = (ROOT / "Makefile").read_text().split("\ntest: ")[1].split("\n.PHONY")[0]
    assert recipe.splitlines()[0].startswith("setup check ")
    assert recipe.splitlines()[1] == "\t@$(RUN) pytest --account"
    assert "tests" in os.environ["PYTEST_CURRENT_TEST"]


def test_a_clone_has_what_the_demo_and_the_notebooks_begin_with(tmp_path: Path) -> None:
    inside = subprocess.run(["git", "rev-parse", "--is-inside-work-tree"], cwd=ROOT, capture_output=True, check=False)
    if inside.returncode:
        pytest.skip("this folder is not a git repository")
    (command,) = [each.text for each in EVERY if each.page == "README.md" and each.text.startswith("git clone")]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["bash", "-euc", f"{command.replace('ADDRESS', str(ROOT))}; make --dry-run demo notebook"],
        cwd=tmp_path,
        env=plain,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "mhealth demo" in done.stdout
    assert "mhealth notebook" in done.stdout


def dry_run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "--dry-run", *words], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("target", "command"),
    [
        *((name, name) for name in ("verify", "explain", "restore-table", "destroy")),
        *(("deploy", name) for name in ("cleanup-failed-stack", "verify", "explain")),
    ],
)
def test_make_operates_on_aws(target: str, command: str) -> None:
    assert f'mhealth {command} --aws --stack "mine" --region "eu-west-1"' in dry_run(
        target, "STACK=mine", "REGION=eu-west-1"
    ).stdout.replace("'", '"')


@pytest.mark.parametrize(
    ("words", "given"),
    [
        pytest.param((), "", id="default"),
        pytest.param(("STACK_ON=local", "STACK=mine"), "", id="local"),
        pytest.param(("STACK_ON=aws", "STACK=mine"), '--aws --stack "mine" --region ""', id="aws"),
    ],
)
def test_the_notebooks_are_on_the_local_aws_unless_aws_is_named(words: tuple[str, ...], given: str) -> None:
    reported = dry_run("notebook", *words).stdout
    (command,) = [line for line in reported.splitlines() if "mhealth notebook" in line]
    assert command.partition("--dataset synthetic")[2].strip() == given


def test_another_place_for_the_notebooks_is_a_mistake() -> None:
    done = dry_run("notebook", "STACK_ON=amazon")
    assert done.returncode != 0
    assert "STACK_ON=amazon: expected local or aws" in done.stderr


def test_make_alone_shows_every_target_that_has_a_line() -> None:
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    reported = set(re.findall(r"^  make ([a-z0-9-]+) ", shown, re.MULTILINE))
    assert reported == {target for target in TARGETS if re.search(rf"^{target}:.*## ", _makefile(), re.MULTILINE)}
    assert reported == TARGETS


@pytest.mark.parametrize("page", PAGES)
def test_targets_that_a_page_names_exist(page: str) -> None:
    named = set(re.findall(r"(?:`|\$ )make ([a-z][a-z0-9-]*)", (ROOT / page).read_text()))
    assert named <= TARGETS


def _makefile() -> str:
    return (ROOT / "Makefile").read_text()


def test_the_pages_are_there() -> None:
    assert len(EVERY) > 30
    assert {command.page for command in EVERY} >= {"README.md", "docs/tutorial.md", OPERATIONS}
    assert Path(ROOT / OPERATIONS).exists()
