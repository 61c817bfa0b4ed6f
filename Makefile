# Everything here needs Python >= 3.11, a C/C++ compiler and the package registries, no more.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help setup demo check test test-long lint dist-check clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

setup: $(STAMP)  ## make .venv and install everything into it

$(STAMP): pyproject.toml tools/bootstrap.py
	@$(PYTHON) tools/bootstrap.py $(VENV)
	@touch $@

demo: $(STAMP)  ## index the docs and the sample library, ask three questions
	@$(BIN)/python tools/demo.py

check: $(STAMP) lint test  ## the one gate: style, types, import contracts, all tests

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Some tests hold limits of time. On a machine that's busy with other things one may miss its limit,
# so what failed must fail again, alone, to count.
test: $(STAMP)  ## all tests, the long campaigns cut short
	$(BIN)/pytest || $(BIN)/pytest --last-failed --last-failed-no-failures none -n 0 \
		--snapshot-warn-unused

test-long: $(STAMP)  ## the kill loops and fuzzing campaigns, whole
	LOCALSEARCH_LONG=1 $(BIN)/pytest --timeout 7200

dist-check: $(STAMP)  ## build wheel and sdist, install each into a bare environment, try it
	$(BIN)/python -m tools.dist_check

clean:  ## remove what was built
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
