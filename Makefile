# Two commands do everything: `make demo` and `make test`. Each sets up what it needs in .venv.
PYTHON ?= python3
VENV := .venv
# Tests run in as many processes; much of them waits for a game's real time.
WORKERS ?= 2
BIN := $(VENV)/bin

.PHONY: demo test test-windows lint wheel sanitize clean

demo: $(VENV)/.train  ## train on Monza in the simulator (about 13 minutes on 2 cores); ends with a lap, plots and a video
	$(BIN)/python train.py --config configs/demo.yaml

test: $(VENV)/.dev  ## every test
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

test-windows: $(VENV)/.dev  ## the Windows code under Wine, which it sets up (docs/windows.md)
	$(BIN)/python tests/windows/run.py $(OPTIONS)

lint: $(VENV)/.dev  ## format, style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

wheel: $(VENV)/.dev  ## build a wheel, install it in an empty environment and drive from an empty folder
	PYTHON=$(BIN)/python tests/check_wheel.sh

sanitize: $(VENV)/.dev  ## native tests with the address and undefined-behaviour sanitizers
	tests/native/run_sanitized.sh $(BIN)/python

clean:
	rm -rf build dist .pytest_cache .ruff_cache .mypy_cache ac_gym/_core.pyi

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# The extension is rebuilt when its sources change.
NATIVE := $(wildcard native/*.h native/*.py native/*/*.h native/*/*.c native/*/*.cpp native/*/CMakeLists.txt) CMakeLists.txt pyproject.toml constraints.txt ac_gym/channels.py

$(VENV)/.train: $(VENV)/bin/python $(NATIVE)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[train]"
	touch $@

$(VENV)/.dev: $(VENV)/bin/python $(NATIVE)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[train,dev]"
	touch $@
