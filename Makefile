# Every target does its own set-up: a fresh clone needs Python 3.11+ and make, nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

SERVICES := auth users workspaces tables records
STAGE ?= dev
WORKERS ?= 2
# The platform the layer is built for: `lambda`, or `local` for this machine's own Python.
PLATFORM ?= lambda

PY := .venv/bin/python
SAM := .venv-sam/bin/sam
SOURCES := layers/common/pyairtable_common $(foreach s,$(SERVICES),functions/$(s)/$(s)_api) infra tests bench
PACKAGES := layers/common:functions/auth:functions/users:functions/workspaces:functions/tables:functions/records
NODE_CLIENT := tests/e2e/airtable_js

export SAM_CLI_TELEMETRY := 0

.PHONY: help run test test-nightly check fmt fmt-check lint type validate build deploy rotate-keys bench openapi lock clean optional dynamodb-local

help: ## list the targets
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z%-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

# --- what people run -------------------------------------------------------------------------------------
run: .venv/.stamp-local ## start everything on 127.0.0.1:8000, with a demo base
	@PYTHONPATH=infra:$(PACKAGES) exec $(PY) -m local

test: .venv/.stamp-dev optional ## run every test but the nightly ones
	$(PY) -m pytest -n $(WORKERS) --dist loadgroup -m "not nightly" $(ARGS)

test-nightly: .venv/.stamp-dev optional ## run the long tests too, with coverage
	PYAIRTABLE_NIGHTLY=1 $(PY) -m pytest -n $(WORKERS) --dist loadgroup --cov --cov-report=term $(ARGS)

check: fmt-check lint type test validate ## everything CI asks

fmt: .venv/.stamp-dev ## format and fix what can be fixed
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

fmt-check: .venv/.stamp-dev
	$(PY) -m ruff format --check .

lint: .venv/.stamp-dev ## ruff, and the floors of the house (import-linter)
	$(PY) -m ruff check .
	PYTHONPATH=$(PACKAGES) .venv/bin/lint-imports

type: .venv/.stamp-dev ## mypy, strict, source and tests
	$(PY) -m mypy $(SOURCES)
	for service in $(SERVICES); do $(PY) -m mypy functions/$$service/app.py; done

bench: .venv/.stamp-dev ## what a request costs (prints figures, fails nothing)
	@PYTHONPATH=infra:tests:$(PACKAGES) $(PY) -m bench $(ARGS)

# --- deployment ------------------------------------------------------------------------------------------
validate: .venv/.stamp-dev .venv-sam/.stamp ## cfn-lint and sam validate on every template
	.venv/bin/cfn-lint --non-zero-exit-code warning template.yaml infra/*.yaml functions/*/template.yaml
	for template in template.yaml infra/*.yaml functions/*/template.yaml; do \
	  $(SAM) validate --lint --region us-east-1 --template $$template; done

build: .venv/.stamp-dev .venv-sam/.stamp ## sam build of everything into .aws-sam/build
	PATH="$(CURDIR)/.venv/bin:$$PATH" PLATFORM=$(PLATFORM) $(SAM) build --parallel --template template.yaml

deploy: build ## build and deploy all of STAGE (default dev), then make its signing keys if it has none
	$(SAM) deploy --config-file infra/env/$(STAGE).toml
	PYTHONPATH=layers/common $(PY) infra/deploy.py keys --stage $(STAGE)

deploy-%: .venv/.stamp-dev .venv-sam/.stamp ## deploy one component alone; VERSION=... puts back an earlier one
	PATH="$(CURDIR)/.venv/bin:$$PATH" PYTHONPATH=layers/common $(PY) infra/deploy.py component $* --stage $(STAGE) \
	  $(if $(VERSION),--version $(VERSION))

versions-%: .venv/.stamp-dev ## list the versions of a component that can be put back
	PYTHONPATH=layers/common $(PY) infra/deploy.py versions $* --stage $(STAGE)

rotate-keys: .venv/.stamp-dev ## rotate the signing keys of STAGE, or of the local server's folder: DATA=.pyairtable
	PYTHONPATH=layers/common:infra $(PY) infra/key_rotation.py $(if $(DATA),--data-dir $(DATA),--stage $(STAGE))

# --- set-up ----------------------------------------------------------------------------------------------
define NO_PYTHON
PyAirtable needs Python 3.11 or newer with its venv module, and found none on PATH.
Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.13
endef
export NO_PYTHON
FIND_PYTHON = for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
	  "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	    && { echo "$$candidate"; exit 0; }; \
	  done; echo "$$NO_PYTHON" >&2; exit 1

