# Two commands for a newcomer: `make demo` and `make test`. Both call `make setup`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?=
PORT ?= 8080
JOBS ?= 2

.PHONY: setup demo test test-packages lint types docs bench clean lock
setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "journeyfold needs Python 3.11 or newer; $(PYTHON) is older. Set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

demo: setup
	@$(BIN)/journeyfold demo --port $(PORT) $(if $(DATA),--data-file "$(DATA)")

# Files of tests run side by side; the tests of one file share their platform. What is skipped is
# listed at the end with the reason.
test: setup test-packages
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -q

# Third-party clients and axe-core; the tests that need them are skipped where there is no npm.
NPM_PACKAGES := tests/clients/node_modules tests/browser/node_modules
test-packages: $(if $(shell command -v npm),$(NPM_PACKAGES))
$(NPM_PACKAGES): %/node_modules: %/package.json
	cd $* && npm install --no-save --omit=optional --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

docs: setup
	$(BIN)/python -m pytest -q tests/docs tests/cli/test_reference.py tests/project/test_reference.py tests/test_tidy.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy
	$(BIN)/pyright

bench: setup
	$(BIN)/journeyfold bench

lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q -o requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
