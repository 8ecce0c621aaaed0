# Everything happens in .venv; a fresh machine needs Python 3.11 or later, make and git.
VENV := .venv
BIN := $(VENV)/bin
# Once .venv is there, its own interpreter; `make test PYTHON=python3.13` makes it anew with that one.
PYTHON ?= $(or $(wildcard $(BIN)/python),python3)
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# The vendors' own SDKs, for `make peers-signatures` alone.
PEERS := .venv-peers
# Servers that others wrote, for `make peers-smpp` alone.
SMPP := tests/peers/smpp
# Peers from Debian's packages: unpacked there, installed nowhere.
DEBIAN := tests/peers/debian
# The gateway, for `make peers-jasmin` alone.
JASMIN := tests/peers/jasmin
# Spectral, for `make api-lint` alone.
API_LINT := tests/api_fuzz/npm
# npm's standardwebhooks, for `make webhooks-npm` alone.
WEBHOOKS := tests/webhooks_npm
# For every Python from 3.11 on and every platform.
UPGRADE ?= --upgrade
LOCK = $(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"

# Where this is set, each of the many processes of a test compiles the same 900 modules anew: 2 s of one core.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test end-to-end unit-integration unit laws crowd fuzz model policies failover failover-short \
	faults faults-short faults-can-fail browser api-fuzz api-fuzz-short api-lint webhooks-npm limits limits-short mutants mutants-short without-rules without-names \
	peers peers-short peers-signatures peers-smpp peers-sip peers-kannel peers-jasmin peers-pgbouncer \
	lint format plots bench bench-short concurrent-producers lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(VENV)/dev  ## .venv with all that tests and checks need; the other targets make it themselves

demo: $(VENV)/run  ## the sample cases on the real stack, then the log
	$(BIN)/dispatcher demo

test: end-to-end unit-integration  ## all tests, on servers of their own

end-to-end: $(VENV)/dev  ## of these, the tests of the whole stack
	$(BIN)/python -m pytest tests/end_to_end -n 2 --dist loadfile

unit-integration: $(VENV)/dev  ## of these, the others
	$(BIN)/python -m pytest tests/unit tests/integration -n 3

unit: $(VENV)/dev  ## the tests that need no server
	$(BIN)/python -m pytest tests/unit

laws: $(VENV)/dev  ## the engine's laws on 10,000 random histories
	@seed=$${SEED:-$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}; echo "seed $$seed; make laws SEED=$$seed repeats it"; \
	HYPOTHESIS_PROFILE=laws $(BIN)/python -m pytest tests/unit/test_engine_laws.py --hypothesis-seed=$$seed --timeout=3600

lint: $(VENV)/dev  ## style, types, layers, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev  ## ruff's fixes and layout
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(VENV)/run  ## delivery beside a naive Celery task; a changed policy on 10,000 open cases
	$(BIN)/dispatcher bench deliver
	$(BIN)/dispatcher bench policy --cases 10000

bench-short: $(VENV)/run  ## the same in small, so that it does not rot
	$(BIN)/dispatcher bench deliver --instructions 200 --rounds 1
	$(BIN)/dispatcher bench policy --cases 100

plots: $(VENV)/dev  ## draw the pictures of the docs anew, by the engine itself
	$(BIN)/python tests/unit/calls_by_hour.py

concurrent-producers: $(VENV)/dev  ## eight producers push the same thousand lines in any order
	DISPATCHER_TEST_PRODUCER_LINES=1000 $(BIN)/python -m pytest tests/integration/test_concurrent_producers.py tests/integration/test_api_producers.py --timeout=3600

fuzz: $(VENV)/dev  ## two thousand lines of garbage at each door; FUZZ= for more, SEED=… repeats a run
	@seed=$${SEED:-$$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')}; echo "seed $$seed; make fuzz SEED=$$seed repeats it"; \
	DISPATCHER_TEST_FUZZ=$${FUZZ:-2000} SEED=$$seed $(BIN)/python -m pytest tests/integration/test_fuzz.py --timeout=3600

crowd: concurrent-producers  ## its former name

model: $(VENV)/dev  ## random histories of the whole casework on a real database
	@seed=$${SEED:-$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}; echo "seed $$seed; make model SEED=$$seed repeats it"; \
	DISPATCHER_TEST_MODEL=$${MODEL:-200} $(BIN)/python -m pytest tests/integration/test_model.py --hypothesis-seed=$$seed --timeout=36000

policies: $(VENV)/dev  ## a thousand generated policies, each played in worlds that never answer
	@seed=$${SEED:-$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}; echo "seed $$seed; make policies SEED=$$seed repeats it"; \
	DISPATCHER_TEST_POLICIES=$${POLICIES:-1000} $(BIN)/python -m pytest tests/unit/test_policy_worlds.py --hypothesis-seed=$$seed --timeout=36000

peers: $(VENV)/dev  ## our adapters against what others wrote; versions and what crossed as one table
	$(BIN)/python -m tests.peers

peers-short: $(VENV)/dev $(DEBIAN)/gateways/done $(SMPP)/npm/node_modules  ## those of them that install fast, in a minute
	$(BIN)/python -m tests.peers --short

peers-smpp: $(VENV)/dev $(SMPP)/npm/node_modules $(SMPP)/jasmin/done  ## the smpp adapter against npm's SMSC and Jasmin's bad ones
	$(BIN)/python -m tests.peers.smpp $(SHORT)

peers-sip: $(VENV)/dev $(DEBIAN)/gateways/done  ## the sip adapter through a trunk of kamailio to people of sipp
	$(BIN)/python -m tests.peers.sip $(SHORT)

peers-jasmin: $(VENV)/dev $(DEBIAN)/broker/done $(JASMIN)/venv/done $(SMPP)/jasmin/done $(SMPP)/npm/node_modules  ## the smpp adapter through a Jasmin gateway to npm's SMSC
	$(BIN)/python -m tests.peers.jasmin

peers-kannel: $(VENV)/dev $(DEBIAN)/gateways/done $(SMPP)/npm/node_modules  ## the kannel adapter through a Kannel to npm's SMSC
	$(BIN)/python -m tests.peers.kannel

peers-pgbouncer: $(VENV)/dev $(DEBIAN)/poolers/done  ## a PgBouncer before the database is told apart at every start
	$(BIN)/python -m tests.peers.pgbouncer

faults: $(VENV)/dev  ## break everything that can break under load, 2,000 instructions a drill; SEED=… repeats a run, ROWS=FILE goes on with it
	$(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED)) $(if $(ROWS),--rows $(ROWS))

failover: $(VENV)/dev  ## two gateways, one turns slow, then 500, then refuses with 200; traffic moves and comes back
	$(BIN)/python -m tests.failover

failover-short: $(VENV)/dev  ## one of these faults
	$(BIN)/python -m tests.failover --short

faults-short: $(VENV)/dev  ## one of them in small
	$(BIN)/python -m tests.faults --short $(if $(SEED),--seed $(SEED))

browser: $(VENV)/dev $(DEBIAN)/browser/done  ## the pages in a real headless Chromium; pictures in DISPATCHER_TEST_PICTURES
	$(BIN)/python -m pytest tests/browser

api-fuzz: $(VENV)/dev  ## every check of schemathesis on the API, 2,000 examples an operation; SEED=… repeats a run
	$(BIN)/python -m tests.api_fuzz $(if $(SEED),--seed $(SEED))

api-fuzz-short: $(VENV)/dev  ## the same in small
	$(BIN)/python -m tests.api_fuzz --short

api-lint: $(VENV)/dev $(API_LINT)/node_modules  ## the API's document by Spectral, from npm
	$(BIN)/python -m tests.api_fuzz.document > $(API_LINT)/node_modules/openapi.json
	$(API_LINT)/node_modules/.bin/spectral lint --fail-severity=hint --ruleset $(API_LINT)/spectral.yaml $(API_LINT)/node_modules/openapi.json

webhooks-npm: $(VENV)/dev $(WEBHOOKS)/node_modules  ## webhooks at a receiver that verifies them by npm's standardwebhooks
	$(BIN)/python -m pytest tests/integration/webhooks_npm.py

limits: $(VENV)/dev  ## sixteen workers at once: no limit exceeded at the receiving end, 95 % of each used; 3 minutes
	$(BIN)/python -m tests.limits

limits-short: $(VENV)/dev  ## the same in half a minute, with shorter windows
	$(BIN)/python -m tests.limits --short

faults-can-fail: $(VENV)/dev  ## take safeguards out, one by one; a drill must notice
	$(BIN)/python -m tests.faults.can_fail

mutants: $(VENV)/dev  ## change the engine in every small way; its tests must notice
	$(BIN)/python tests/mutants/run.py

mutants-short: $(VENV)/dev  ## the same for its clock alone, in half a minute
	$(BIN)/python tests/mutants/run.py times.py

without-rules: $(VENV)/dev  ## take the engine's rules out one by one; its tests must notice
	$(BIN)/python tests/mutants/without_rule.py

without-names: $(VENV)/dev  ## take each name of docs/rules.md out; the test beside it must notice
	$(BIN)/python tests/mutants/without_names.py

peers-signatures: $(PEERS)/done  ## our signatures and bodies beside those of the vendors' own SDKs
	$(PEERS)/bin/python -m pytest -s tests/peers/test_signatures.py

lock: $(VENV)/dev  ## newer versions of everything, with hashes and without registry addresses; UPGRADE= keeps what still fits
	$(LOCK) pyproject.toml --group build -o requirements.lock
	$(LOCK) pyproject.toml --group dev -o requirements-dev.lock
	$(LOCK) pyproject.toml --group peers -o requirements-peers.lock
	$(LOCK) $(SMPP)/jasmin.in -o $(SMPP)/jasmin.lock
	$(LOCK) $(JASMIN)/gateway.in -o $(JASMIN)/gateway.lock

clean:  ## remove what these targets have made
	rm -rf $(VENV) $(PEERS) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf $(API_LINT)/node_modules $(WEBHOOKS)/node_modules $(SMPP)/npm/node_modules $(SMPP)/jasmin
	rm -rf $(DEBIAN)/browser $(DEBIAN)/gateways $(DEBIAN)/broker $(DEBIAN)/poolers $(JASMIN)/venv

$(BIN)/python$(VERSION):
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; make PYTHON=python3.12")'
	$(PYTHON) -m venv --clear $(VENV)

# The build backend stands in the lock files too, so that nothing unpinned is fetched.
$(VENV)/run: requirements.lock pyproject.toml $(BIN)/python$(VERSION)
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/dev: requirements-dev.lock $(VENV)/run
	$(PIP) install --require-hashes -r requirements-dev.lock
	touch $@

$(PEERS)/done: requirements-peers.lock pyproject.toml
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements-peers.lock
	$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	touch $@

# Without the registry's addresses in its lock file, npm asks the one it is set up for.
$(API_LINT)/node_modules: $(API_LINT)/package-lock.json
	npm ci --silent --prefix $(API_LINT)
	touch $@

$(WEBHOOKS)/node_modules: $(WEBHOOKS)/package-lock.json
	npm ci --silent --prefix $(WEBHOOKS)
	touch $@

$(SMPP)/npm/node_modules: $(SMPP)/npm/package-lock.json
	npm ci --silent --prefix $(SMPP)/npm
	touch $@

# pip takes an extra that a lock file leaves out for a package that is not pinned; the lock file is whole.
$(JASMIN)/venv/done: $(JASMIN)/gateway.lock
	rm -rf $(JASMIN)/venv && $(PYTHON) -m venv $(JASMIN)/venv
	$(JASMIN)/venv/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes -r $(JASMIN)/gateway.lock
	touch $@

$(DEBIAN)/%/done: $(DEBIAN)/%.txt $(DEBIAN)/install.sh
	$(DEBIAN)/install.sh $*

# Of Jasmin only the SMSC simulator of its own tests is wanted, which the source distribution alone has.
$(SMPP)/jasmin/done: $(SMPP)/jasmin.lock $(SMPP)/jasmin-sdist.lock
	rm -rf $(SMPP)/jasmin && $(PYTHON) -m venv $(SMPP)/jasmin/venv
	$(SMPP)/jasmin/venv/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $(SMPP)/jasmin.lock
	$(PIP) download --no-deps --no-binary :all: --require-hashes -r $(SMPP)/jasmin-sdist.lock -d $(SMPP)/jasmin
	tar -xzf $(SMPP)/jasmin/jasmin-*.tar.gz -C $(SMPP)/jasmin
	touch $@
