# Needs make and Python 3.10 or newer; everything else goes into .venv. `make` alone says what there is to make.

# The newest Python that can make environments; `make PYTHON=/path/to/python3.12 …` takes another one.
CANDIDATES := python3.14 python3.13 python3.12 python3.11 python3.10 python3 python
SUITS := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))
FIND_PYTHON = for name in $(CANDIDATES); do $$name -c '$(SUITS)' >/dev/null 2>&1 && command -v $$name && break; done
# Looked for when it is needed, and once.
PYTHON ?= $(eval PYTHON := $(shell $(FIND_PYTHON)))$(PYTHON)
NO_PYTHON := no Python >= 3.10 that can make environments. On Debian and Ubuntu: apt install python3-venv. \
Elsewhere: install Python, or name one: make PYTHON=/path/to/python3

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
BUILT_FROM := pyproject.toml setup.py $(wildcard pmat_lsp/kernels/*.py)

.DEFAULT_GOAL := help
.PHONY: help demo test test-vscode vsix editors lint lint-lua types layers pytest fuzz sanitize coverage bench bench-odd bench-editor soak format wheel clean

help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/installed ## install into .venv, then show a real leak as an editor would show it
	@$(BIN)/pmat-lsp demo

test: lint types layers pytest ## install what is needed, then run every check and every test

test-vscode: $(VENV)/installed ## check the VS Code extension, in a real VS Code; needs chromium, make, g++ and perl
	editors/vscode/test/run.sh

vsix: ## build the VS Code extension, editors/vscode/pmat.vsix; needs node 22 or newer
	cd editors/vscode && npm install && npm run package

editors: $(VENV)/created ## get Neovim 0.10 and 0.12, Emacs 30 and Helix out of Debian, for the tests; changes nothing outside .venv
	tests/editors/install $(VENV)/editors

lint: $(VENV)/developing ## look for mistakes and untidiness
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-lua: ## look for mistakes and untidiness in the Neovim plugin; needs node and luacheck
	cd editors/nvim && npm install --silent && npm run --silent lint && luacheck --quiet plugin lsp lua

types: $(VENV)/developing ## check the types
	$(BIN)/mypy

layers: $(VENV)/developing ## check that imports go down only
	$(BIN)/lint-imports

pytest: $(VENV)/developing ## run the tests
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

fuzz: $(VENV)/developing ## look for dumps that break the reader or an answer, for FUZZ_SECONDS=1800
	@$(PIP) install 'atheris==3.0.0' || echo "fuzz: no atheris for this Python: dumps are drawn only" >&2
	$(BIN)/python -m tests.fuzz

sanitize: $(VENV)/developing ## run the kernels under AddressSanitizer and UBSan, for SANITIZE_SECONDS=600; needs gcc
	$(BIN)/python -m tests.fuzz.sanitized

COVERED := tests/format tests/kernels tests/fuzz $(addprefix tests/heap/test_,children.py consistent.py contexts.py \
	cut_everywhere.py damage.py distinct.py every_format.py index.py packed.py pieces.py two_passes.py)
# With compiled kernels: plain ones need other memory. Those left out limit what coverage itself needs.
COVERED_TOO := tests/running/test_faults.py $(addprefix tests/heap/test_,cgroups.py memory.py privacy.py scrubbing.py) \
	-k 'not real_group and not limit_on_the_size'

coverage: $(VENV)/developing ## say which lines and branches of the reader, the index and the kernels the tests run
	@$(PIP) install 'coverage>=7.10'
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n 0 -q -p tests.fuzz.plain $(COVERED)
	$(BIN)/python -m coverage run -m pytest -n 0 -q $(COVERED_TOO)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report --skip-covered

bench: $(VENV)/developing ## compare with the reference tool on large dumps; BENCH_ARGS='--sizes 0.2M --rounds 1'
	$(BIN)/python -m tests.benchmarks $(BENCH_ARGS)
	$(BIN)/python -m tests.benchmarks.tiny

bench-odd: $(VENV)/developing ## run commands on heaps of odd shapes, and tell how their time grows; BENCH_ARGS='--part 0.1'
	$(BIN)/python -m tests.benchmarks.odd_heaps $(BENCH_ARGS)

soak: $(VENV)/developing ## replay two hours of an editor while 200 dumps come and go: what grows?
	$(BIN)/python -m tests.benchmarks.soak

bench-editor: $(VENV)/developing ## measure the server: two hours of an editor, questions, and another server beside it
	$(BIN)/python -m tests.benchmarks.replay
	$(BIN)/python -m tests.benchmarks.inside
	$(BIN)/python -m tests.benchmarks.first_marks
	$(BIN)/python -m tests.benchmarks.hovers build/benchmarks/2000000.pmat
	$(BIN)/python -m tests.benchmarks.beside

format: $(VENV)/developing ## tidy the files
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(VENV)/developing ## build dist/*.whl and dist/*.tar.gz
	$(BIN)/python -m build

clean: ## remove everything that was made
	rm -rf editors/vscode/build editors/vscode/dist editors/vscode/dist-test editors/vscode/node_modules
	rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -f pmat_lsp/kernels/*.so pmat_lsp/kernels/*.c

$(VENV)/created:
	@test -n "$(PYTHON)" || { echo "make: $(NO_PYTHON)" >&2; exit 1; }
	@echo "making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/created $(BUILT_FROM)
	@echo "installing pmat-lsp into $(VENV)"
	@$(PIP) install --editable .
	@touch $@

$(VENV)/developing: $(VENV)/created $(BUILT_FROM)
	@echo "installing pmat-lsp and its tools into $(VENV)"
	@$(PIP) install --editable '.[dev]'
	@touch $(VENV)/installed $@
