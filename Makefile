# Every command of the project. `make help` lists them; the same ones run in CI.

PORT ?= 8000
DATA ?= var
PYTHON_IN_VENV := .venv/bin/python
UI_SOURCES := $(shell find static/src static/public -type f 2>/dev/null) static/build.mjs
TESTS ?= tests
MINUTES ?= 60
FIRST ?= 1
LENGTH ?= 50
REWINDS ?= 0
# Tests that share a server are of one group, which stays together.
SIDE_BY_SIDE := -n 2 --dist loadgroup
# Clients of processes that are killed leave sockets to the garbage collector, at a moment that has nothing to do with the test that runs then.
LEFT_SOCKETS := -W ignore::pytest.PytestUnraisableExceptionWarning

# Some machines tell Python to keep no compiled modules: each of the many processes of the tests would compile the simulator anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install run test test-python test-ui lint type imports bench soak fuzz e2e ui ui-watch lock demo clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/dev.stamp static/node_modules/.stamp ## everything a developer needs, into .venv and static/node_modules

run: .venv/run.stamp build/ui/manifest.json ## the product on 127.0.0.1; PORT=8000 and DATA=var may be given
	@exec .venv/bin/drydock up --port $(PORT) --data $(DATA)

demo: .venv/run.stamp ## a demonstration class in DATA, with its names and passwords
	@DRYDOCK_DATA=$(DATA) $(PYTHON_IN_VENV) manage.py demo

test: install build/ui/manifest.json ## all checks and tests, as in CI
	@scripts/servers
	@$(MAKE) --no-print-directory -j 2 lint type imports test-ui
	@$(MAKE) --no-print-directory test-python

# The units by themselves, then whole suites, then what needs processes, then the browser: its driver keeps an event loop alive, which
# tests of coroutines in the same process cannot bear. Everything runs two at a time, with servers and browsers of its own, but for what
# measures how long its clients wait.
# The class is led in a product of its own, where nobody else has joined.
# What fails in the browser is tried a second time, in a fresh product, and has to pass then. Only files that name a mark are looked
# through for it: reading all of them takes each worker ten seconds. They are taken from the end, so that the class, where seconds are
# promised, does not meet the start of two products and two browsers.
test-python: ## the Python tests; TESTS=tests/web/catalog for a part
	@status=0; \
	run() { $(PYTHON_IN_VENV) -m pytest "$$@" || { code=$$?; [ $$code = 5 ] || return $$code; }; }; \
	marked() { grep -rl "mark\.$$1" $(TESTS) --include="test_*.py" | sort -r; }; \
	run $(TESTS) -m "not e2e and not processes and not suites" -n 2 || status=1; \
	run $(TESTS) -m "suites and not processes" -n 2 || status=1; \
	files=$$(marked processes); if [ -n "$$files" ]; then \
	  run $$files -m "processes and not alone" $(SIDE_BY_SIDE) $(LEFT_SOCKETS) || status=1; \
	  run $$files -m "processes and alone" $(LEFT_SOCKETS) || status=1; \
	fi; \
	files=$$(marked e2e); if [ -n "$$files" ]; then \
	  for which in "e2e and not alone|$(SIDE_BY_SIDE)" "e2e and alone|"; do \
	    run $$files -m "$${which%|*}" $${which#*|} || \
	      run $$files -m "$${which%|*}" --last-failed --last-failed-no-failures none || status=1; \
	  done; \
	fi; \
	exit $$status

test-ui: ## the browser side's unit tests and types
	scripts/ui types
	scripts/ui test

e2e: install build/ui/manifest.json ## only the tests in a real browser
	$(PYTHON_IN_VENV) -m pytest -m e2e $(SIDE_BY_SIDE) tests

lint: ## style
	$(PYTHON_IN_VENV) -m ruff check .
	$(PYTHON_IN_VENV) -m ruff format --check .

type: ## types
	$(PYTHON_IN_VENV) -m mypy

imports: ## who may import whom
	PYTHONPATH=.:platform .venv/bin/lint-imports

bench: .venv/dev.stamp build/ui/manifest.json ## measures; writes build/bench.jsonl
	$(PYTHON_IN_VENV) -m benchmarks

soak: .venv/dev.stamp ## random sessions, checked after every step; MINUTES=60, FIRST=1 (a seed), REWINDS=200 may be given
	$(PYTHON_IN_VENV) -m tests.simulator.simulation.play --minutes $(MINUTES) --first $(FIRST) --rewinds $(REWINDS)

fuzz: .venv/dev.stamp ## odd requests, LENGTH=50 times as many as in CI, other ones each time
	DRYDOCK_FUZZ=$(LENGTH) $(PYTHON_IN_VENV) -m pytest tests/fuzzing -q

ui: build/ui/manifest.json ## build the browser side

ui-watch: static/node_modules/.stamp ## build it again after every change
	scripts/ui watch

lock: ## write the lock files anew from pyproject.toml
	$(PYTHON_IN_VENV) -m pip -q install uv
	$(PYTHON_IN_VENV) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.lock
	$(PYTHON_IN_VENV) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header -c requirements.lock --extra test --extra lint pyproject.toml -o requirements-dev.lock

clean: ## remove what was built; data stays
	rm -rf build static/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.venv/run.stamp: requirements.lock pyproject.toml
	@scripts/venv run
	@touch $@

.venv/dev.stamp: requirements.lock requirements-dev.lock pyproject.toml
	@scripts/venv dev
	@touch $@ .venv/run.stamp

static/node_modules/.stamp: static/package-lock.json .venv/run.stamp
	@scripts/ui install
	@touch $@

build/ui/manifest.json: static/node_modules/.stamp $(UI_SOURCES)
	@scripts/ui build
	@touch $@
