# Two commands: `make demo` shows the main job, `make test` runs every check. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# A venv of its own: cassetter's plugin and pytest-recording's both want the flag --record-mode, so they can't share one.
BENCH := .venv-benchmark

# Another of its own: mutmut needs much that nothing else does.
MUTATION := .venv-mutation

# Another, as atheris is for few systems.
TORTURED := .venv-torture

# Another, for nox, which makes one for each cell.
COMPAT := .venv-compat

# Another, as what turns a recording into a picture is old.
PICTURED := .venv-pictures

# The tests start many processes: compiled modules are kept, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test setup lint types tests benchmark mutation compat redaction-attack torture yardstick docs pictures clean

demo: $(READY)
	@$(BIN)/pytest-interactions demo

test: lint types tests

setup: $(READY)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pytest-interactions needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12 test")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[server,color,report,remote]' --group dev
	@touch $(READY)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: $(READY)
	$(BIN)/mypy

tests: $(READY)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 -p no:cacheprovider
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

benchmark: $(BENCH)/.ready
	$(BENCH)/bin/python -m benchmarks $(QUESTIONS)

$(BENCH)/.ready: pyproject.toml
	@test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[server,report,remote]' --group benchmark
	@touch $@

# From nothing each time, as mutmut keeps what it found also where it is the tests that changed; and each time the same.
mutation: $(MUTATION)/.ready
	rm -rf mutants
	PYTHONHASHSEED=0 $(MUTATION)/bin/mutmut run
	$(MUTATION)/bin/python -m tests.mutation

$(MUTATION)/.ready: pyproject.toml
	@test -x $(MUTATION)/bin/python || $(PYTHON) -m venv $(MUTATION)
	@$(MUTATION)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(MUTATION)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[server,color,report,remote]' --group mutation
	@touch $@

redaction-attack: $(READY)
	$(BIN)/python -m attack --write docs/security.md

# `TORTURE=long` for hours. Named conditions are tried alone, and nothing is written.
torture: $(TORTURED)/.ready
	$(TORTURED)/bin/python -m torture $(if $(filter long,$(TORTURE)),--long) $(or $(CONDITIONS),--write docs/reliability.md)

$(TORTURED)/.ready: pyproject.toml
	@test -x $(TORTURED)/bin/python || $(PYTHON) -m venv $(TORTURED)
	@$(TORTURED)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(TORTURED)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[server,color,report,remote]' --group torture
	@touch $@

# `SUITES=interactions` for the tests of the Interactions API alone; then nothing is written.
yardstick: $(READY)
	$(BIN)/python -m yardstick $(or $(SUITES),--write docs/compatibility.md)

compat: $(COMPAT)/.ready
	$(COMPAT)/bin/nox $(CELLS)

$(COMPAT)/.ready:
	@test -x $(COMPAT)/bin/python || $(PYTHON) -m venv $(COMPAT)
	@$(COMPAT)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(COMPAT)/bin/python -m pip install --quiet --disable-pip-version-check --group compat
	@touch $@

docs: $(READY)
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet -b dirhtml docs docs/_build/site
	@echo "The site: docs/_build/site/index.html"

# The terminal that README.md shows, recorded anew.
pictures: $(PICTURED)/.ready
	$(PICTURED)/bin/python docs/images/terminal.py

$(PICTURED)/.ready: pyproject.toml
	@test -x $(PICTURED)/bin/python || $(PYTHON) -m venv $(PICTURED)
	@$(PICTURED)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(PICTURED)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[server,color]' --group pictures
	@touch $@

clean:
	rm -rf $(VENV) $(BENCH) $(MUTATION) $(TORTURED) $(COMPAT) $(PICTURED) .nox mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
