# tikub-lab: `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help report test lab lint bench sample lock clean

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

# The stamp is newer than the lock and the metadata once what they say is installed; a set-up cut short leaves no stamp.
$(VENV)/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=python3.11 …" >&2; exit 1; }
	@echo "Setting up $(VENV) (a minute or two, once)…"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

report: $(VENV)/.ready ## Run every notebook on the shipped sample into reports/
	@$(RUN)/python -m tikub_lab report

test: export TIKUB_CACHE := off
test: $(VENV)/.ready ## pytest and doctests, nbval on notebooks/, ruff, mypy
	$(RUN)/python -m ruff check .
	$(RUN)/python -m ruff format --check .
	$(RUN)/python -m mypy
	$(RUN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder
	$(RUN)/python -m pytest -n auto --dist loadfile --nbval-lax --nbval-cell-timeout=120 -p no:cacheprovider notebooks

lab: $(VENV)/.ready ## Open JupyterLab in notebooks/
	@$(RUN)/python -m jupyterlab --notebook-dir=notebooks

lint: $(VENV)/.ready ## Format the code and mend what ruff can mend
	$(RUN)/python -m ruff format .
	$(RUN)/python -m ruff check --fix .

bench: $(VENV)/.ready ## Measure speed and memory, as ratios taken in one run
	@$(RUN)/python -m benchmarks

sample: $(VENV)/.ready ## Write the fictitious sample again (the same bytes)
	@$(RUN)/python -m tikub_lab data sample

# uv resolves for every platform at once; it is only needed here, in an environment of its own.
lock: ## Resolve requirements.txt again from pyproject.toml
	@$(PYTHON) -m venv .lock
	@.lock/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	@.lock/bin/uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade --quiet --output-file requirements.txt

clean: ## Remove the environment and what builds made
	rm -rf $(VENV) .lock .pytest_cache .mypy_cache .ruff_cache
	find reports -mindepth 1 ! -name README.md -delete
