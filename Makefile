# civflow's commands. Each sets up whatever it needs first, says so, and is quick when it is there already.

PYTHON ?= python3
MAKEFLAGS += --no-print-directory

# pip, npm, fontconfig and Chromium all want a home folder that they can write to; some accounts have none.
export HOME := $(shell test -n "$$HOME" && test -w "$$HOME" && echo "$$HOME" || echo "$(CURDIR)/.venv/home")

# Processes read what an earlier one has compiled, also where Python is told to write nothing beside its sources.
COMPILED := PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX="$(CURDIR)/.venv/bytecode"

.DEFAULT_GOAL := help
.PHONY: help setup demo test golden check bench lock clean set-up-for-%

help: ## Lists these commands.
	@echo 'make COMMAND, with COMMAND one of:'
	@sed -n 's/^\([a-z]*\):.* ## \(.*\)/  \1 \2/p' Makefile | while read -r name text; do printf '  %-6s %s\n' "$$name" "$$text"; done

setup: set-up-for-test ## Sets up everything that demo, check and test need.
	@echo 'Everything is set up.'

demo: set-up-for-demo ## Runs a whole demonstration round and serves it. ARGS="--once --json" only runs it.
	@export $(COMPILED); exec .venv/bin/civflow demo $(ARGS)

test: set-up-for-test ## Runs all tests, on both databases and in a browser. ARGS="-k gate" chooses.
	@export $(COMPILED); \
	  .venv/bin/python -m pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder $(ARGS)

golden: set-up-for-test ## Compares every page of every role, every message and PDF with those of an earlier commit. BASE=<commit>
	@.venv/bin/python -m tests.golden "$(BASE)" $(ARGS)

check: set-up-for-check ## Checks style, types, imports, the handbook, dependencies and migrations.
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/civflow handbook check
	.venv/bin/python -m pip check
	@echo 'alembic check, on a new SQLite database'
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	  export CIVFLOW_DATABASE_URL="sqlite:///$$folder/check.db" && \
	  .venv/bin/alembic upgrade head && .venv/bin/alembic check

bench: set-up-for-bench ## Measures the gate and the search against their limits, one line of JSON each.
	@set -e; for db in sqlite postgresql; do \
	  for clients in 1 8; do .venv/bin/python benchmarks/transitions.py --db $$db --clients $$clients --json; done; \
	  .venv/bin/python benchmarks/deadline.py --db $$db --json; \
	  .venv/bin/python benchmarks/search.py --db $$db --json; \
	done

lock: ## Writes the lock files anew, with the newest versions that pyproject.toml and package.json allow.
	@$(PYTHON) tools/lock.py
	@npm install --package-lock-only --ignore-scripts --no-audit --no-fund

clean: ## Removes what these commands have made, except for what civflow keeps in var/.
	rm -rf .venv node_modules civflow/static/vendor dist
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

set-up-for-%:
	@command -v $(PYTHON) >/dev/null || { echo 'There is no $(PYTHON) here. civflow needs Python 3.11 or newer.' >&2; exit 1; }
	@$(PYTHON) tools/setup.py $*
