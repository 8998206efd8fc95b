# make demo | ui | test | test-quick | lint | generated | docs : each makes .venv from the lock first, then does its job.
PYTHON ?= python3
BIN := .venv/bin
# Python keeps what it compiled, also where the environment says otherwise: the tests compile 400 files, and start it often.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo ui test test-quick test-real test-cluster lint generated docs lock sbom fuzz soak locks clean

demo: .venv/installed
	$(BIN)/dmicc demo

ui: .venv/installed
	$(BIN)/dmicc ui

test-quick: .venv/installed
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder dmicc_assets_tests/unit

test: .venv/installed
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder

# Against R's answers on real series, which stand beside the checkout in ../shared and not in it.
test-real: .venv/installed
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder dmicc_assets_tests/real

# Two workers as processes, with Debian's redis-server and postgresql, and moto's server as S3, all on loopback.
test-cluster: .venv-cluster/installed
	OPENBLAS_NUM_THREADS=1 .venv-cluster/bin/python -m pytest -o addopts= -W ignore dmicc_assets_tests/cluster

.venv-cluster/installed: requirements-cluster.lock pyproject.toml
	$(PYTHON) -m venv .venv-cluster
	.venv-cluster/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements-cluster.lock
	.venv-cluster/bin/python -m pip install --quiet "moto[server]" pytest hypothesis hatchling editables
	.venv-cluster/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

lint: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

# What is made from declarations: SQL views and data dictionary, the pages of findings and verdict.
generated: .venv/installed
	$(BIN)/python -m dmicc_assets.warehouse.generate
	$(BIN)/python -m dmicc_assets.checks.page > docs/findings.md
	$(BIN)/python -m dmicc_assets.checks.verdict_page > docs/verdict.md

docs: .venv/installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

# Mutated text for every parser, for SECONDS or until INPUTS were fed; faults are written to fuzz_faults/.
SECONDS ?= 600
INPUTS ?= 1000000
fuzz: .venv/installed
	OPENBLAS_NUM_THREADS=1 POLARS_MAX_THREADS=1 nice -n 19 $(BIN)/python -m tools.fuzz --seconds $(SECONDS) --inputs $(INPUTS) --log fuzz.log

# 200 revisions under SIGKILLs, full disks and server faults, drawn by SEED; logs are in soak_logs/. On a small file system
# (`mount -t tmpfs -o size=1500m tmpfs FOLDER`) disks really get full; elsewhere files cannot grow.
SEED ?= 1
REVISIONS ?= 200
FOLDER ?= soak_home
soak: .venv/installed
	OPENBLAS_NUM_THREADS=1 POLARS_MAX_THREADS=1 nice -n 19 $(BIN)/python -m tools.soak --seed $(SEED) --revisions $(REVISIONS) --folder $(FOLDER)

# Command line, jobs of the UI and daemon on the same studies at the same moment, TIMES times.
TIMES ?= 20
locks: .venv/installed
	OPENBLAS_NUM_THREADS=1 POLARS_MAX_THREADS=1 nice -n 19 $(BIN)/python -m tools.locks --times $(TIMES)

# CycloneDX, of the lock. The audit asks a database on the network: `pip-audit -r requirements.lock --disable-pip`.
sbom: .venv/installed
	$(BIN)/python tools/sbom.py > sbom.json

# Needs uv; the lock names no index.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --extra dev --extra docs --python-version 3.11 \
		--custom-compile-command "make lock" pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --extra cluster --python-version 3.11 \
		--constraints requirements.lock --custom-compile-command "make lock" pyproject.toml -o requirements-cluster.lock

clean:
	rm -rf .venv .venv-cluster dmicc_home site sbom.json
