# Every target makes .venv from the lock first, and is quick the second time.
#
#   make run            the benchmark of a month (MONTH=2023-08, HOMES=200, SEED=42, ARGS=…)
#   make test           the test suite
#   make ui             Dagster's web pages
#   make check          lint, types, definitions
#   make fuzz           made inputs in their thousands (INPUTS=2000 of each kind)

MONTH ?= 2023-08
HOMES ?= 200
SEED ?= 42
ARGS ?=
INPUTS ?= 2000

STAMP := .venv/.complete
BIN := .venv/bin

.PHONY: run test ui check fuzz setup clean

run: $(STAMP)
	@$(BIN)/vpp run --month $(MONTH) --homes $(HOMES) --seed $(SEED) $(ARGS)

test: $(STAMP)
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

ui: $(STAMP)
	@$(BIN)/vpp ui $(ARGS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	VIRTUAL_ENV=$(CURDIR)/.venv PATH=$(CURDIR)/.venv/bin:$$PATH dg check defs

fuzz: $(STAMP)
	@FUZZ_INPUTS=$(INPUTS) $(BIN)/python -m pytest tests/fuzz -n 2 --dist worksteal $(ARGS)

setup: $(STAMP)

# The lock's hashes are checked; the project itself is installed without asking an index for anything.
$(STAMP): requirements.lock pyproject.toml
	@python=$$(./.ci/find-python) && \
	echo "setting up .venv with $$python (once, a few minutes)" && \
	( $(BIN)/python -m pip --version >/dev/null 2>&1 || $$python -m venv --clear .venv ) && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock && \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . && \
	touch $(STAMP)

clean:
	rm -rf .venv .dagster .mypy_cache .ruff_cache .pytest_cache build *.egg-info
