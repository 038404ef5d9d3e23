# Everything one can do here. Needs git, make and Python 3.11; the rest comes from package registries, once.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory

PORT ?= 4566
DATASET ?= synthetic
STACK ?= mhealth
REGION ?=
# sam reads the values itself: one argument, so that quotes around a value reach it. In the environment make keeps them.
PARAMETERS ?=
export PARAMETERS
CONFIRM ?=
DELETE_DATA ?=
BUCKET ?=
SEED ?=
UV_VERSION := 0.13.9

CACHE := .cache
PYTHON ?= $(shell for p in python3.11 python3 python; do "$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo "$$p" && break; done)
UV ?= $(or $(shell command -v uv 2>/dev/null),$(CACHE)/uv/bin/uv)
# uv must neither download another Python nor be led astray by an active environment.
export UV_PYTHON_DOWNLOADS := never
export UV_PYTHON := $(PYTHON)
unexport VIRTUAL_ENV
RUN := $(UV) run --locked --quiet
READY := $(CACHE)/ready
OPERATE := $(RUN) python -m local_aws.operations
WHERE = --stack "$(STACK)" --region "$(REGION)"
ifeq ($(origin SAM),undefined)
SAM := $(abspath $(CACHE)/checks/sam)/bin/sam
SAM_READY := $(CACHE)/checks/sam/ready
endif
export SAM_CLI_TELEMETRY ?= 0
CHECKS_READY := $(CACHE)/checks/ready

# The second Glue version, in an environment of its own (local_aws/glue_versions.py lists them).
PYTHON_GLUE6 ?= $(shell for p in python3.13 python3 python $$(ls -d "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13.*/bin/python 2>/dev/null); do "$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null && echo "$$p" && break; done)
GLUE6 := $(CACHE)/glue-6.0
RUN_GLUE6 = UV_PROJECT_ENVIRONMENT=$(GLUE6) UV_PYTHON=$(PYTHON_GLUE6) $(RUN)

##@ See it

.PHONY: demo
demo: setup  ## Watch the whole daily run on this machine, from the real template, and query the result
	@$(RUN) python -m local_aws.demo

.PHONY: up
up: setup  ## Start the local AWS and leave it running for your own client (PORT=4566 DATASET=synthetic|kaggle|DIRECTORY)
	@$(RUN) local-aws up --port $(PORT) --dataset $(DATASET)

##@ Run it on AWS

.PHONY: deploy
deploy: setup $(SAM_READY)  ## Build, deploy, run once, check (STACK=mhealth REGION=... PARAMETERS="AlarmEmail=a@b.c ScheduleState=DISABLED")
	@$(OPERATE) make-way $(WHERE)
	@$(SAM) validate --lint
	@PATH="$(dir $(SAM)):$$PATH" $(SAM) build
	@$(SAM) deploy --stack-name $(STACK) $(if $(REGION),--region $(REGION)) --no-confirm-changeset \
	  --no-fail-on-empty-changeset $(if $(PARAMETERS),--parameter-overrides "$$PARAMETERS")
	@$(OPERATE) verify $(WHERE)

# sam build looks for a python3.11 on the PATH: there is one beside this sam.
$(CACHE)/checks/sam/ready: uv.lock tests/checks/environments.py
	@$(RUN) python -m tests.checks.environments sam
	@touch $@

.PHONY: verify
verify: setup  ## Run a deployed stack once and check it (STACK=mhealth REGION=...)
	@$(OPERATE) verify $(WHERE)

.PHONY: destroy
destroy: setup  ## Delete the stack after asking; keeps its data (STACK=mhealth REGION=... CONFIRM=name DELETE_DATA=1 BUCKET=...)
	@$(OPERATE) destroy $(WHERE) --confirm "$(CONFIRM)" --bucket "$(BUCKET)" $(if $(filter 1,$(DELETE_DATA)),--delete-data)

##@ Change it

.PHONY: test
test: setup check  ## Prove it: static checks, then every test
	@$(RUN) pytest

.PHONY: drill
drill: setup  ## Try the guarantees under faults, long: a table of what was seen (SEED=... for another course)
	@SEED=$(SEED) $(RUN) python -m pytest -p tests.drill.table -m drill -o timeout=1200 tests

.PHONY: test-glue6
test-glue6: setup-glue6  ## The jobs on Glue 6.0's Spark 4.1 and Python 3.13: their tests, then the whole daily run
	@$(RUN_GLUE6) pytest tests/glue
	@$(RUN) pytest tests/end_to_end/test_glue_versions.py

.PHONY: check
check: setup-checks  ## Everything that can be known before AWS: code, template, state machine, packages; a line each
	@$(RUN) python -m tests.checks

.PHONY: mutations
mutations: setup-checks  ## Show which check catches what goes wrong, and renew the table in docs/checks.md (minutes)
	@$(RUN) python -m tests.checks.mutations

.PHONY: format
format: setup  ## Put the code into its format and mend what the linter can
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .

.PHONY: cost
cost: setup  ## Make the tables of docs/cost.md anew, from the template, the prices and the usage in docs/cost/
	@$(RUN) python -m docs.cost.tables --write

.PHONY: reference
reference: setup  ## Make docs/parameters.md anew, from the template
	@$(RUN) python -m docs.parameters

.PHONY: requirements
requirements: setup  ## Pin what the two functions are packaged with anew, from uv.lock
	@for packed in function:lambda_ingest report:lambda_report; do \
	  { echo "# Made by make requirements from uv.lock. boto3 comes with the Lambda runtime."; \
	    $(UV) export --quiet --locked --only-group "$${packed%:*}" --no-hashes --no-emit-project --no-annotate --no-header \
	    | sed -e '/win32/d' -e 's/ ;.*//'; } > "$${packed#*:}/requirements.txt"; \
	done

##@ Upkeep

.PHONY: setup
setup: $(READY)  ## Get what the project needs (the other targets call this): uv, Python packages, Java if missing, Spark's S3 connector

$(READY): pyproject.toml uv.lock Makefile local_aws/glue_versions.py local_aws/spark_connector.py
	@test -n "$(PYTHON)" || { echo "Python 3.11 was not found. Install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@mkdir -p $(CACHE)
	@command -v $(UV) >/dev/null 2>&1 || { \
	  echo "Getting uv $(UV_VERSION) from PyPI, into $(CACHE)/uv ..."; \
	  $(PYTHON) -m venv $(CACHE)/uv; \
	  $(CACHE)/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	@echo "Getting the Python packages of uv.lock, Spark among them (about 700 MB, once) ..."
	@$(UV) sync --locked --quiet
	@echo "Getting Spark's S3 connector from Maven Central (6 MB, once) ..."
	@$(RUN) python -m local_aws.spark_connector
	@touch $@

.PHONY: setup-glue6
setup-glue6: $(GLUE6)/ready  ## Get what Glue 6.0 needs besides (about 700 MB, once); wants Python 3.13

$(GLUE6)/ready: $(READY) local_aws/glue_versions.py local_aws/spark_connector.py
	@test -n "$(PYTHON_GLUE6)" || { echo "Python 3.13 was not found. Install it, or name it: make $(or $(firstword $(MAKECMDGOALS)),setup-glue6) PYTHON_GLUE6=/path/to/python3.13" >&2; exit 1; }
	@echo "Getting Glue 6.0's Spark, its Python packages and its S3 connector, into $(GLUE6) (about 700 MB, once) ..."
	@UV_PROJECT_ENVIRONMENT=$(GLUE6) UV_PYTHON=$(PYTHON_GLUE6) $(UV) sync --locked --quiet
	@$(RUN_GLUE6) python -m local_aws.spark_connector
	@touch $@

.PHONY: setup-checks
setup-checks: setup $(CHECKS_READY)  ## Get what the checks need besides (check calls this): SAM CLI, checkov, asl-validator

$(CHECKS_READY): uv.lock tests/checks/environments.py $(wildcard tests/checks/asl_validator/*)
	@$(RUN) python -m tests.checks.environments
	@touch $@

.PHONY: clean
clean:  ## Remove everything that was downloaded or made here
	rm -rf $(CACHE) .venv .local-aws .aws-sam .mypy_cache .pytest_cache .ruff_cache

.PHONY: help
help:  ## Show this list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
