# Works on a fresh Debian 12 with python3, make and git. scripts/setup does what is needed, once.

# PYTHON=python3.12 is the interpreter that .venv is made with; ARGS="..." goes to the program that a target starts.
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test check bundle latency bench format lock clean audit sbom load soak proof

help: ## show this list
	@sed -n 's/^\([a-z]*\): ##/  make \1\t/p' $(MAKEFILE_LIST)

run: ## run the demonstration blog
	@scripts/setup run
	@exec .venv/bin/stoppress demo $(ARGS)

test: ## run the tests of the server and of the JavaScript client
	@scripts/setup test
	.venv/bin/pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder $(ARGS)

check: ## lint, formatting and types, Python and JavaScript
	@scripts/setup check
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	cd client_js && npm run --silent check && npm run --silent lint

bundle: ## make the JavaScript client's bundles, which a wheel that is built after it has
	@scripts/setup check
	cd client_js && npm run --silent build

latency: ## measure how long an entry takes from the editor to 100 readers
	@scripts/setup run
	@.venv/bin/python loadtest/latency.py $(ARGS)

load: ## play half a minute of a night with 1,000 readers, and write a report; ARGS="--scenario storm", ARGS=--break
	@scripts/setup load
	@.venv/bin/python -m loadtest.load $(ARGS)

soak: ## whether a server grows under 2,000 readers that come and go: slope and verdict; ARGS="--minutes 30"
	@scripts/setup run
	@.venv/bin/python -m loadtest.soak $(ARGS)

proof: ## a lost network, a crowd or a rolling restart; ARGS="storm --readers 10000", ARGS=overload, ARGS=rolling
	@scripts/setup run
	@.venv/bin/python -m loadtest.proofs $(ARGS)

bench: ## measure a delivery, an idle and a returning reader beside other servers; ARGS="table burst", ARGS=--scale=0.1
	@scripts/setup bench
	@.venv/bin/python -m loadtest.bench $(ARGS)

format: ## format the code and fix what can be fixed
	@scripts/setup check
	.venv/bin/ruff check --fix-only
	.venv/bin/ruff format
	cd client_js && npm run --silent lint -- --fix

lock: ## bring the lock files up to date with pyproject.toml and package.json; ARGS=--upgrade for newest versions
	@scripts/setup check
	@scripts/lock $(ARGS)

audit: ## look for known vulnerabilities in what is locked; fails too if something could not be looked up
	@scripts/setup audit
	@scripts/audit

sbom: ## write what a release contains to dist/*.cdx.json (CycloneDX)
	@scripts/setup audit
	@scripts/sbom

clean: ## remove everything that the other targets made (never a database)
	rm -rf .venv .venv-load client_js/node_modules loadtest/bench/peers/node_modules dist client_js/dist client_js/types htmlcov .coverage .coverage.* test-results
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
