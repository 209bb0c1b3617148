# What can be done here: make help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Processes of the test suite. The tests of one file share what they prepare, models of 1 GB among it.
WORKERS ?= 2
# Hostile cases of `make fuzz`, and where they start.
CASES ?= 10000
SEED ?= $(shell date +%s)

# The lock files are complete and hashed: pip resolves nothing, and builds with the pinned setuptools.
# What is installed is compiled in one go, on all cores: pip would use one. Otherwise the first start of
# every command would compile, or each one where Python is told to write no bytecode.
INSTALL := $(BIN)/pip --disable-pip-version-check -qq install --no-deps --no-build-isolation --no-compile
LOCKED := $(INSTALL) --require-hashes -r constraints
COMPILE := $(BIN)/python -m compileall -q -j 0 $(VENV)/lib flows nlp transcripts configs >/dev/null 2>&1 || true

.DEFAULT_GOAL := help
.PHONY: help bench-fleet bench-search bench-speech bench-themes bench-translation chaos demo fleet fuzz hub test lint types lock clean

help: ## say what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.embedded ## run the demo conference through everything, and search it
	@$(BIN)/symposia run configs/demo/conference.yaml --archive demo-archive
	@$(BIN)/python -m flows.demo

hub: $(VENV)/.hub ## install what the profiles standard and quality need

test: lint types ## lint, types and the whole test suite
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

chaos: $(VENV)/.test ## kill, fill, cut and set back at a hundred moments each (over an hour)
	CHAOS_ROUNDS=$(or $(CHAOS_ROUNDS),100) CHAOS_SEED=$(or $(CHAOS_SEED),1) \
		$(BIN)/python -m pytest tests/chaos -n 0 -s -rs $(OPTIONS)

fuzz: $(VENV)/.test ## give every reader of foreign bytes 10,000 hostile cases (an hour; CASES=1000 SEED=7 for others)
	CASES=$(CASES) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile tests/test_fuzz_*.py --hypothesis-profile=fuzz --hypothesis-seed=$(SEED) $(OPTIONS)

bench-speech: $(VENV)/.test ## measure speech against faster-whisper, same audio and weights (over an hour)
	$(BIN)/python -m benchmarks.speech $(OPTIONS)

bench-search: $(VENV)/.test ## measure search: relevance, speed, memory (half an hour; OPTIONS='--sizes 1000000' for a million)
	$(BIN)/python -m benchmarks.search $(OPTIONS)

bench-themes: $(VENV)/.test ## measure themes: cold start, trained, evidence, speed (two minutes)
	$(BIN)/python -m benchmarks.themes $(OPTIONS)

bench-translation: $(VENV)/.test ## measure translation: chrF, quality estimate, glossary, speed (half an hour)
	$(BIN)/python -m benchmarks.translation $(OPTIONS)

fleet: $(VENV)/.test ## workers, clusters, reviews and messages with a real Prefect server (ten minutes)
	SYMPOSIA_FLEET=1 $(BIN)/python -m pytest tests/test_fleet.py

bench-fleet: $(VENV)/.test ## measure what workers bring and what orchestration costs (25 minutes)
	$(BIN)/python -m benchmarks.fleet --spread --overhead $(OPTIONS)

lint: $(VENV)/.test ## ruff: rules and layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test ## mypy, strict
	$(BIN)/mypy

lock: $(VENV)/.embedded ## pin all packages again: make lock OPTIONS=--upgrade for newer ones
	@$(BIN)/pip -qq install uv==0.13.9
	$(BIN)/python constraints/lock.py $(OPTIONS)

clean: ## remove all that make made: the environment, the demo archive, caches
	rm -rf $(VENV) demo-archive demo-site build *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.embedded: pyproject.toml constraints/build.txt constraints/embedded.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("symposia needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...")'
	@echo "Setting up $(VENV) (the first time: a few minutes, and 3 GB of disk) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(LOCKED)/build.txt
	@$(LOCKED)/embedded.txt
	@$(INSTALL) -e .
	@$(COMPILE)
	@touch $@

# The CPU build of torch is taken where pip finds one; the index has only CUDA builds for Linux (4 GB).
$(VENV)/.hub: $(VENV)/.embedded constraints/torch-cpu.txt constraints/torch.txt constraints/hub.txt
	@echo "Adding torch and transformers, which convert models of the hub ..."
	@$(LOCKED)/torch-cpu.txt 2>/dev/null || $(LOCKED)/torch.txt
	@$(LOCKED)/hub.txt
	@$(COMPILE)
	@touch $@

$(VENV)/.test: $(VENV)/.hub constraints/test.txt
	@echo "Adding the test tools ..."
	@$(LOCKED)/test.txt
	@$(COMPILE)
	@touch $@
