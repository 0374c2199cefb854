# Each target is one command for a person and for CI. PYTHON may name another interpreter (3.11+).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Processes of `make test`. Each has its own databases.
TEST_PROCESSES ?= 3

# Some images forbid Python to keep what it has compiled, and each of many processes would compile it
# again. Empty means allowed.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help serve pdf redis oidc observability test lint soak fuzz format translations lock bench bench-peers bench-growth desk-figures screenshots audit sbom clean

help: ## show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

serve: $(VENV)/.installed ## install what is needed, migrate, serve on http://127.0.0.1:8000
	@exec $(BIN)/python -m orders serve

pdf: $(VENV)/.installed ## add order sheets as PDF; the system needs pango (docs/order-page.md)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-pdf.txt

redis: $(VENV)/.installed ## add the client of Redis, for RATE_LIMIT_STORAGE
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-redis.txt

oidc: $(VENV)/.installed ## add sign-in with the company's account
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-oidc.txt

observability: $(VENV)/.installed ## add traces and error reports
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-observability.txt

# The linters run beside the tests, and print only what they find.
test: $(VENV)/.installed-dev ## every test, and beside them format, lint, types, architecture
	@( found=$$($(MAKE) --no-print-directory lint 2>&1) || { echo "$$found"; exit 1; } ) & lint=$$!; \
	$(BIN)/python -m pytest -n $(TEST_PROCESSES); tests=$$?; \
	wait $$lint || { echo "The linters found something, see above: make lint"; exit 1; }; \
	exit $$tests

lint: $(VENV)/.installed-dev ## format, lint, types, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: fuzz ## the long forms of the tests: many kills, many rounds, new generated examples
	$(BIN)/python -m pytest -m soak
	ALL_LOOKS=1 $(BIN)/python -m pytest tests/browser
	$(BIN)/python -m pytest tests/domain tests/storage/test_types.py --hypothesis-profile=soak

fuzz: $(VENV)/.installed-dev ## send thousands of generated requests to the served JSON API
	$(BIN)/python -m tests.fuzz

format: $(VENV)/.installed-dev ## format the code and fix what the linter can
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

translations: $(VENV)/.installed-dev ## collect the texts of the pages, and compile what is translated
	$(BIN)/pybabel --quiet extract -F babel.cfg $(KEYWORDS) --no-wrap --add-location=file --sort-by-file --project Shortorder -o translations/messages.pot .
	$(BIN)/pybabel --quiet update --ignore-pot-creation-date --no-fuzzy-matching --ignore-obsolete --no-wrap -i translations/messages.pot -d translations
	$(BIN)/pybabel --quiet compile -d translations

bench: $(VENV)/.installed-dev ## measure creates and reads beside their limits, in one run
	$(BIN)/python -m benchmarks $(BENCH)

bench-peers: $(VENV)/.installed-dev ## install and measure other frameworks beside the product, in one run
	$(BIN)/python -m benchmarks.comparison $(BENCH)

bench-growth: $(VENV)/.installed-dev ## measure lists, search, reads, and creates with more and more orders
	$(BIN)/python -m benchmarks.growth $(BENCH)

desk-figures: $(VENV)/.installed-dev ## do a day's work by keyboard in a browser: keystrokes and times
	$(BIN)/python -m benchmarks.desk_tour $(DESK)

screenshots: $(VENV)/.installed-dev ## take the screenshots of the docs again
	$(BIN)/python docs/take_screenshots.py

lock: $(VENV)/.installed-dev ## lock the versions again after a change in pyproject.toml
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile $(LOCK_OPTIONS) pyproject.toml -o requirements.txt
	for extra in pdf redis oidc observability; do \
		$(BIN)/uv pip compile $(LOCK_OPTIONS) pyproject.toml --extra $$extra -c requirements.txt -o requirements-$$extra.txt || exit 1; \
	done
	$(BIN)/uv pip compile $(LOCK_OPTIONS) pyproject.toml --extra pdf --extra redis --group dev -c requirements.txt -o requirements-dev.txt
	$(BIN)/uv pip compile $(LOCK_OPTIONS) pyproject.toml --group audit -c requirements.txt -o requirements-audit.txt

# All that an installation can have, each extra with what it needs.
LOCKED := requirements.txt requirements-pdf.txt requirements-redis.txt requirements-oidc.txt requirements-observability.txt

audit: $(VENV)/.installed-audit ## look up known vulnerabilities of the locked packages; it needs the network
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --vulnerability-service osv $(LOCKED:%=-r %)

sbom: $(VENV)/.installed-audit ## write the list of all parts to sbom.json (CycloneDX)
	awk '/^[^ #]/ { keep = !seen[$$1]++ } keep' $(LOCKED) | $(BIN)/cyclonedx-py requirements - --pyproject pyproject.toml --output-reproducible -o sbom.json

# How texts are marked: in services (orders/domain/texts.py) and in scripts (static/texts.js).
KEYWORDS := -k lazy_gettext -k lazy_ngettext:1,2 -k tr -k trn:1,2

LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; PYTHON=python3.12 make serve names another one."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "The venv module is missing. On Debian: apt install python3-venv"; exit 1; }

$(VENV)/.installed: requirements.txt | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.installed-audit: requirements-audit.txt $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.txt
	@touch $@

clean: ## remove the environment and the caches, not the data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
