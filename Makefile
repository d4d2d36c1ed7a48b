# What people call; each target sets up what it needs first. INTERFACES: setup, run, test, check, clean.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
SOURCES := access accounting financing dashboard config

.PHONY: setup run test check clean chromium
.DELETE_ON_ERROR:

setup: $(STAMPS)/static $(STAMPS)/translations $(STAMPS)/database

run: setup
	@exec $(BIN)/python -m config.run

test: setup $(STAMPS)/test chromium
	@$(BIN)/python -m pytest tests --ignore=tests/browser -q
	@$(BIN)/python -m pytest tests/browser -q -p no:django -p no:xdist --confcutdir=tests/browser

check: setup $(STAMPS)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/djlint templates sandbox/templates --lint --quiet
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m config.translations check
	$(BIN)/python -m config.tidy

clean:
	@if [ -z "$$STATE_DIR" ] && [ -x $(BIN)/python ]; then rm -rf "$$($(BIN)/python -m config.env)"; fi
	rm -rf $(VENV) node_modules static/vendor var .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	find locale -name '*.mo' -delete

# The steps of set-up, each done again only when what it is made from has changed.

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; name it with PYTHON=…"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS)

$(STAMPS)/base: requirements/base.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/test: requirements/test.txt $(STAMPS)/base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# npm from the PATH, else from a wheel, which has a lock of its own because it is large and seldom needed.
$(STAMPS)/npm: package-lock.json package.json .npmrc $(STAMPS)/base
	@command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/node.txt
	PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --ignore-scripts --silent
	@touch $@

$(STAMPS)/vendor: config/vendor.py $(STAMPS)/npm
	$(BIN)/python -m config.vendor
	@touch $@

$(STAMPS)/translations: $(shell find locale -name '*.po') config/translations.py $(STAMPS)/base
	$(BIN)/python -m config.translations compile
	@touch $@

$(STAMPS)/static: $(shell find static sandbox/static -type f -not -path 'static/vendor/*') $(STAMPS)/vendor
	SETTING_UP=1 $(BIN)/python manage.py collectstatic --noinput --clear --verbosity 0
	@touch $@

# One stamp per state folder: another folder is another database.
$(STAMPS)/database: $(shell find $(SOURCES) -path '*/migrations/*.py') $(STAMPS)/base
	$(BIN)/python manage.py migrate --verbosity 0
	@touch $@

# The browser tests' browser, where it may be installed; elsewhere those tests are skipped and say so.
chromium:
	@command -v chromium >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing chromium for the browser tests"; \
	    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 \
	      || echo "chromium could not be installed: the browser tests will be skipped"; \
	  else echo "chromium is not installed: the browser tests will be skipped"; fi; }
