# One command each: `make lab` to learn, `make test` to check everything that CI checks.
# Written for GNU make 3.81 (macOS) and later. On Windows, README.md has the plain commands.

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
WORKERS ?= 3
NOTEBOOKS ?= notebooks
LESSON ?= 00_start_here.ipynb

# The first Python that the pinned versions have wheels for; `make lab PYTHON=/path/to/python3` overrides.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
	>/dev/null 2>&1 && echo $$p && exit; done; echo python3)

# On Linux, torch's default build brings about 5 GB of CUDA packages. TORCH=cpu at the first install
# takes the small build: everything else by checksum, then torch, which uv knows where to find.
ifeq ($(TORCH),cpu)
INSTALL = $(PY) -m pip install --no-compile --require-hashes -r requirements-cpu.lock && \
	$(PY) -m uv pip install --python $(PY) --torch-backend=cpu \
		$$(grep -E '^torch(vision)?==' requirements.lock)
else
INSTALL = $(PY) -m pip install --no-compile -r requirements.lock
endif

# Where Python looks for lines to run at every start: see course_utils/_threads.py.
PURELIB = $$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

# pip compiles on one core, and uv not at all. (A file or two of a package are for another Python.)
COMPILE = { $(PY) -m compileall -qq -j 0 "$(PURELIB)" || true; }

# JupyterLab would ask each new user whether to fetch news from the network.
LAB_SETTINGS = $(VENV)/share/jupyter/lab/settings
NO_NEWS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}

# Jupyter will not start for root (a container, say) unless told to.
LAB_FLAGS ?= $(if $(filter 0,$(shell id -u)),--allow-root)

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help lab book pdf slides test test-all lint format test-unit test-browser test-notebooks execute bench lock clean

help:  ## list what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

lab: $(STAMP)  ## install if needed, then open JupyterLab with lesson 00 (on Linux, TORCH=cpu installs less)
	cd notebooks && ../$(PY) -m jupyterlab $(LAB_FLAGS) $(LESSON)

book: $(STAMP)  ## make the book of the lessons, to read without Python (ZIP=1 for one file of it)
	$(PY) -m press $(if $(ZIP),--zip)

pdf: $(STAMP)  ## print the book as book.pdf, A4 (by Chromium)
	$(PY) -m press --pdf

slides: $(STAMP)  ## make slides of the figures, a file for each part of the course
	$(PY) -m press --slides

# One run of pytest on three processes: on two cores that leaves none idle while one of them waits
# for a browser or a kernel.
PYTEST = $(PY) -m pytest -n $(WORKERS) --dist loadscope

test: lint  ## install if needed, then run what every change has to pass
	$(PYTEST)

# nbval runs each notebook as committed, cell by cell in one kernel, on MNIST where there is MNIST.
test-all: lint  ## run everything: also fifty seeds, whole lessons on MNIST, the digits, mutants
	$(PYTEST) --thorough -p nbval --nbval-lax --nbval-current-env --nbval-cell-timeout 900 tests notebooks
	COURSE_DATASET=digits $(PYTEST) -m "not browser and not notebook" --ignore tests/test_exercises.py
	$(PY) tests/tools/mutate.py --sample 150

lint: $(STAMP)  ## check style and formatting, notebooks included, and the workflows
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(VENV)/bin/zizmor --quiet --offline .github

format: $(STAMP)  ## put style and formatting right
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

test-unit: $(STAMP)  ## run the unit, property and checker tests
	$(PYTEST) -m "not browser and not notebook"

test-browser: $(STAMP)  ## run the browser tests (skipped without Chromium, unless REQUIRE_BROWSER=1)
	$(PYTEST) -m browser

test-notebooks: $(STAMP)  ## run every notebook in a kernel, as committed and solved, on the digits
	$(PYTEST) -m "notebook and not browser"

execute: $(STAMP)  ## run the committed notebooks again in place, on MNIST (NOTEBOOKS="a.ipynb b.ipynb" for some)
	$(PY) tests/tools/execute.py $(NOTEBOOKS)

bench: $(STAMP)  ## time `fit` against the usual loop on MNIST and in two processes, the record, and the views against matplotlib
	$(PY) tests/tools/bench.py

# uv keeps the versions already in the lock where it can; UPGRADE=1 takes the newest.
lock: $(STAMP)  ## write both lock files again from pyproject.toml (UPGRADE=1 for newer versions)
	$(PY) tests/tools/lock.py $(if $(UPGRADE),--upgrade)

clean:  ## remove the virtual environment and caches (data and your progress stay)
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build book book.zip book.pdf slides *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -prune -exec rm -rf {} +

# The stamp is written last, so an install that was cut short is taken up again by the next call.
$(STAMP): requirements.lock requirements-cpu.lock pyproject.toml course_utils/threads.pth
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "The course needs Python 3.11 or newer, and no such python3 was found: install one, or name it with 'make $(or $(MAKECMDGOALS),lab) PYTHON=/path/to/python3'."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is missing: install it (on Debian and Ubuntu 'sudo apt install python3-venv'), then give the same command again."; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing the pinned versions into $(VENV): a few minutes the first time."
	@{ $(INSTALL) && $(PY) -m pip install --quiet --no-deps --no-build-isolation -e . && \
		$(COMPILE) && \
		cp course_utils/threads.pth "$(PURELIB)" && mkdir -p $(LAB_SETTINGS) && \
		echo '$(NO_NEWS)' > $(LAB_SETTINGS)/overrides.json; } || { \
		echo "The installation did not finish: give the same command again, and it goes on from where it stopped."; exit 1; }
	@touch $@
