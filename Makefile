# runwell: install, demo, test, check, bench. `make help` lists the targets.
SHELL := /bin/bash
VENV  := .venv
PY    := $(VENV)/bin/python
PIP   := $(PY) -m pip --disable-pip-version-check --quiet
COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--exclude-newer $$(date -d '7 days ago' +%F) --custom-compile-command "make lock"
DEMO_DATA ?= demo-data
DEMO_PORT ?= 8080

.PHONY: help install dev demo test check torture powercuts overload soak fuzz fuzz-parsers format bench lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(PY):
	python3 -m venv $(VENV)

$(VENV)/.installed: requirements.txt pyproject.toml | $(PY)
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.installed
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.dev
	$(PIP) install --require-hashes -r requirements/bench.txt
	@touch $@

install: $(VENV)/.installed  ## make .venv with runwell in it
dev: $(VENV)/.dev  ## ... and what the tests and checks need

demo: install  ## load sample data through the real endpoints, then serve (DEMO_EXIT=1: stop after the summary)
	$(VENV)/bin/runwell demo --data $(DEMO_DATA) --port $(DEMO_PORT) $(if $(DEMO_EXIT),--exit)

check: dev  ## format, lint, types, architecture and documentation tests
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(PY) -m pytest -q tests/test_architecture.py tests/test_docs.py tests/test_pages.py

test: check  ## everything: checks, unit, contract, replayed conversations, real clients, crash rounds, coverage
	.ci/debian
	.ci/proxies
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest -n 2 --dist loadfile --no-loadscope-reorder --ignore tests/load
	$(PY) -m coverage run -m pytest tests/load  # alone: it watches the clock
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report
	$(PY) tests/coverage_floors.py

ROUNDS ?= 1000
SECONDS_OF_LOAD ?= $(or $(SECONDS),60)
overload: dev  ## four times as much as the server can do, for SECONDS=60; fails if a bound is broken
	$(PY) -m tests.load.overload --seconds $(SECONDS_OF_LOAD)

soak: MINUTES ?= 60
soak: dev  ## a steady load for MINUTES=60; fails if memory or open files grow
	$(PY) -m tests.load.soak --minutes $(MINUTES)

torture: dev  ## kill -9 under load, ROUNDS times (and SIGTERM every tenth time)
	$(PY) -m tests.crash.torture --rounds $(ROUNDS) $(if $(SEED),--seed $(SEED))

CUTS ?= 2000
powercuts: dev  ## simulated power cuts in the lives of ledgers, CUTS times
	$(PY) -m tests.crash.cuts --cuts $(CUTS) $(if $(SEED),--seed $(SEED))

CASES ?= 1000
fuzz: dev  ## CASES requests to every operation of the OpenAPI document, each answer compared with it
	$(PY) -m tests.fuzz.campaign --cases $(CASES) $(if $(SEED),--seed $(SEED))

fuzz-parsers: MINUTES ?= 10
fuzz-parsers: dev  ## every reader of foreign bytes, by what code an input reaches, MINUTES in all (atheris)
	$(PIP) install -r requirements/fuzz.in
	$(PY) -m tests.hostile.fuzz $(MINUTES) $(TARGETS)

format: dev  ## apply the formatter and the safe fixes
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(VENV)/.bench  ## every speed figure beside its reference, as a ratio
	$(PY) -m bench

lock: $(PY)  ## compile the locked requirements (no index address in them)
	$(PIP) install uv
	$(COMPILE) pyproject.toml -o requirements.txt
	$(COMPILE) pyproject.toml requirements/dev.in -o requirements/dev.txt
	$(COMPILE) pyproject.toml requirements/dev.in requirements/bench.in -o requirements/bench.txt
	for client in tests/clients/*.in; do $(COMPILE) $$client -o $${client%.in}.txt; done

clean:  ## remove what make made
	rm -rf $(VENV) .venvs $(DEMO_DATA) .coverage* .hypothesis .mypy_cache .ruff_cache .pytest_cache
