# Everything a developer does, one word each. `make help` lists them.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 3
ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help venv demo drill test check bench lock clean chromium oracles php

help: ## Explain every target
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(VENV)/.installed ## Make .venv with every pinned dependency and Comeback itself

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Comeback needs Python 3.11 or newer; name one with: make venv PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "$(PYTHON) cannot make a virtual environment; on Debian: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.pinned: $(VENV)/.python requirements.txt requirements-dev.txt
	$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.installed: $(VENV)/.pinned pyproject.toml
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

demo: venv ## Start Comeback with a small shop to look at; ARGS="..." is passed on
	@$(BIN)/comeback demo $(ARGS)

test: venv chromium oracles php ## Run every test; ARGS="-k word" narrows them, WORKERS=0 runs them in line
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

chromium: venv ## Find or fetch the browser that the page tests drive
	@$(BIN)/python tests/chromium.py

oracles: venv ## Fetch the JavaScript libraries that tests ask for their opinion
	@$(BIN)/python tests/npm.py

php: venv ## Find or fetch PHP and its tools, which check the module for Magento
	@$(BIN)/python tests/php.py

drill: venv ## Do every fault for real, count, and write the table into docs/drill.md
	@rm -f var/drill.jsonl && mkdir -p var
	COMEBACK_DRILL=$(CURDIR)/var/drill.jsonl $(BIN)/python -m pytest -q -n 0 tests/road/test_faults.py tests/road/test_shop_faults.py tests/road/test_clocks.py tests/road/test_restore.py
	@$(BIN)/python tests/road/drill.py var/drill.jsonl docs/drill.md

check: venv ## Lint, layout, types and import contracts: seconds
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: venv ## Measure what it costs and write docs/performance.md; ARGS="accept road" takes some, ARGS=--quick tries all
	@$(BIN)/python -m bench $(ARGS)

lock: venv ## Choose the newest versions again and pin them with their hashes
	@$(PYTHON) -m venv var/lock && var/lock/bin/python -m pip install -q uv
	var/lock/bin/uv pip compile --upgrade --universal --generate-hashes --python-version 3.11 --no-header \
	  --no-emit-index-url --no-emit-find-links -q requirements.in -o requirements.txt
	var/lock/bin/uv pip compile --upgrade --universal --generate-hashes --python-version 3.11 --no-header \
	  --no-emit-index-url --no-emit-find-links -q requirements-dev.in -o requirements-dev.txt

clean: ## Remove what can be made again (not var/, where a demo keeps its shop)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
