# Every target but gpu makes .venv and installs by itself, and does nothing twice.

# A machine with a GPU is taken as it is: its own Python, and nothing is installed.
GPU_PYTHON := $(or $(PYTHON),python3)
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALLED := .venv/.installed
FAST := -m 'not ray and not slow and not gpu' --ignore tests/test_benchmarks.py

.PHONY: demo test chaos check versions lowest newest bench gpu clean

demo: $(INSTALLED)
	$(BIN)/crossnets demo

# Two processes with a thread each; a file stays in one, for the sake of its fixtures. Those
# that take longest come first, so that neither process waits for the other at the end.
test: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder \
		tests/test_chaos.py tests/harness/test_search.py tests/harness/test_policies.py \
		tests/test_benchmarks.py tests/test_deploy.py tests/test_secrets.py \
		tests/test_storage_faults.py tests

chaos: $(INSTALLED)
	CROSSNETS_CHAOS=1 CROSSNETS_KILLS=50 $(BIN)/pytest --timeout 7200 \
		tests/test_chaos.py tests/test_finals_chaos.py tests/test_storage_faults.py tests/results \
		tests/test_nodes.py tests/test_benchmarks.py tests/harness/test_trial_faults.py \
		tests/harness/driver/deciding/test_resumed_policy.py tests/harness/test_plan.py \
		tests/harness/cluster/test_tune_loop.py tests/cnets/training/test_bank.py \
		tests/test_bit_flips.py

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	CROSSNETS_CHECK=1 $(BIN)/pytest tests/crossnets/test_types.py
	$(BIN)/lint-imports

# The lowest versions that pyproject allows and the newest there are, each installed by itself;
# PYTHON says with which Python. torch stays the pinned one.
versions: lowest newest

lowest:
	$(PYTHON) -m venv --clear .venv-lowest
	grep -oE '[A-Za-z0-9-]+(\[[a-z]+\])?>=[0-9.]+' pyproject.toml \
		| sed -E 's/\[.*\]//; s/>=/==/' > .venv-lowest/lowest.txt
	.venv-lowest/bin/pip install --quiet --constraint .venv-lowest/lowest.txt \
		--editable '.[search,dev]'
	OMP_NUM_THREADS=1 .venv-lowest/bin/pytest $(FAST)

newest:
	$(PYTHON) -m venv --clear .venv-newest
	grep '^torch==' constraints.txt > .venv-newest/newest.txt
	.venv-newest/bin/pip install --quiet --constraint .venv-newest/newest.txt \
		--editable '.[search,dev]'
	OMP_NUM_THREADS=1 .venv-newest/bin/pytest $(FAST)
	.venv-newest/bin/crossnets demo --store .venv-newest/demo

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
	rm -rf .venv .venv-lowest .venv-newest
