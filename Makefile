# Needs python3 >= 3.10 with venv and headers, a C compiler, make, and pip's package index.
#
#   PYTHON=python3.12 make ...          chooses the interpreter of a new environment
#   PYFASTGZ_ZSTD=system make ...       builds against the libzstd that pkg-config knows
#   SANITIZE= make test-c               runs the C tests without sanitizers

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

CORE_SOURCES := $(wildcard csrc/*.c csrc/deflate/*.c csrc/checksum/*.c)
CORE_HEADERS := $(wildcard csrc/*.h csrc/deflate/*.h csrc/checksum/*.h csrc/test/*.h)

.PHONY: help
help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' $(MAKEFILE_LIST) | sort

# ---- Set-up ----

.venv/tools.stamp:
	$(PYTHON) -m venv .venv
	$(PIP) install --upgrade 'pip>=24' 'setuptools>=77' 'cffi>=1.17' wheel
	touch $@

ifeq ($(PYFASTGZ_ZSTD),system)
ZSTD :=
ZSTD_CFLAGS := $(shell pkg-config --cflags libzstd)
ZSTD_LINK := $(shell pkg-config --libs libzstd)
else
ZSTD := build/zstd/pin.txt
ZSTD_CFLAGS := -Ibuild/zstd
ZSTD_LINK := build/ctest/zstd.o
endif

build/zstd/pin.txt: tools/zstd.txt tools/fetch_zstd.py .venv/tools.stamp
	$(BIN)/python tools/fetch_zstd.py
	touch $@

.venv/installed.stamp: pyproject.toml setup.py csrc/ffi_build.py $(CORE_SOURCES) $(CORE_HEADERS) \
                       $(ZSTD) .venv/tools.stamp
	$(PIP) install --no-build-isolation --editable '.[test]'
	touch $@

.PHONY: setup
setup: .venv/installed.stamp  ## make the virtual environment and build the package in it

# ---- What the project is for ----

.PHONY: demo
demo: setup  ## serve a real application, fetch it in every coding, compare, and show a table
	$(BIN)/python -m tools.demo

.PHONY: bench
bench: setup  ## compare speed and ratio with every other encoder, in some minutes
	$(BIN)/python -m bench.pareto --json build/bench/pareto.json --svg build/bench/pareto.svg

.PHONY: bench-streams
bench-streams: setup  ## measure open streams: memory, flushes, threads
	$(BIN)/python -m bench.bench_streams

# ---- Tests ----

.PHONY: test
test: lint  ## check and test everything, the C tests included
	$(BIN)/python -m pytest

.PHONY: lint
lint: setup  ## ruff, mypy, and that the generated tables are up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tools/generate_tables.py --check

SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=all
C_WARNINGS := -std=c11 -Wall -Wextra -Wshadow -Wundef -Wvla -Wstrict-prototypes \
              -Wmissing-prototypes -Werror
C_PROGRAMS := $(patsubst csrc/test/%.c,build/ctest/%,$(wildcard csrc/test/*.c))
C_PROPERTIES := $(filter-out build/ctest/replay,$(C_PROGRAMS))

build/ctest/zstd.o: build/zstd/pin.txt
	mkdir -p build/ctest
	$(CC) -O2 -c build/zstd/zstd.c -o $@

build/ctest/alloc: C_DEFINES := -DFGZ_TEST_ALLOC

build/ctest/%: csrc/test/%.c $(CORE_SOURCES) $(CORE_HEADERS) $(filter %.o,$(ZSTD_LINK))
	mkdir -p build/ctest
	$(CC) -O1 -g $(C_WARNINGS) $(SANITIZE) $(C_DEFINES) -Icsrc $(ZSTD_CFLAGS) \
	    $< $(CORE_SOURCES) $(ZSTD_LINK) -o $@

.PHONY: c-programs
c-programs: $(C_PROGRAMS)  ## build the C tests with the address and undefined-behaviour sanitizers

.PHONY: test-c
test-c: setup c-programs  ## build the C tests and run them
	for program in $(C_PROPERTIES); do echo $$program; $$program || exit 1; done

.PHONY: clean
clean:  ## remove all that was made
	rm -rf .venv build dist *.egg-info pyfastgz/*.so .mypy_cache .pytest_cache .ruff_cache .hypothesis
