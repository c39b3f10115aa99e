# How is everything in this repository set up, checked and run?
#
# Every target sets up what it needs and works from a fresh clone that has only make and Python 3.11 to 3.14.
# A stamp in .venv is newer than all it was made from, so a second run installs nothing. Nothing is installed
# outside this folder, except Debian's Chromium for the browser tests, and that only when run as root.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

# What a caller's shell may carry and what would send packages elsewhere or change what is built.
unexport PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE PYTHONOPTIMIZE VIRTUAL_ENV CONDA_PREFIX
unexport PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV NODE_ENV NODE_OPTIONS npm_config_omit
unexport UV_PYTHON UV_SYSTEM_PYTHON UV_TARGET UV_PREFIX UV_CONSTRAINT UV_OVERRIDE UV_EXCLUDE_NEWER UV_PROJECT
unexport UV_BUILD_CONSTRAINT UV_REQUIRE_HASHES UV_NO_BUILD UV_NO_BUILD_ISOLATION UV_WORKING_DIRECTORY
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

# An account without a home (a service user, a container) keeps its caches in here.
ifneq ($(shell test -n "$$HOME" && test -d "$$HOME" && test -w "$$HOME" && echo yes),yes)
export HOME := $(CURDIR)/.uv/home
unexport XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME
endif

# A network with a certificate authority of its own puts it among the system's; uv, pip and npm look elsewhere.
CERTIFICATES := $(firstword $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt))
ifneq ($(CERTIFICATES),)
export SSL_CERT_FILE ?= $(CERTIFICATES)
export PIP_CERT ?= $(CERTIFICATES)
export NODE_EXTRA_CA_CERTS ?= $(CERTIFICATES)
endif

