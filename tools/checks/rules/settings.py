"""Rules on arguments, environment variables, handlers and packages: template and code agree."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import ship_code
from mhealth.arguments import ConvertArguments, TransformArguments
from tools.checks.environments import LAMBDA_PYTHON
from tools.checks.project import CLOUDFORMATION, Project
from tools.checks.rules.registry import rule

OF_GLUE = {"--job-language", "--extra-py-files", "--TempDir", "--custom-logGroup-prefix"}
"""Arguments that Glue itself reads."""

OF_KAGGLEHUB = {"HOME", "KAGGLEHUB_CACHE", "KAGGLE_CONFIG_DIR"}
"""Variables that kagglehub reads."""

TAKEN = {"convert_parquet.py": ConvertArguments, "glue_transform.py": TransformArguments}
JOBS = {"ConvertParquetJob": "ConvertParquet", "GlueTransformJob": "GlueTransform"}
"""Job to the state that starts it."""

_SHIPPED = "s3://${DataBucket}/${ShippedGlueCode.ScriptPrefix}/"


def _script(job: dict[str, Any]) -> str:
    return _sub(job.get("Command", {}).get("ScriptLocation")).rpartition("/")[2]


def _sub(value: Any) -> str:
    """The text of a Fn::Sub, or the literal."""
    text = value.get("Fn::Sub", "") if isinstance(value, dict) else value
    return str(text[0] if isinstance(text, list) else text or "")


@rule
def jobs_get_their_arguments(project: Project) -> Iterable[str]:
    """A missing, misspelt or unknown argument fails the job at run time."""
    jobs = project.of_type("AWS::Glue::Job")
    for name in sorted(set(JOBS) ^ set(jobs)):
        yield f"the jobs are to be {', '.join(JOBS)}: {name}"
    for name in JOBS.keys() & jobs.keys():
        started = project.states.get(JOBS[name], {}).get("Parameters", {}).get("Arguments", {})
        defaults = set(jobs[name].get("DefaultArguments", {}))
        at_start = {argument.removesuffix(".$") for argument in started}
        for argument in sorted(defaults & at_start):
            yield f"{name} gets {argument} from the template and from the state {JOBS[name]}"
        script = _script(jobs[name])
        if script not in TAKEN:
            yield f"{name} runs {script}, which is not one of {', '.join(TAKEN)}"
            continue
        given, taken = (
            (defaults | at_start) - OF_GLUE,
            {f"--{field.name}" for field in dataclasses.fields(TAKEN[script])},
        )
        for argument in sorted(taken - given):
            yield f"{name} does not get {argument}, which {script} requires"
        for argument in sorted(given - taken):
            yield f"{name} gets {argument}, which {script} does not accept"


@rule
def jobs_run_the_deployed_code(project: Project) -> Iterable[str]:
    """Jobs must read their code from the folder of ShippedGlueCode; another path has an older version, or none."""
    shipped = {*ship_code.SCRIPTS, f"{ship_code.PACKAGE}.zip"}
    for name, job in project.of_type("AWS::Glue::Job").items():
        script = _sub(job.get("Command", {}).get("ScriptLocation"))
        package = _sub(job.get("DefaultArguments", {}).get("--extra-py-files"))
        for reference in (script, package):
            if not reference.startswith(_SHIPPED) or reference.removeprefix(_SHIPPED) not in shipped:
                yield f"{name} refers to {reference or 'nothing'}: expected one of {sorted(shipped)} below {_SHIPPED}"


def environment_names(folder: Path) -> set[str]:
    """The environment variables that the modules of a folder read."""
    asked = set()
    for source in folder.rglob("*.py"):
        asked |= set(re.findall(r"""environ\w*(?:\.get\(|\[)\s*["']([A-Z_0-9]+)["']""", source.read_text()))
    return asked


@rule
def functions_get_their_environment(project: Project) -> Iterable[str]:
    """A missing variable fails the function at run time; an unused one is misleading."""
    for name, function, folder in _functions(project):
        given = set(function.get("Environment", {}).get("Variables", {}))
        read = environment_names(folder)
        for variable in sorted(read - given):
            yield f"{name} reads {variable} and does not get it"
        for variable in sorted(given - read - OF_KAGGLEHUB):
            yield f"{name} gets {variable} and does not read it"
        if "kagglehub" in _packages(folder) and not given >= OF_KAGGLEHUB:
            yield f"{name} must move kagglehub's folders to /tmp by {', '.join(sorted(OF_KAGGLEHUB - given))}"


def _packages(folder: Path) -> str:
    """The packages in a function's requirements file."""
    requirements = folder / "requirements.txt"
    return requirements.read_text() if requirements.is_file() else ""


@rule
def handlers_exist(project: Project) -> Iterable[str]:
    """SAM does not check that a handler exists."""
    for name, function, folder in _functions(project):
        module, _, handler = str(function.get("Handler")).rpartition(".")
        source = folder / f"{module}.py"
        if not source.is_file():
            yield f"{name}: {function.get('Handler')} does not name a module of {folder.name}/"
            continue
        defined = {node.name for node in ast.parse(source.read_text()).body if isinstance(node, ast.FunctionDef)}
        if handler not in defined:
            yield f"{name}: {folder.name}/{module}.py has no function {handler}"


@rule
def functions_run_on_the_tested_python(project: Project) -> Iterable[str]:
    """cfn-lint does not check the runtime of a SAM function; packages for another Python fail at import."""
    tested = ".".join(map(str, LAMBDA_PYTHON))
    for name, function, folder in _functions(project):
        if function.get("Runtime") != f"python{tested}":
            yield f"{name}: Runtime is {function.get('Runtime')}, expected python{tested}"
        if function.get("Architectures") != ["x86_64"]:
            yield f"{name}: Architectures must be x86_64 alone: its compiled packages are built for one"
        if not 0 < function.get("Timeout", 3) <= 900:
            yield f"{name}: Timeout is {function.get('Timeout')} s, expected 1 to 900"
        if project.template["Resources"][name].get("Metadata") != {"BuildMethod": "makefile"}:
            yield f"{name}: BuildMethod must be makefile, or sam build needs a local python{tested}"
        makefile = folder / "Makefile"
        recipe = makefile.read_text() if makefile.is_file() else ""
        if f"\nbuild-{name}:\n" not in recipe:
            yield f"{name}: {folder.name}/Makefile has no target build-{name}"
        if _packages(folder) and f"--python-version {tested} --platform manylinux2014_x86_64 " not in recipe:
            yield f"{name}: {folder.name}/Makefile does not install packages for Python {tested} on x86_64"


@rule
def local_files_exist(project: Project) -> Iterable[str]:
    """Without CodeUri SAM packages the template's folder; cfn-lint and sam validate do not check local files."""
    for name, function in project.of_type("AWS::Serverless::Function").items():
        folder = function.get("CodeUri")
        if not isinstance(folder, str) or not (CLOUDFORMATION / folder).is_dir():
            yield f"{name}: CodeUri {folder} is not a folder relative to the template"
    for name, machine in project.of_type("AWS::Serverless::StateMachine").items():
        file = machine.get("DefinitionUri")
        if not isinstance(file, str) or not (CLOUDFORMATION / file).is_file():
            yield f"{name}: DefinitionUri {file} is not a file relative to the template"


def _functions(project: Project) -> Iterator[tuple[str, dict[str, Any], Path]]:
    for name, function in project.of_type("AWS::Serverless::Function").items():
        folder = CLOUDFORMATION / str(function.get("CodeUri", ""))
        yield name, function, folder.resolve()


@rule
def sam_builds_before_it_deploys(project: Project) -> Iterable[str]:
    """With a template for every command, deploy silently uploads the source without its dependencies."""
    commands = project.samconfig.get("default", {})
    naming = {name for name, settings in commands.items() if "template_file" in settings.get("parameters", {})}
    for name in sorted(naming ^ {"build", "validate"}):
        yield f"samconfig.toml: template_file belongs to build and validate only; see {name}"
    for name in sorted(naming):
        file = commands[name]["parameters"]["template_file"]
        if not (CLOUDFORMATION.parent / file).is_file():
            yield f"samconfig.toml: {name} names {file}, which does not exist"
    capabilities = str(commands.get("deploy", {}).get("parameters", {}).get("capabilities", ""))
    if "CAPABILITY_IAM" not in capabilities.split():
        yield "samconfig.toml: deploy needs the capability CAPABILITY_IAM, the template has roles"
