# tikub-lab: `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

# Nothing is compiled at set-up: Python must keep what it compiles, or each of some hundred processes compiles it anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help report test proof pins checks lab lint bench sample lock pictures demo-portal clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

# A stamp is newer than its lock and the metadata once what they say is installed; a set-up cut short leaves no stamp.
# Python compiles what is used when it is first used: compiling all packages at once takes longer than that.
PIP := $(RUN)/python -m pip install --quiet --disable-pip-version-check --no-compile
$(VENV)/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=python3.11 …" >&2; exit 1; }
	@echo "Setting up $(VENV) (a minute or two, once)…"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-test: $(VENV)/.ready requirements-test.txt
	@echo "Adding what tests need (a minute, once)…"
	@$(PIP) --no-deps --require-hashes -r requirements-test.txt
	@touch $@

report: $(VENV)/.ready ## Run every notebook on the shipped sample into reports/
	@$(RUN)/python -m tikub_lab report

test: export TIKUB_CACHE := off
test: export OPENBLAS_NUM_THREADS := 1
test: $(VENV)/.ready-test ## pytest and doctests, nbval on notebooks/, ruff, mypy
	$(RUN)/python -m ruff check .
	$(RUN)/python -m ruff format --check .
	@cache=$$(mktemp -d) && trap 'kill "$$types" 2>/dev/null; rm -rf "$$cache"' EXIT && set -x && \
	  { $(RUN)/python -m mypy & } && types=$$! && TIKUB_TEST_CACHE="$$cache/cache" \
	  $(RUN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(PROOF) && TIKUB_CACHE="$$cache/cache" \
	  $(RUN)/python -m pytest -n auto --dist loadfile --nbval-lax --nbval-cell-timeout=120 -p no:cacheprovider notebooks && \
	  wait "$$types"

proof: PROOF := --proof
proof: test ## The same, and the tests that are large or repeated: minutes more

pins: $(VENV)/.ready-test ## Store what methods and pages say now, and show the difference; BOOKS="energy" for some
	@$(RUN)/python -m tests.pins $(BOOKS)

checks: $(VENV)/.ready-test ## Run the notebooks, store the outputs of check cells, and show the difference
	@$(RUN)/python -m tests.recheck $(NOTEBOOKS)

lab: $(VENV)/.ready ## Open JupyterLab in notebooks/
	@$(RUN)/python -m jupyterlab --notebook-dir=notebooks

lint: $(VENV)/.ready-test ## Format the code, mend what ruff can mend, print the size of each part beside its budget
	$(RUN)/python -m ruff format .
	$(RUN)/python -m ruff check --fix .
	@$(RUN)/python -m tests.budgets

bench: $(VENV)/.ready-test ## Measure speed and memory, as ratios taken in one run
	@$(RUN)/python -m benchmarks

sample: $(VENV)/.ready ## Write the fictitious sample again (the same bytes)
	@$(RUN)/python -m tikub_lab data sample

# uv resolves for every platform at once; it is only needed here, in an environment of its own. Versions stay as they are
# where they may: `make lock UPGRADE=--upgrade` takes the latest. What requirements.txt has is left out of the other one.
LOCK = .lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --no-header --no-annotate --quiet $(UPGRADE)
lock: ## Resolve requirements.txt and requirements-test.txt again from pyproject.toml
	@$(PYTHON) -m venv .lock
	@.lock/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	@$(LOCK) --extra setup --extra xlsx --extra ledger --extra linkage --output-file requirements.txt
	@$(LOCK) --extra test --constraint requirements.txt --output-file requirements-test.txt \
	  $$(sed -nE 's/^([a-z0-9._-]+)==[^ ;]+ \\$$/--no-emit-package \1/p' requirements.txt)

pictures: $(VENV)/.ready ## Take the pictures of the README again, with Chromium
	@$(RUN)/python -m docs.pictures

demo-portal: $(VENV)/.ready-test ## Serve a portal of open data on this machine, to try `tikub data fetch` and `tikub night`
	@$(RUN)/python -m tests.portal $(addprefix --fault ,$(FAULTS))

clean: ## Remove the environment and what builds made
	rm -rf $(VENV) .lock .pytest_cache .mypy_cache .ruff_cache
	find reports -mindepth 1 ! -name README.md -delete
