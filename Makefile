# Two commands for a fresh machine with Python 3.10 or newer: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?= -n auto
EXTRAS ?= test

.PHONY: demo test check bench clean

demo: $(VENV)/.demo
	$(BIN)/mcuzoo demo

test: $(VENV)/.test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The table of benchmarks/README.md; BENCH_ARGS="--tflm DIR" measures TFLite-Micro, too.
bench: $(VENV)/.test
	$(BIN)/python benchmarks/bench.py $(BENCH_ARGS)

$(VENV)/.demo: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[demo]'
	touch $@

$(VENV)/.test: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(EXTRAS)]'
	touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) build dist
