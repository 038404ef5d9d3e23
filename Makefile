# Everything one can do here. Needs git, make and Python 3.11; the rest comes from package registries, once.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory

PORT ?= 4566
DATASET ?= synthetic
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

##@ See it

.PHONY: demo
demo: setup  ## Watch the whole daily run on this machine, from the real template, and query the result
	@$(RUN) python -m local_aws.demo

.PHONY: up
up: setup  ## Start the local AWS and leave it running for your own client (PORT=4566 DATASET=synthetic|kaggle|DIRECTORY)
	@$(RUN) local-aws up --port $(PORT) --dataset $(DATASET)

##@ Change it

.PHONY: test
test: setup check  ## Prove it: static checks, then every test
	@$(RUN) pytest

.PHONY: check
check: setup  ## Static checks only: format, lint, types, template
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy
	@$(RUN) cfn-lint cloudformation/template.yaml

.PHONY: format
format: setup  ## Put the code into its format and mend what the linter can
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .

.PHONY: cost
cost: setup  ## Make the tables of docs/cost.md anew, from the template, the prices and the usage in docs/cost/
	@$(RUN) python -m docs.cost.tables --write

##@ Upkeep

.PHONY: setup
setup: $(READY)  ## Get what the project needs (the other targets call this): uv, Python packages, Java if missing, Spark's S3 connector

$(READY): pyproject.toml uv.lock Makefile local_aws/spark_runtime.py
	@test -n "$(PYTHON)" || { echo "Python 3.11 was not found. Install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@mkdir -p $(CACHE)
	@command -v $(UV) >/dev/null 2>&1 || { \
	  echo "Getting uv $(UV_VERSION) from PyPI, into $(CACHE)/uv ..."; \
	  $(PYTHON) -m venv $(CACHE)/uv; \
	  $(CACHE)/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	@echo "Getting the Python packages of uv.lock, Spark among them (about 700 MB, once) ..."
	@$(UV) sync --locked --quiet
	@echo "Getting Spark's S3 connector from Maven Central (6 MB, once) ..."
	@$(RUN) python -m local_aws.spark_runtime
	@touch $@

.PHONY: clean
clean:  ## Remove everything that was downloaded or made here
	rm -rf $(CACHE) .venv .local-aws .aws-sam .mypy_cache .pytest_cache .ruff_cache

.PHONY: help
help:  ## Show this list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
