# Two commands: `make run` opens the app, `make test` runs everything that must pass.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt
DEMO ?= lwtui/demo/finance-support

WORK ?= .work/experiment

.PHONY: run test lint gguf screenshots benchmarks stalls experiment clean help

run: $(VENV)/.run  ## open the app on the starter collection and a demo dataset
	@$(BIN)/lwtui --data $(DEMO)

test: $(VENV)/.test  ## lint, types, layers and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile

lint: $(VENV)/.test  ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

gguf: $(VENV)/.run  ## add the llama.cpp backend (needs a C++ compiler and cmake; about 4 minutes)
	$(PIP) -e '.[gguf]'

screenshots: $(VENV)/.test  ## draw screenshots/ with the real app
	$(BIN)/python tests/screenshots.py
	$(BIN)/python tests/cast.py

benchmarks: $(VENV)/.test  ## side-by-side timings (DATA=DIR adds the value of the pick)
	@for name in first_frame collection chat_speed; do \
		echo "== $$name"; $(BIN)/python tests/benchmarks/$$name.py || exit 1; done
	@echo "== dataset"; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
		$(BIN)/python tests/benchmarks/dataset.py generate $$folder/rows.jsonl && \
		$(BIN)/python tests/benchmarks/dataset.py sample $$folder/rows.jsonl
	@if [ -n "$(DATA)" ]; then $(BIN)/python tests/benchmarks/starter_value.py --data "$(DATA)"; fi

stalls: $(VENV)/.test  ## how long the app ever keeps one waiting, and how many keys it takes
	@for name in stalls long_session browse_scroll keys_to_first_token; do \
		echo "== $$name"; $(BIN)/python -m tests.benchmarks.$$name || exit 1; done

experiment: $(VENV)/.test  ## the figures of specs/README.md; hours, resumes (DATA=DIR [WORK=DIR])
	@[ -n "$(DATA)" ] || { echo "Say where the task data lies: make experiment DATA=DIR"; exit 1; }
	@$(PIP) -e '.[experiment,privacy]'
	$(BIN)/python -m tests.benchmarks.experiment --data "$(DATA)" --work "$(WORK)"

clean:  ## remove what was installed here
	rm -rf $(VENV)

help:  ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 14

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "lwtui needs Python 3.10 to 3.13. Say which: make run PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml .ci/constraints.txt | $(BIN)/python
	@echo "Installing lwtui and its pinned dependencies into $(VENV) (some minutes, once)…"
	@$(PIP) -e .
	@touch $@

$(VENV)/.test: pyproject.toml .ci/constraints.txt | $(BIN)/python
	@$(PIP) -e '.[dev,plots,openai]'
	@$(PIP) -e '.[ray]' || echo "ray did not install: the tests of the cluster engine will be skipped."
	@$(PIP) -e '.[privacy]' || echo "dp-accounting did not install: the tests of noise will be skipped."
	@$(PIP) -e '.[gguf,gguf-server]' || echo "llama-cpp-python did not build (it needs a C++ compiler and \
	cmake): its tests will be skipped."
	@touch $@ $(VENV)/.run
