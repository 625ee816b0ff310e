# gxbridge: `make demo` shows it, `make test` tests it. Both set up everything they need.
# Choose an interpreter with PYTHON=python3.12 (and VENV=.venv-3.12 to keep several beside each other).

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
# Most of what the live tests do is wait: two files at a time halve that. The faults of one file are played together.
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
CANDB := $(shell find can_db -name '*.yaml' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-quick check check-slow check-screens man site pictures packages-screens format bench bench-here soak soak-week faults hostile mutants mutants-changed bundle docs build clean packages-demo packages-test

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.ready: pyproject.toml packaging/backend.py
	@test -n "$(PYTHON)" || { echo "gxbridge needs Python 3.11 or newer with venv: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || sh packaging/system-packages.sh venv
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[tui,test]'
	@touch $@

gxbridge/_candb.py: $(VENV)/.ready $(CANDB) gxbridge/candb/generate.py gxbridge/candb/load.py
	$(BIN)/python -m gxbridge.candb.build
	@touch $@
	@$(BIN)/python -m py_compile $@  # touching made the compiled form old

packages-demo:
	@sh packaging/system-packages.sh dbus-daemon

packages-test:
	@sh packaging/system-packages.sh dbus-daemon dbus-clients

setup: $(VENV)/.ready gxbridge/_candb.py  ## virtual environment, compiled database

build: gxbridge/_candb.py  ## compile can_db into gxbridge/_candb.py

demo: setup packages-demo  ## a simulated installation plays a story (PLAIN=1 for plain lines)
	$(BIN)/gxbridge demo $(if $(PLAIN),--plain)

test: setup packages-test  ## every test, with the coverage that the core must have
	$(PYTEST) --cov=gxbridge/core --cov-branch --cov-report=term:skip-covered --cov-fail-under=100

test-quick: setup packages-test  ## every test but the slowest, of whole installations (tests/faults, tests/demo)
	$(PYTEST) --ignore=tests/faults --ignore=tests/demo

check: setup  ## formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: setup  ## put the formatting right
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check-slow: setup build packages-test  ## what takes longer: wheel, bundle, a GX in a folder, ARM, a kernel with real CAN, the trouble reports live, a simulated week
	@sh packaging/system-packages.sh gx arm
	sh packaging/check-wheel.sh $(BIN)/python
	@sh packaging/system-packages.sh iproute2
	$(BIN)/python -m pytest -rP tests/boat/check_bundle.py tests/boat/check_venus.py tests/boat/check_web.py tests/boat/check_arm.py tests/boat/check_budget.py
	$(BIN)/python -m pytest tests/kernel/boot.py
	$(BIN)/python -m pytest -n 4 --dist worksteal tests/field/check_live.py
	@sh packaging/system-packages.sh mosquitto rsync curl
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[transport]'
	$(BIN)/python -m pytest tests/fleet/check_transport.py
	$(BIN)/python -m pytest -rP tests/faults/soak_week.py

packages-screens: setup
	@sh packaging/system-packages.sh dbus-daemon qt browser prometheus mosquitto
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[screens,docs,notify]'
	@# Only for the rules of axe-core in it; what else it needs is not.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps axe-playwright-python==0.1.8

check-screens: setup build packages-screens  ## what people look at, in the real programs: the GX's screen (Qt), the web page (Chromium), metrics (Prometheus), MQTT (mosquitto), notifications (Apprise)
	$(BIN)/python -m pytest tests/screens/check_man.py tests/screens/check_terminal.py tests/screens/check_gui.py tests/screens/check_flows.py tests/screens/check_mqtt.py tests/screens/check_apprise.py
	$(BIN)/python -m pytest tests/screens/check_web.py tests/screens/check_prometheus.py

pictures: setup build packages-screens  ## the pictures of docs/pictures/, made from what runs
	$(BIN)/python -m tests.screens.pictures $(NAMES)

bench: packages-test  ## the benchmarks, as ratios against a peer in the same run; writes docs/performance.md
	@$(MAKE) --no-print-directory bench-here VENV=.venv-bench

bench-here: setup  # in an environment of its own, with the peers from the package index
	$(BIN)/python -m benchmarks $(NAMES)

soak-week: setup packages-test  ## a simulated week of a boat, ten million frames, with every fault
	$(BIN)/python -m pytest -rP tests/faults/soak_week.py

soak: setup packages-test  ## an hour of the real service with traffic and faults: nothing may grow
	$(BIN)/python -m benchmarks.soak

faults: setup packages-test  ## every fault on the real service; writes the table in docs/faults.md
	GXBRIDGE_WRITE_FAULTS=1 $(BIN)/python -m pytest tests/faults/test_matrix.py -k test_fault

$(VENV)-mutants/.ready: $(VENV)/.ready
	$(PYTHON) -m venv $(VENV)-mutants
	$(VENV)-mutants/bin/python -m pip install --quiet --disable-pip-version-check cosmic-ray==8.7.0 'pytest>=8' 'hypothesis>=6.100' dbus-next==0.2.3 'PyYAML>=6' 'python-can>=4.5'
	@touch $@

hostile: setup  ## a million looks of random, wrong and malicious decisions at the last gate (LOOKS=, SEED=): ten minutes
	$(BIN)/python -m tests.core.gate.hostile $(or $(LOOKS),1000000) $(or $(SEED),0)

mutants: build $(VENV)-mutants/.ready  ## does a test notice every change in what decides, permits and writes? some hours
	$(VENV)-mutants/bin/python -m tests.mutants $(MODULES)

mutants-changed: build $(VENV)-mutants/.ready  ## the same for the lines changed since a commit (SINCE=), within 5 minutes (MINUTES=)
	$(VENV)-mutants/bin/python -m tests.mutants --quick --changed $(SINCE) --minutes $(or $(MINUTES),5)

bundle: setup build  ## dist/gxbridge-VERSION-venus.tar.gz: one file to install on a GX device
	$(BIN)/python packaging/bundle.py

docs: setup  ## write the generated pages anew
	$(BIN)/python packaging/docs.py

site: setup  ## the documentation as a site, in dist/site/
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict

man: setup build  ## manual pages and completions for shells, in dist/
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	$(BIN)/python packaging/man.py

clean:
	rm -rf $(VENV) $(VENV)-mutants build dist *.egg-info gxbridge/_candb.py .mypy_cache .ruff_cache .hypothesis .coverage
