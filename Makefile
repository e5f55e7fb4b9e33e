# Two commands do everything on a fresh machine, set-up included:
#   make lab     opens the page            (make lab ARGS="--port 8000")
#   make test    lints, checks types, runs every test in a real browser too   (make test ARGS="-k gate")
# They work in .venv; VENV=/path uses (or makes) another one, PYTHON=/path/python3 says what to make it with.

VENV ?= .venv
PYTHON ?=
ARGS ?=
PY = $(VENV)/bin/python
# An environment counts as installed for this checkout and this pyproject.toml, so running again costs nothing.
STATE := $(shell { pwd; cat pyproject.toml; } | cksum | cut -d ' ' -f 1)
LAB_READY = $(VENV)/.ready-lab-$(STATE)
TEST_READY = $(VENV)/.ready-test-$(STATE)

.PHONY: help lab test bench lint types format browser clean distclean

help:
	@echo "make lab        open the lab in a browser       (ARGS=\"--port 8000 --no-browser\" ...)"
	@echo "make test       lint, types, all tests          (ARGS=\"-k gate\" ... goes to pytest)"
	@echo "make bench      measure speed, print one table"
	@echo "make lint       ruff: rules and format          make types   pyright"
	@echo "make format     let ruff mend both"
	@echo "make clean      remove caches and builds        make distclean   the environment too"
	@echo "VENV=$(VENV) is the environment; it is made if it is not there."

lab: $(LAB_READY)
	@$(PY) -m lab $(ARGS)

test: lint types browser
	@$(PY) -m pytest $(ARGS)

bench: $(TEST_READY) browser
	@$(PY) -m tests.benchmarks $(ARGS)

lint: $(TEST_READY)
	@$(PY) -m ruff check --output-format concise .
	@$(PY) -m ruff format --check .

types: $(TEST_READY)
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(PY) -m pyright --pythonpath $(PY)

browser: $(TEST_READY)
	@$(PY) tests/ui/browser.py --ensure

format: $(TEST_READY)
	@$(PY) -m ruff check --fix --exit-zero .
	@$(PY) -m ruff format .

clean:
	rm -rf build dist .pytest_cache .ruff_cache .hypothesis
	find satipatthana lab tests assets -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv

# --- set-up ----------------------------------------------------------------------------------------------------

# what is installed for the tests is enough for the lab
$(LAB_READY): | $(PY)
	@test -e $(TEST_READY) || { $(call install,.); }
	@touch $@

$(TEST_READY): | $(PY)
	@$(call install,.[test])
	@touch $@ $(LAB_READY)

# An old torch that happens to be there may not fit torchvision: say so. The lab runs without it, on its embedded digits.
define install
	rm -f $(VENV)/.ready-*; \
	echo "Installing into $(VENV): the first time this fetches PyTorch, some gigabytes ..."; \
	$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip || exit 1; \
	$(PY) -m pip install $(if $(CI),--quiet) --disable-pip-version-check --editable "$(1)" || exit 1; \
	$(PY) -c "import torchvision" 2>/dev/null || \
	echo "Warning: this torchvision does not import, so only the embedded digits can be used. To mend it: $(PY) -m pip install --force-reinstall torch torchvision"
endef

$(PY):
	@if [ -n "$$(ls -A "$(VENV)" 2>/dev/null)" ]; then \
	  echo "VENV=$(VENV) holds something else than an environment (no bin/python in it). Name another one." >&2; exit 1; \
	fi; \
	for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python); do \
	  "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && found="$$python" && break; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Satipatthana Lab needs Python 3.11 or newer with its venv module, and $(or $(PYTHON),this machine) has none." >&2; \
	  echo "Install it (Debian: apt-get install python3 python3-venv) or name one: make PYTHON=/path/to/python3.12 lab" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv "$(VENV)"
