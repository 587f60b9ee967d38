# Two commands matter to a newcomer: `make demo` and `make test`. Both set up what they need.

PYTHON ?= python3
ENGINE ?= process
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-long lint docs bench bench-memory clean

help: ## say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.ready: pyproject.toml scripts/make-venv
	@scripts/make-venv $(VENV) $(PYTHON)

demo: $(VENV)/.ready ## train the example on the flights of 2013 (ENGINE=process|podman|docker)
	@BIN=$(BIN) ENGINE=$(ENGINE) scripts/demo

test: $(VENV)/.ready ## every check and test but the long ones, tier by tier
	@BIN=$(BIN) scripts/test

test-long: $(VENV)/.ready ## the tests that take minutes, and every Python of this machine
	@BIN=$(BIN) scripts/test long versions

lint: $(VENV)/.ready ## style, types and the walls between the rooms
	@BIN=$(BIN) scripts/test lint

docs: $(VENV)/.ready ## the pages of docs/ as a site, in build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open build/site/index.html; to search, serve it: $(BIN)/python -m http.server -d build/site"

bench: $(VENV)/.ready ## measure against the rivals, write benchmarks/RESULTS.md
	@BIN=$(BIN) scripts/bench

bench-memory: $(VENV)/.ready ## peak memory of jobs on 10 GB and 100,000 objects, write benchmarks/MEMORY.md
	@$(BIN)/python -m benchmarks.memory

clean: ## remove what was made here
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