.venv/.stamp-python: requirements/uv.txt
	@$(PY) -c '' 2>/dev/null || { python=$$($(FIND_PYTHON)) && "$$python" -m venv --clear .venv; }
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt || \
	  echo "uv could not be installed: going on with pip, which is slower."
	@touch $@

# INSTALL,venv folder,lock file: uv where there is one, else (or where it fails) pip; both check every hash.
INSTALL = { [ -d $(1) ] || $(PY) -m venv $(1); } && \
	  { { [ -x .venv/bin/uv ] && UV_SYSTEM_CERTS=1 .venv/bin/uv pip install --quiet --python $(1)/bin/python \
	      --require-hashes -r $(2); } || \
	    $(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(2); }

.venv/.stamp-local: requirements/local.txt .venv/.stamp-python
	@echo "Installing what the server needs into .venv ..."
	@$(call INSTALL,.venv,$<)
	@touch $@

.venv/.stamp-dev: requirements/dev.txt .venv/.stamp-python
	@echo "Installing the development tools into .venv ..."
	@$(call INSTALL,.venv,$<)
	@touch $@ .venv/.stamp-local

.venv-ministack/.stamp: requirements/ministack.txt .venv/.stamp-python
	@echo "Installing MiniStack, an AWS stand-in, into .venv-ministack ..."
	@$(call INSTALL,.venv-ministack,$<)
	@touch $@

.venv-sam/.stamp: requirements/sam.txt .venv/.stamp-python
	@echo "Installing the SAM command line into .venv-sam ..."
	@$(call INSTALL,.venv-sam,$<)
	@touch $@

dynamodb-local: .venv/.stamp-python ## fetch AWS's DynamoDB Local (tests on it need Java too)
	@PYTHONPATH=infra $(PY) infra/local/dynamodb_local.py fetch

$(NODE_CLIENT)/node_modules/.stamp: $(NODE_CLIENT)/package-lock.json
	cd $(NODE_CLIENT) && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

# What some tests need and the others do not: a failure here skips those tests, with the reason printed.
optional: .venv/.stamp-dev
	@$(MAKE) .venv-ministack/.stamp || echo "SKIPPING the tests on MiniStack: it could not be installed."
	@$(MAKE) .venv-sam/.stamp || echo "SKIPPING the tests that run sam: it could not be installed."
	@$(MAKE) dynamodb-local || echo "SKIPPING the tests on DynamoDB Local: it could not be fetched."
	@if ! command -v npm >/dev/null; then echo "SKIPPING the tests of the Node client: npm is not installed."; \
	elif [ -f $(NODE_CLIENT)/package-lock.json ]; then $(MAKE) $(NODE_CLIENT)/node_modules/.stamp || \
	  echo "SKIPPING the tests of the Node client: it could not be installed."; fi

# --- upkeep ----------------------------------------------------------------------------------------------
LOCK = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header $(UPGRADE)
# The Lambda runtime brings boto3 and what it needs; Chalice's command line and the build tools are not used.
NOT_IN_LAYER := boto3 botocore packaging pycparser s3transfer jmespath python-dateutil six urllib3 pip setuptools wheel \
	ansicon blessed click editor inquirer jinxed pyyaml readchar runs wcwidth xmod

openapi: .venv/.stamp-dev ## write docs/openapi.json again, from the routes and infra/openapi
	@PYTHONPATH=infra:$(PACKAGES) $(PY) -m openapi

lock: .venv/.stamp-python ## write the lock files again (UPGRADE=--upgrade for newer versions)
	$(LOCK) requirements/uv.in -o requirements/uv.txt
	$(LOCK) pyproject.toml -o requirements/runtime.txt
	$(LOCK) pyproject.toml --extra local -c requirements/runtime.txt -o requirements/local.txt
	$(LOCK) pyproject.toml --extra local --extra dev -c requirements/local.txt -o requirements/dev.txt
	$(LOCK) requirements/ministack.in -o requirements/ministack.txt
	$(LOCK) requirements/sam.in -o requirements/sam.txt
	.venv/bin/uv pip compile --quiet --python-version 3.13 --python-platform aarch64-manylinux_2_28 \
	  --generate-hashes --no-emit-index-url --no-header $(UPGRADE) $(NOT_IN_LAYER:%=--no-emit-package %) \
	  pyproject.toml -c requirements/runtime.txt -o layers/common/requirements.txt

clean: ## remove what was built and installed (not .pyairtable, the local server's data)
	rm -rf .venv .venv-ministack .venv-sam .cache .aws-sam build .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache .coverage htmlcov $(NODE_CLIENT)/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
