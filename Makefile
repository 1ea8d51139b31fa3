# Every target makes .venv from the locks first, and is quick the second time. `run` and `ui` install what a run needs,
# the others the tools of development too.
#
#   make run            the benchmark of a month (MONTH=2023-08, HOMES=200, SEED=42, ARGS=…)
#   make test           the test suite
#   make test-long      its properties over 10,000 new cases, and what else is slow
#   make coverage       which lines the test suite reaches, into build/coverage
#   make ui             Dagster's web pages
#   make dashboard      results as an interactive page
#   make check          lint, types, definitions, documentation
#   make docs           the documentation's site, into build/site
#   make fuzz           made inputs in their thousands (INPUTS=2000 of each kind)
#   make record         docs/prices.md: synthetic prices beside the published record

MONTH ?= 2023-08
HOMES ?= 200
SEED ?= 42
ARGS ?=
INPUTS ?= 2000

STAMP := .venv/.complete
TOOLS := .venv/.complete-tools
BIN := .venv/bin

.PHONY: run test test-long coverage ui dashboard check docs fuzz record setup clean

run: $(STAMP)
	@$(BIN)/vpp run --month $(MONTH) --homes $(HOMES) --seed $(SEED) $(ARGS)

test: $(TOOLS)
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

test-long: $(TOOLS)
	@$(BIN)/python -m pytest -n 0 -m slow $(ARGS)

coverage: $(TOOLS)
	@$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report=term --cov-report=html:build/coverage $(ARGS)

ui: $(STAMP)
	@$(BIN)/vpp ui $(ARGS)

dashboard: $(TOOLS)
	@$(BIN)/vpp dashboard $(ARGS)

check: $(TOOLS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	VIRTUAL_ENV=$(CURDIR)/.venv PATH=$(CURDIR)/.venv/bin:$$PATH dg check defs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

docs: $(TOOLS)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict && echo "build/site/index.html"

fuzz: $(TOOLS)
	@FUZZ_INPUTS=$(INPUTS) $(BIN)/python -m pytest tests/fuzz -n 2 --dist worksteal $(ARGS)

record: $(TOOLS)
	@$(BIN)/python -m vpp_core.sources.record_page docs

setup: $(TOOLS)

# Hashes are checked, and only wheels are taken: nothing is compiled here, no package runs code of its own at set-up. The
# project itself is installed without asking an index for anything. One tool's dependency, stringcase, has no wheel: it is
# built from its hashed source with the setuptools that is already there.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

$(STAMP): requirements.lock pyproject.toml
	@python=$$(./.ci/find-python) && \
	echo "setting up .venv with $$python (once, a few minutes)" && \
	( $(BIN)/python -m pip --version >/dev/null 2>&1 || $$python -m venv --clear .venv ) && \
	$(INSTALL) --require-hashes --only-binary :all: -r requirements.lock && \
	$(INSTALL) --no-build-isolation -e . && \
	touch $(STAMP)

$(TOOLS): $(STAMP) requirements-dev.lock
	@echo "adding the tools of development (once, a minute)" && \
	$(INSTALL) --require-hashes --only-binary :all: --no-binary stringcase --no-build-isolation \
		-r requirements-dev.lock && \
	touch $(TOOLS)

clean:
	rm -rf .venv .dagster .mypy_cache .ruff_cache .pytest_cache build *.egg-info