# The first Python that runs and for which every locked package has a wheel; then any that is new enough.
PYTHON := $(shell for low in "(3, 11) <= v < (3, 15)" "(3, 11) <= v"; do \
	for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$python" -c "import sys; v = sys.version_info[:2]; sys.exit(not ($$low))" >/dev/null 2>&1 && \
	{ command -v "$$python"; exit; }; done; done)

# uv from the PATH if it runs and knows build constraints (0.5), else our own.
UV := $(shell case "$$(uv --version 2>/dev/null)" in ("uv 0."[0-4].*|"") echo .uv/bin/uv ;; (*) echo uv ;; esac)
UV_FILE := $(filter .uv/bin/uv,$(UV))
NPM := PATH="$(CURDIR)/.venv/bin:$$PATH" npm --prefix workbench
INSTALL := $(UV) pip install --quiet --python .venv/bin/python

# A .venv that is broken or was copied here from another folder is made anew.
ifneq ($(shell test "$$(cat .venv/.made 2>/dev/null)" = "$(CURDIR)" && .venv/bin/python -c "print(1)" 2>/dev/null),1)
STALE_VENV := again
endif
ifeq ($(wildcard src/steelyard/static/index.html),)
STALE_PROJECT := again
endif

# Folders are listed too: their times tell of a file that went away.
WORKBENCH := $(shell find workbench/* -name node_modules -prune -o -name dist -prune -o -print 2>/dev/null)

DATA ?= $(or $(STEELYARD_DATA),steelyard-data)
WORKERS ?= auto
ARGS ?=

.PHONY: help setup check test test-peers demo serve benchmark lock format clean again chromium

help: ## say what can be asked for
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  make test ARGS='-k claim'       only some tests; also WORKERS=0"
	@echo "  make serve DATA=.steelyard-demo/data  look at what the demo left; also ARGS='--port 9000'"

setup: .venv/.project ## install Steelyard, after which .venv/bin/steelyard runs
	@echo "ready: .venv/bin/steelyard"

check: .venv/.project .venv/.dev workbench/node_modules/.steelyard ## lint, format, types, import rules, the workbench's types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/pyright
	$(NPM) run --silent check

test: .venv/.project .venv/.dev workbench/node_modules/.steelyard chromium ## every test but those against large peers
	.venv/bin/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist loadfile --no-loadscope-reorder \
		--durations 10 --ignore tests/peers $(ARGS)
	@if find workbench/src -name "*.test.*" | grep -q . && [ -z "$(ARGS)" ]; then $(NPM) test; fi

test-peers: .venv/.project .venv/.dev chromium ## the tests against large real peers
	@.venv/bin/python -m pytest tests/peers --timeout 1800 $(ARGS); status=$$?; \
	if [ $$status -eq 5 ]; then echo "no test against a peer was run"; exit 0; fi; exit $$status

demo: .venv/.project .venv/.demo ## the main job on real input, from raw answers to a release without one provider
	.venv/bin/python -m demo.run $(ARGS)

serve: .venv/.project ## the server, on DATA (steelyard-data); prints its URL
	.venv/bin/steelyard serve --data "$(DATA)" $(ARGS)

benchmark: .venv/.project .venv/.dev ## every figure, against its peer measured in the same run
	@status=0; for file in benchmarks/[a-z]*.py; do \
	if [ -f "$$file" ]; then echo "== $$file"; .venv/bin/python "$$file" $(ARGS) || status=1; fi; done; exit $$status

format: .venv/.dev ## put the Python in its one format
	.venv/bin/ruff check --fix-only --quiet .
	.venv/bin/ruff format .

# Pins that still fit stay as they are; `make lock ARGS=--upgrade` takes the newest.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links $(ARGS)
BUILD_REQUIREMENTS = .venv/bin/python -c "import tomllib; \
	print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], 'editables', sep='\n')"
lock: .venv/.made ## compile pyproject.toml's requirements into requirements/
	$(COMPILE) pyproject.toml --extra demo --group dev -o requirements/dev.txt
	$(COMPILE) pyproject.toml --extra demo -c requirements/dev.txt -o requirements/demo.txt
	$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/runtime.txt
	$(BUILD_REQUIREMENTS) | $(COMPILE) - -c requirements/dev.txt -o requirements/build.txt
	echo uv | $(COMPILE) - -o requirements/uv.txt
	@! grep -En "://|--(extra-)?index-url|--find-links" requirements/*.txt

clean: ## take away all that make put here; data folders stay
	rm -rf .venv .uv dist src/steelyard/static workbench/node_modules workbench/dist
	rm -rf .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- how the environment comes about ---------------------------------------------------------------------

.uv/bin/uv: requirements/uv.txt
	@test -n "$(PYTHON)" || { echo "Steelyard needs Python 3.11 to 3.14: install one, or put uv on the PATH." >&2; exit 1; }
	@rm -rf .uv/bin .uv/lib .uv/lib64 .uv/pyvenv.cfg .uv/site-packages && mkdir -p .uv/bin .uv/home
	@echo "installing uv into .uv"
	@get="pip install --quiet --disable-pip-version-check --no-input --root-user-action ignore --require-hashes -r requirements/uv.txt"; \
	if "$(PYTHON)" -m pip --version >/dev/null 2>&1; \
	then "$(PYTHON)" -m $$get --target .uv/site-packages && ln -sf ../site-packages/bin/uv .uv/bin/uv; \
	else "$(PYTHON)" -m venv .uv && .uv/bin/python -m $$get; \
	fi || { echo "uv could not be installed: see above; Python's pip or venv is needed, or uv on the PATH." >&2; exit 1; }
	@touch $@

.venv/.made: $(STALE_VENV) | $(UV_FILE)
	$(UV) venv --quiet --clear --no-project --python "$(or $(PYTHON),>=3.11,<3.15)" .venv
	@printf %s "$(CURDIR)" > $@

# Each environment holds the one before it. The first takes out what is no longer asked for.
.venv/.runtime: requirements/runtime.txt .venv/.made
	$(UV) pip sync --quiet --python .venv/bin/python --require-hashes requirements/runtime.txt
	@echo "compiling bytecode" && .venv/bin/python -m compileall -qq -j 0 -x "/tests?/" .venv/lib || true
	@touch $@

.venv/.demo: requirements/demo.txt .venv/.runtime
	$(INSTALL) --require-hashes -r requirements/demo.txt
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.demo
	$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

.venv/.project: pyproject.toml hatch_build.py requirements/build.txt .venv/.runtime $(WORKBENCH) $(STALE_PROJECT)
	$(INSTALL) --no-deps --reinstall-package steelyard --build-constraint requirements/build.txt -e .
	@.venv/bin/python -m compileall -q src
	@touch $@

# The build of the project may have fetched them just now; npm writes its own lock last.
workbench/node_modules/.steelyard: workbench/package.json workbench/package-lock.json .venv/.dev .venv/.project
	@cd workbench && test node_modules/.package-lock.json -nt package-lock.json \
		-a node_modules/.package-lock.json -nt package.json || { cd .. && $(NPM) ci --no-audit --no-fund; }
	@touch $@

chromium:
	@sh tests/support/setup_chromium.sh

again:
