# What people and CI run. Needs Python 3.11 or later with pip, and make; npm is used where it is on the PATH.
# Every step of the set-up is done again only when what it is made from has changed.

VENV := .venv
BIN := $(VENV)/bin
APPS := access accounting financing dashboard
# The first Python that is new enough; PYTHON=… names another. Looked for only when it is needed.
FIND := for one in "$$PYTHON" python3 python3.14 python3.13 python3.12 python3.11; do \
  "$$one" -Sc 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; one=; done
# The system's pip fills the virtual environment: Debian's Python cannot put a pip of its own into one.
INSTALL = $(FIND); "$$one" -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --root-user-action ignore --require-hashes

STATIC := $(shell find static $(wildcard $(APPS:=/static)) -type f -not -path 'static/vendor/*')
PO := $(wildcard locale/*/LC_MESSAGES/django.po)

.PHONY: setup database run test check bench clean
.DELETE_ON_ERROR:

setup: $(VENV)/packages.stamp static/vendor/.stamp $(PO:.po=.mo) var/static/.stamp database

run: setup
	@exec $(BIN)/python -m config.run

# TESTS="-k words" or a path narrows it down.
test: setup
	@$(BIN)/python -m config.testing $(TESTS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy config $(APPS)
	$(BIN)/djlint --lint --quiet templates sandbox/templates
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m config.translations check
	$(BIN)/python -m config.tidy

# SIZE=1M for a million entries; docs/bench.md says what is measured.
bench: setup
	@$(BIN)/python -m bench $(SIZE)

# Removes what the others made, the state folder at its default place with the demo's data included. A folder that
# STATE_DIR names is its owner's: it is left, and named.
clean:
	@$(FIND); "$$one" -B config/clean.py

$(BIN)/python:
	@$(FIND); if [ -z "$$one" ]; then \
	  echo "Python 3.11 or later was not found: install it, or name it: make PYTHON=/path/to/python3" >&2; exit 1; fi; \
	"$$one" -m pip --version >/dev/null 2>&1 || { echo "$$one has no pip: install it (Debian: python3-pip)" >&2; exit 1; }; \
	echo "making $(VENV) with $$one"; "$$one" -m venv --clear --without-pip $(VENV)

$(VENV)/packages.stamp: requirements/base.txt requirements/test.txt | $(BIN)/python
	@echo "installing Python packages"
	@$(INSTALL) -r requirements/base.txt
	@$(INSTALL) -r requirements/test.txt
	@touch $@

# npm comes from a wheel where the machine has none; its lock is apart because it is large.
node_modules/.stamp: package.json package-lock.json .npmrc requirements/node.txt $(VENV)/packages.stamp
	@echo "installing front-end packages"
	@command -v npm >/dev/null || { $(INSTALL) -r requirements/node.txt; }
	@PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --ignore-scripts --silent
	@touch $@

static/vendor/.stamp: config/vendor.py node_modules/.stamp
	@$(BIN)/python -m config.vendor
	@touch $@

%.mo: %.po config/translations.py $(VENV)/packages.stamp
	@$(BIN)/python -m config.translations compile

# No database is asked for; the addresses only spare starting one.
var/static/.stamp: $(STATIC) static/vendor/.stamp $(VENV)/packages.stamp
	@DATABASE_URL=postgresql://none REDIS_URL=redis://none $(BIN)/python manage.py collectstatic --noinput --verbosity 0
	@touch $@

# The stamp lies in the state folder, because another folder is another database; a database given by its address is
# asked every time.
database: $(VENV)/packages.stamp
	@state="$$($(BIN)/python -Sc 'import runpy; print(runpy.run_path("config/env.py")["state_dir"]())')"; \
	stamp="$$state/migrated.stamp"; \
	if [ -n "$$DATABASE_URL$$DATABASE_URL_FILE" ] || [ ! -f "$$stamp" ] || \
	  [ -n "$$(find requirements/base.txt $(APPS) \( -name base.txt -o -path '*/migrations/*.py' \) -newer "$$stamp")" ]; then \
	  echo "migrating the database"; $(BIN)/python manage.py migrate --verbosity 0 && mkdir -p "$$state" && touch "$$stamp"; fi
