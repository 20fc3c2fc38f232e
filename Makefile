# Needs python3 >= 3.10 with venv and its headers, a C compiler, make, and a package index for pip.
# PYTHON=python3.12 make ... chooses the interpreter.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

CORE_SOURCES := $(wildcard csrc/*.c csrc/*.h csrc/deflate/*.c csrc/deflate/*.h \
                           csrc/checksum/*.c csrc/checksum/*.h) csrc/ffi_build.py

.PHONY: help
help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' $(MAKEFILE_LIST) | sort

# ---- Set-up ----

$(VENV)/tools.stamp:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=24' 'setuptools>=77' 'cffi>=1.17' wheel
	touch $@

build/zstd/pin.txt: tools/zstd.txt tools/fetch_zstd.py $(VENV)/tools.stamp
	$(BIN)/python tools/fetch_zstd.py
	touch $@

$(VENV)/installed.stamp: pyproject.toml setup.py $(CORE_SOURCES) build/zstd/pin.txt
	$(PIP) install --no-build-isolation --editable '.[test]'
	touch $@

.PHONY: setup
setup: $(VENV)/installed.stamp  ## make the virtual environment and build the package in it
