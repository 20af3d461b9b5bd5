# `make demo` and `make test` work in an empty clone: they set up .venv first. `make` alone lists the targets.

BIN := .venv/bin
READY := .venv/.ready
UV := 0.13.9
SRC := src tests $(wildcard bench)
WORKERS ?= 2

.PHONY: help demo test cover fast check format bench lock

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

demo: $(READY) ## three nodes, one act, real input; make demo ARGS=--check verifies it and stops
	@$(BIN)/comity-node demo $(ARGS)

test: $(READY) ## all tests
	@command -v chromium >/dev/null || echo "Chromium is not installed (Debian: chromium): the browser tests are skipped."
	@$(BIN)/python -m pytest -q -n $(WORKERS) $(ARGS)

cover: $(READY) ## all tests, and which lines they reach; takes half as long again
	@$(BIN)/python -m pytest -q -n $(WORKERS) --cov --cov-report=term $(if $(ARGS),$(ARGS),--cov-fail-under=90)

fast: $(READY) ## the tests of the pure packages
	@$(BIN)/python -m pytest -q tests/base tests/formats tests/engines $(ARGS)

check: $(READY) ## everything that needs no running
	$(BIN)/ruff format --check $(SRC)
	$(BIN)/ruff check $(SRC)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --quiet --lint src
	$(BIN)/deptry .
	home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && \
	  COMITY_HOME=$$home $(BIN)/django-admin makemigrations --check --dry-run --settings comity.node.settings
	$(BIN)/comity-node settings --markdown | diff docs/settings.md -

format: $(READY) ## put code into the one format, and write the generated pages
	$(BIN)/ruff format $(SRC)
	$(BIN)/ruff check --fix $(SRC)
	$(BIN)/comity-node settings --markdown > docs/settings.md
	@$(BIN)/python tests/docs/formats.py
	@for each in "comity commands --text" "comity-node commands"; do \
	  marks="<!-- $${each%% *}:" && $(BIN)/$$each > .generated && \
	  sed -i -e "/^$$marks end/r .generated" -e "/^$$marks generated/,/^$$marks end/d" docs/commands.md && \
	  rm .generated || exit 1; done

bench: $(READY) ## every figure of bench/RESULTS.md
	@for each in bench/[a-z]*.py; do $(BIN)/python "$$each" $(ARGS) || exit 1; done

lock: $(READY) ## pin the newest versions of all dependencies, with hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade --extra dev \
	  --no-emit-index-url --custom-compile-command "make lock" pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	  --no-emit-index-url --custom-compile-command "make lock" tests/peers/requirements.in -o tests/peers/requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	  --no-emit-index-url --custom-compile-command "make lock" bench/kit/validator.in -o bench/kit/validator.lock

# The stamp is newer than what it was made from as long as nothing needs to be installed.
$(READY): requirements-dev.lock pyproject.toml
	@python3 -m venv .venv || { echo "Python's venv is missing (Debian: python3-venv)."; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@
