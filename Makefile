# Every target makes what it needs. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: help install demo test check format lint types contracts deps lock bench bench-large soak soak-http clean \
	docs instruments conformance inspector soak-calls

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

install: $(STAMP)  ## .venv with pinned, hashed requirements and .venv/bin/skyledger

$(STAMP): requirements.txt tests/outside/requirements.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r tests/outside/requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: install  ## the main job on the sample organisation, through real MCP clients
	@$(BIN)/skyledger demo

test: install  ## the tests
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile

check: install format lint types contracts deps test  ## everything that must be green

format: install
	@$(BIN)/ruff format --check .

lint: install
	@$(BIN)/ruff check .

types: install
	@$(BIN)/pyright

contracts: install
	@$(BIN)/lint-imports

deps: install
	@$(BIN)/deptry .

lock:  ## pin the requirements again (needs uv)
	@uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --universal \
		--python-version 3.11 --all-extras --group dev pyproject.toml -o requirements.txt

bench: install  ## the benchmarks, as ratios against a named baseline
	@$(BIN)/python -m benchmarks

bench-large: install  ## the standard questions over ROWS rows (100 million: some hours and 20 GB of disk)
	@$(BIN)/python -m benchmarks.large $(or $(ROWS),100000000)

soak-http: install  ## 64 HTTP clients for DURATION seconds (ten minutes): no error, flat memory
	@$(BIN)/python -m benchmarks.soak_http $(or $(DURATION),600)

soak: install  ## 200 kills of real processes at random moments; each leaves the old or the new ledger
	@$(BIN)/python -m tests.orchestrator.ledger.soak 200

docs: install  ## docs/tools.md and docs/prompts.md from what the servers list
	@$(BIN)/python -m tests.clients.docs

instruments: install  # the public MCP instruments and their Node, from npm, into an ignored folder
	@$(BIN)/python -m tests.conformance install

conformance: install  ## the public MCP conformance suite, both protocol eras (needs npm)
	@$(BIN)/python -m tests.conformance suite

inspector: install  ## the MCP Inspector's strict lint of every tool list (needs npm)
	@$(BIN)/python -m tests.conformance inspector

soak-calls: install  ## ten thousand generated calls per tool (TOOLS=finops_query_costs for some)
	@SOAK_CALLS=10000 SOAK_TOOLS=$(TOOLS) $(BIN)/python -m pytest -q -s tests/clients/test_generated_calls.py

clean:  ## remove what was made
	@rm -rf .venv .pytest_cache .ruff_cache dist build .demo .instruments
