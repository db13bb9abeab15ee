# Every target but gpu makes .venv and installs by itself, and does nothing twice.

# A machine with a GPU is taken as it is: its own Python, and nothing is installed.
GPU_PYTHON := $(or $(PYTHON),python3)
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: demo test chaos check bench gpu clean

demo: $(INSTALLED)
	$(BIN)/crossnets demo

# Two processes with a thread each; a file stays in one, for the sake of its fixtures.
test: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile

chaos: $(INSTALLED)
	CROSSNETS_CHAOS=1 CROSSNETS_KILLS=50 $(BIN)/pytest --timeout 7200 \
		tests/test_chaos.py tests/test_storage_faults.py tests/results

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: $(INSTALLED)
	for script in $(filter-out benchmarks/gpu.py,$(wildcard benchmarks/*.py)); do \
		$(BIN)/python $$script || exit 1; done

gpu:
	$(GPU_PYTHON) benchmarks/gpu.py

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[search,dev]'
	touch $@

clean:
	rm -rf .venv
