# Works on a fresh Debian 12 with python3, make and git. scripts/setup prepares what a target needs, once.

# PYTHON=python3.12 creates .venv with another interpreter. ARGS="..." passes arguments to the program of a target.
ARGS ?=

# The environment of these targets. A .venv that something else has made stays as it is.
export VENV := $(if $(and $(wildcard .venv),$(if $(wildcard .venv/.stamps),,other)),.venv-make,.venv)

.DEFAULT_GOAL := help
.PHONY: help run test release quick lowest check bundle latency bench format docs lock clean audit sbom load soak proof chaos

help: ## show this list
	@sed -n 's/^\([a-z]*\): ##/  make \1\t/p' $(MAKEFILE_LIST)

run: ## run the demo blog
	@scripts/setup run
	@exec $(VENV)/bin/stoppress demo $(ARGS)

test: ## run the tests of the server and of the JavaScript client
	@scripts/setup test
	$(VENV)/bin/pytest --numprocesses=3 --dist=loadfile --no-loadscope-reorder -m "not release" $(ARGS)

release: ## run the tests that need minutes: the image, the npm package, the audit, and made-up requests to the API
	@scripts/setup test
	@scripts/setup audit
	$(VENV)/bin/pytest --numprocesses=2 --dist=loadfile -m release $(ARGS)

QUICK = tests/live tests/newsroom tests/store tests/sync tests/telemetry tests/wire tests/test_*.py

quick: ## run the tests that need neither a browser nor a proxy, in about a minute
	@scripts/setup test
	$(VENV)/bin/pytest --numprocesses=3 --dist=loadfile -m "not release" $(QUICK) $(ARGS)

lowest: ## run the tests of `quick` with the lowest versions that pyproject.toml allows
	@VENV=.venv-lowest scripts/setup lowest
	.venv-lowest/bin/pytest --numprocesses=3 --dist=loadfile -m "not release" $(QUICK) $(ARGS)

check: ## check the lint rules, format and types of Python and JavaScript
	@scripts/setup check
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	cd client_js && npm run --silent check && npm run --silent lint

bundle: ## bundle the JavaScript client; wheels that you build afterwards contain the bundles
	@scripts/setup check
	cd client_js && npm run --silent build

latency: ## measure the time from an editor to 100 readers
	@scripts/setup run
	@$(VENV)/bin/python -m loadtest.latency $(ARGS)

load: ## run a 30-second load test with 1,000 readers and write a report; ARGS="--scenario storm", ARGS=--break
	@scripts/setup load
	@$(VENV)/bin/python -m loadtest.load $(ARGS)

soak: ## check whether a server grows while 2,000 readers come and go; ARGS="--minutes 30"
	@scripts/setup run
	@$(VENV)/bin/python -m loadtest.soak $(ARGS)

proof: ## check a promise under load; ARGS=storm (a lost network), ARGS=overload, ARGS=rolling (restarts), ARGS=many-blogs, ARGS=takedown, ARGS=private, ARGS=writing, ARGS=editors
	@scripts/setup run
	@$(VENV)/bin/python -m loadtest.proofs $(ARGS)

chaos: ## play every fault fifteen times and check the promises; ARGS="--faults flushall --runs 3", ARGS=--planted, ARGS=--soak
	@scripts/setup chaos
	@$(VENV)/bin/python -m loadtest.chaos $(ARGS)

bench: ## compare the cost of readers with other servers; ARGS="table burst", ARGS=--scale=0.1
	@scripts/setup bench
	@$(VENV)/bin/python -m loadtest.bench $(ARGS)

format: ## format the code and fix what the linters can fix
	@scripts/setup check
	$(VENV)/bin/ruff check --fix-only
	$(VENV)/bin/ruff format
	cd client_js && npm run --silent lint -- --fix

docs: ## update the tables of settings in README.md and docs/
	@scripts/setup run
	@$(VENV)/bin/python scripts/settings_docs.py

lock: ## update the lock files from pyproject.toml and package.json; ARGS=--upgrade for the newest versions
	@scripts/setup check
	@scripts/lock $(ARGS)

audit: ## check all locked packages for known vulnerabilities; fails if it cannot look one up
	@scripts/setup audit
	@scripts/audit

sbom: ## write the bills of materials of a release to dist/*.cdx.json (CycloneDX)
	@scripts/setup audit
	@scripts/sbom

clean: ## remove everything that the other targets created, but no database
	rm -rf $(VENV) .venv-load .venv-lowest client_js/node_modules loadtest/bench/peers/node_modules dist client_js/dist client_js/types htmlcov .coverage .coverage.* test-results
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
