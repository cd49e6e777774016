# `make help` lists the commands. None needs more than Python 3.11 and make; what a command needs, it installs.
.DEFAULT_GOAL := help
.PHONY: help run test bench lint format lock clean

BIN := .venv/bin

export PYTHON WEB_PORT DEMO_PORT DEMO_DNS_PORT VAR_DIR

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

run: ## Run the platform and its demo world on this machine; Ctrl-C stops everything
	@sh scripts/make_venv.sh demo
	@exec $(BIN)/python scripts/run.py

test: ## Install what the tests need and run all of them, as CI does
	@sh scripts/make_venv.sh test
	@sh scripts/install_test_tools.sh
	@exec bash scripts/run_tests.sh

bench: ## Measure the figures of benchmarks/ against their goals
	@sh scripts/make_venv.sh test
	@sh scripts/install_test_tools.sh
	@exec bash scripts/run_benchmarks.sh

lint: ## Check style, types and the direction of imports
	@sh scripts/make_venv.sh test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: ## Bring all code into one shape
	@sh scripts/make_venv.sh test
	$(BIN)/ruff check --fix --select I .
	$(BIN)/ruff format .

lock: ## Resolve requirements/*.in anew into locks with hashes
	@sh scripts/make_venv.sh test
	cd requirements && for set in base demo test; do \
		../$(BIN)/pip-compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
			--strip-extras --allow-unsafe --output-file $$set.txt $$set.in || exit 1; \
	done

clean: ## Remove everything that the other commands made, data included
	rm -rf .venv var staticfiles tests/peers/node_modules .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
