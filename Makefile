# What a developer runs. Each target makes what it needs first: a fresh clone needs Python 3.11 or newer, GNU make, no more.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
RUN := .venv/.run
DEV := .venv/.dev
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-emit-trusted-host --strip-extras --allow-unsafe --no-header

.PHONY: help demo kafka check test image-test bench accuracy soak fuzz sbom audit requirements clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(RUN)  ## replay seeds/ into demo/news.db, poll a feed that changes, show what became of it
	@$(BIN)/news-worker demo

kafka: $(DEV)  ## a real Kafka to try the worker against, until Ctrl-C
	@PYTHONPATH=tests $(BIN)/python -m kafka.play

check: $(DEV)  ## lint, format, types, arrows between modules, dead code
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/vulture
	@$(BIN)/hadolint Dockerfile

# Two files at a time, whatever the machine has: the tests that kill wait more than they compute, and each of the two may run brokers.
test: check  ## check, then every test but the benchmarks and the image's
	@$(BIN)/pytest --numprocesses=2 --dist=loadfile --ignore=tests/bench --ignore=tests/image

image-test: $(DEV)  ## build the container image without an engine, and run it
	@$(BIN)/pytest tests/image

bench: $(DEV)  ## what docs/performance.md says, measured anew
	@missed=0; for script in tests/bench/*.py; do PYTHONPATH=tests $(BIN)/python "$$script" || missed=1; done; exit $$missed

accuracy: $(DEV)  ## how exactly feeds are read: make accuracy CORPUS=a folder of saved feeds
	@PYTHONPATH=tests $(BIN)/python -m accuracy.score $(or $(CORPUS),$(error CORPUS=path is missing))

soak: $(DEV)  ## the tests that kill, 500 and 100 times instead of 20, and a million events past kills of workers and brokers
	@NEWS_KILLS=$${NEWS_KILLS:-500} $(BIN)/pytest tests/contract/test_kill.py
	@NEWS_KILLS=$${NEWS_KILLS:-100} $(BIN)/pytest tests/faults
	@PYTHONPATH=tests $(BIN)/python -m simulation --hours 100 --seeds 50
	@PYTHONPATH=tests $(BIN)/python -m simulation --hours 20 --seeds 50 --fury 4
	@PYTHONPATH=tests $(BIN)/python -m faults.soak
	@PYTHONPATH=tests $(BIN)/python -m faults.soak_shared
	@PYTHONPATH=tests $(BIN)/python -m faults.soak_upstream
	@PYTHONPATH=tests $(BIN)/python -m faults.soak_together

fuzz: $(DEV)  ## the tests that make up their input, with far more of it
	@$(BIN)/pytest --ignore=tests/bench -m hypothesis --hypothesis-profile=fuzz

sbom: $(DEV)  ## dist/sbom.json: all that a running worker is made of, with hashes (CycloneDX)
	@mkdir -p dist
	@PYTHONWARNINGS=ignore::UserWarning $(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
		--output-file dist/sbom.json requirements/run.txt

audit: $(DEV)  ## whether anything of that has a known vulnerability; asks an advisory service
	@$(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement requirements/run.txt

requirements: $(DEV)  ## resolve the versions anew, with hashes
	@$(COMPILE) --upgrade --output-file requirements/run.txt pyproject.toml
	@$(COMPILE) --upgrade --output-file requirements/build.txt requirements/build.in
	@$(COMPILE) --upgrade --output-file requirements/dev.txt requirements/dev.in

clean:  ## remove what the other targets made, the environment too
	@rm -rf .venv .kafka .image .hypothesis .*_cache demo dist
	@find worker tests schemas -name __pycache__ -prune -exec rm -rf {} +

# The first Python that is new enough and can make an environment; `make demo PYTHON=…` names another.
$(BIN)/python:
	@for python in $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3; do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "making .venv with $$($$python --version), once; this takes a minute"; \
			exec $$python -m venv .venv; \
		fi; \
	done; \
	echo 'No Python 3.11 or newer with its venv module was found.' >&2; \
	echo 'Debian, Ubuntu: apt-get install python3 python3-venv. Fedora: dnf install python3.' >&2; \
	echo 'One that lies elsewhere: make PYTHON=/its/path/bin/python3 …' >&2; \
	exit 1

$(RUN): requirements/run.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@$(PIP) install --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements/dev.txt $(RUN)
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
