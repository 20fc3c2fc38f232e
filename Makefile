# Needs python3 >= 3.10 with venv and headers, a C compiler, make, and pip's package index.
#
#   PYTHON=python3.12 make ...          chooses the interpreter of a new environment
#   PYFASTGZ_ZSTD=system make ...       builds against the libzstd that pkg-config knows
#   SANITIZE= make test-c               runs the C tests without sanitizers
#   FUZZ_SECONDS=60 make fuzz           fuzzes each target for a minute

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

CORE_SOURCES := $(wildcard csrc/*.c csrc/deflate/*.c csrc/checksum/*.c csrc/entropy/*.c csrc/parse/*.c csrc/zstd/*.c)
CORE_HEADERS := $(wildcard csrc/*.h csrc/deflate/*.h csrc/checksum/*.h csrc/entropy/*.h csrc/parse/*.h csrc/zstd/*.h)
PYTHON_SOURCES := $(wildcard csrc/python/*.[ch])
TEST_HEADERS := $(wildcard csrc/test/*.h csrc/test/fuzz/*.h)
C_FILES := $(CORE_SOURCES) $(CORE_HEADERS) $(PYTHON_SOURCES) $(TEST_HEADERS) \
           $(wildcard csrc/test/*.c csrc/test/fuzz/*.c)

.PHONY: help
help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' $(MAKEFILE_LIST) | sort

# ---- Set-up ----

# A file that says how things are made, and is written when that changes: what was made with
# another compiler, other flags or another libzstd is then made anew. Several makes may do so at
# once.
define remember
@mkdir -p $(@D)
@new=$@.$$$$; printf '%s\n' '$(subst ','\'',$(1))' >$$new; \
    if cmp -s $$new $@; then rm $$new; else mv $$new $@; fi
endef

.PHONY: FORCE
FORCE:

.venv/tools.stamp:
	$(PYTHON) -m venv .venv
	$(PIP) install --upgrade 'pip>=25.1' 'setuptools>=77' 'cffi>=1.17' wheel
	touch $@

ifeq ($(PYFASTGZ_ZSTD),system)
ZSTD :=
ZSTD_CFLAGS := $(shell pkg-config --cflags libzstd)
ZSTD_LINK := $(shell pkg-config --libs libzstd)
else
ZSTD := build/zstd/zstd.c
ZSTD_CFLAGS := -Ibuild/zstd -DFGZ_ZSTD_COMPILED_IN=1
ZSTD_LINK = $(CTEST)/zstd.o
endif

build/zstd/zstd.c: tools/zstd.txt .venv/tools.stamp
	$(BIN)/python tools/fetch_zstd.py
	touch $@

.venv/how.txt: FORCE | .venv/tools.stamp
	$(call remember,$(PYFASTGZ_ZSTD) $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS))

.venv/built.stamp: pyproject.toml setup.py csrc/ffi_build.py $(CORE_SOURCES) $(CORE_HEADERS) \
                   $(PYTHON_SOURCES) $(ZSTD) .venv/tools.stamp .venv/how.txt
	$(PIP) install --no-build-isolation --editable '.[flask]'
	touch $@

# A group of dependencies of pyproject.toml; one after the other, with `make -j`, too.
.venv/%.group: pyproject.toml .venv/tools.stamp | .venv/built.stamp
	$(PIP) install --group $*
	touch $@

.venv/coverage.group .venv/docs.group .venv/foreign.group: | .venv/test.group
.venv/wheels.group: | .venv/foreign.group

.PHONY: setup
setup: .venv/built.stamp .venv/test.group  ## make the virtual environment and build the package in it

# ---- What the project is for ----

# Where pytest-benchmark keeps the figures of every run.
BENCHMARK_STORAGE := build/benchmarks

.PHONY: demo
demo: .venv/built.stamp .venv/demo.group  ## serve a real application, fetch it in every coding and with dictionaries, compare
	$(BIN)/python -m tools.demo

.PHONY: bench
bench: setup  ## run the benchmarks in half an hour; write bench/REPORT.md and README's ratios
	$(BIN)/python -m bench run --out bench
	$(BIN)/python -m bench report
	$(BIN)/python -m pytest tests/bench/benchmark_hook.py --benchmark-storage=$(BENCHMARK_STORAGE) --benchmark-autosave \
	    --benchmark-max-time=0.3 --benchmark-columns=median,min,rounds

.PHONY: bench-quick
bench-quick: setup  ## run the benchmarks in six minutes; write build/bench/REPORT.md
	$(BIN)/python -m bench run --quick

BASE ?= HEAD~1
.PHONY: bench-check
bench-check: setup  ## fail if HEAD is over 5 % slower than the commit BASE (HEAD~1) anywhere
	$(BIN)/python -m bench regress $(BASE)

.PHONY: bench-compare
bench-compare: setup  ## show what runs of make bench kept, side by side
	$(BIN)/pytest-benchmark --storage=$(BENCHMARK_STORAGE) compare --columns=median,min --group-by=fullname

.PHONY: bench-streams
bench-streams: setup  ## measure open streams: memory, flushes, threads
	$(BIN)/python -m bench streams

.PHONY: bench-hook
bench-hook: setup  ## measure what the hook adds to a request, beside Flask-Compress
	$(BIN)/python -m bench hook --json build/bench/results.json

.PHONY: bench-server
bench-server: setup  ## measure what a request takes of a worker of gunicorn, and requests a second (with wrk)
	$(BIN)/python -m bench server --json build/bench/results.json

.PHONY: bench-doors
bench-doors: setup  ## measure what middleware adds to a response, beside that of Starlette, Django and others
	$(BIN)/python -m bench doors --json build/bench/results.json
	$(BIN)/python -m bench doors-server --json build/bench/results.json
	$(BIN)/python -m bench doors-latency --json build/bench/results.json

.PHONY: bench-budget
bench-budget: setup  ## measure what a CPU budget does for a server that is asked for too much (with wrk)
	$(BIN)/python -m bench budget --json build/bench/results.json

.PHONY: bench-static
bench-static: setup  ## measure what codes files ahead of time, beside whitenoise and servestatic
	$(BIN)/python -m bench static --json build/bench/results.json

.PHONY: bench-memory
bench-memory: setup  ## measure the memory that 100,000 different bodies leave behind
	$(BIN)/python -m bench memory --json build/bench/results.json

# ---- Tests ----

PYTEST := $(BIN)/python -m pytest
CORE_TESTS := tests/coding tests/fuzz
DOORS_TESTS := tests/doors tests/http tests/store
E2E_TESTS := tests/e2e
TEST_PARTS := test-core test-e2e test-rest test-doors

.PHONY: $(TEST_PARTS)
.PHONY: test
test: lint $(TEST_PARTS)  ## check and test everything, the C tests included; with -j2 two parts at a time

# Each part is one process, and takes some minutes. With -j make begins with the first whose needs
# are met, so all need the same; what the first one needs of the C programs it makes itself.
test-core: setup
	$(PYTEST) $(CORE_TESTS)

test-doors: setup
	$(PYTEST) $(DOORS_TESTS)

# Clients that wait for what servers send.
test-e2e: setup
	$(PYTEST) $(E2E_TESTS)

test-rest: setup
	$(PYTEST) $(addprefix --ignore=,$(CORE_TESTS) $(DOORS_TESTS) $(E2E_TESTS))

.PHONY: lint
lint: setup  ## check style, spelling and types, and that what scripts generate is up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/python tools/generate_stub.py --check
	$(BIN)/python tools/generate_tables.py --check
	$(BIN)/python csrc/test/fuzz/make_corpus.py --check

# The wheel, which is built with the newest cffi, beside the oldest of what it depends on.
LOWEST := build/lowest

$(LOWEST)/tools.stamp: pyproject.toml tools/lowest_requirements.py .venv/test.group
	rm -rf $(LOWEST)
	$(BIN)/python -m venv $(LOWEST)
	$(BIN)/python -m tools.lowest_requirements >$(LOWEST)/requirements.txt
	$(LOWEST)/bin/python -m pip --disable-pip-version-check --quiet install \
	    --requirement $(LOWEST)/requirements.txt
	touch $@

.PHONY: test-lowest
test-lowest: setup $(LOWEST)/tools.stamp  ## test with the oldest versions of what is needed: CPython 3.10 or 3.11
	rm -f $(LOWEST)/*.whl
	$(PIP) wheel --no-build-isolation --no-deps --wheel-dir $(LOWEST) .
	$(LOWEST)/bin/python -m pip --disable-pip-version-check --quiet install \
	    --no-deps --force-reinstall $(LOWEST)/*.whl
	$(LOWEST)/bin/python -m pip --disable-pip-version-check check
	$(LOWEST)/bin/pytest --override-ini="pythonpath=tests/coding tests/doors tests/http" tests/http tests/doors tests/store tests/coding \
	    --ignore=tests/coding/test_c_programs.py

# The module built with gcc's sanitizers, libzstd in it too, beside the Python of the checkout, of
# which some tests need the tools. What Python allocates comes from malloc, so that each body has an
# end of its own. Leaks are not looked for, because Python itself frees little at its end: the C
# tests look for them. What is freed stays with the sanitizer for a while, so the one test of the
# process's memory is left out.
ASAN := build/asan
ASAN_CC ?= gcc
ASAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ASAN_TESTS ?= tests/coding tests/doors
ASAN_ENVIRONMENT = PYTHONPATH=$(CURDIR)/$(ASAN)/site:$(CURDIR) PYTHONSAFEPATH=1 PYTHONMALLOC=malloc \
    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
    LD_PRELOAD="$$($(ASAN_CC) -print-file-name=libasan.so) $$($(ASAN_CC) -print-file-name=libstdc++.so)"

$(ASAN)/how.txt: FORCE
	$(call remember,$(PYFASTGZ_ZSTD) $(ASAN_CC) $(ASAN_FLAGS))

$(ASAN)/built.stamp: pyproject.toml setup.py csrc/ffi_build.py $(CORE_SOURCES) $(CORE_HEADERS) \
                     $(PYTHON_SOURCES) $(ZSTD) $(ASAN)/how.txt | .venv/built.stamp
	rm -rf $(ASAN)/wheel
	CC=$(ASAN_CC) CFLAGS='$(ASAN_FLAGS)' LDFLAGS='$(ASAN_FLAGS)' \
	    $(PIP) wheel --no-build-isolation --no-deps --wheel-dir $(ASAN)/wheel .
	$(PIP) install --no-deps --target $(ASAN)/wheel $(ASAN)/wheel/*.whl
	touch $@

.PHONY: test-asan
test-asan: setup $(ASAN)/built.stamp  ## run the Python tests with the address sanitizer of gcc, ASAN_TESTS of them
	rm -rf $(ASAN)/site
	mkdir $(ASAN)/site
	cp -R pyfastgz $(ASAN)/site
	cp $(ASAN)/wheel/pyfastgz/_core.*so $(ASAN)/site/pyfastgz
	! $(ASAN_ENVIRONMENT) $(BIN)/python tools/overrun.py 2>$(ASAN)/overrun.txt
	grep --quiet AddressSanitizer: $(ASAN)/overrun.txt
	$(ASAN_ENVIRONMENT) $(BIN)/pytest --override-ini="pythonpath=tests/coding tests/doors tests/http" $(ASAN_TESTS) \
	    --ignore=tests/coding/test_c_programs.py -k 'not has_is_freed'

SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=all
C_OPTIMISATION := -O1 -g
C_WARNINGS := -std=c11 -Wall -Wextra -Wshadow -Wundef -Wvla -Wstrict-prototypes \
              -Wmissing-prototypes -Werror

# Where the C tests are built, and what runs them: other builds set these.
CTEST := build/ctest
EMULATOR :=

FUZZ_TARGETS := roundtrip stream bound sequences dictionary decoder
C_PROPERTIES := $(patsubst csrc/test/%.c,$(CTEST)/%,$(wildcard csrc/test/*.c))
C_REPLAYS := $(FUZZ_TARGETS:%=$(CTEST)/fuzz/%)

C_COMPILE = $(CC) $(C_OPTIMISATION) $(C_WARNINGS) $(SANITIZE) -Icsrc $(ZSTD_CFLAGS)
CORE_OBJECTS := $(CORE_SOURCES:csrc/%.c=$(CTEST)/core/%.o)

.SECONDARY: $(CORE_OBJECTS)

$(CTEST)/how.txt build/fuzz/how.txt: FORCE
	$(call remember,$(C_COMPILE) $(ZSTD_LINK))

# Whatever is compiled with libzstd is compiled with the pinned one.
.PHONY: CHECK_ZSTD
CHECK_ZSTD: $(ZSTD)
	@$(if $(ZSTD),$(BIN)/python -m tools.zstd_pin)

$(CTEST)/zstd.o: build/zstd/zstd.c $(CTEST)/how.txt | CHECK_ZSTD
	@mkdir -p $(@D)
	$(CC) -O2 -c build/zstd/zstd.c -o $@

$(CTEST)/core/%.o: csrc/%.c $(CORE_HEADERS) $(ZSTD) $(CTEST)/how.txt | CHECK_ZSTD
	@mkdir -p $(@D)
	$(C_COMPILE) -c $< -o $@

$(CTEST)/%: csrc/test/%.c $(CORE_OBJECTS) $(CORE_HEADERS) $(TEST_HEADERS) $(filter %.o,$(ZSTD_LINK)) \
            $(CTEST)/how.txt
	@mkdir -p $(@D)
	$(C_COMPILE) $(filter %.c,$^) $(CORE_OBJECTS) $(ZSTD_LINK) -o $@

# All of the core has to know that this one refuses memory.
$(CTEST)/alloc: csrc/test/alloc.c $(CORE_SOURCES) $(CORE_HEADERS) $(TEST_HEADERS) \
                $(filter %.o,$(ZSTD_LINK)) $(CTEST)/how.txt
	@mkdir -p $(@D)
	$(C_COMPILE) -DFGZ_TEST_ALLOC $(filter %.c,$^) $(ZSTD_LINK) -o $@

# And that this one counts its work.
$(CTEST)/work: csrc/test/work.c $(CORE_SOURCES) $(CORE_HEADERS) $(TEST_HEADERS) \
               $(filter %.o,$(ZSTD_LINK)) $(CTEST)/how.txt
	@mkdir -p $(@D)
	$(C_COMPILE) -DFGZ_TEST_WORK $(filter %.c,$^) $(ZSTD_LINK) -o $@

$(C_REPLAYS): csrc/test/fuzz/replay.c

.PHONY: c-programs
c-programs: $(C_PROPERTIES) $(C_REPLAYS)  ## build the C tests, with sanitizers

RUN_PROPERTIES := $(C_PROPERTIES:%=run/%)
RUN_REPLAYS := $(C_REPLAYS:%=run/%)

.PHONY: run-c-programs $(RUN_PROPERTIES) $(RUN_REPLAYS)
run-c-programs: $(RUN_PROPERTIES) $(RUN_REPLAYS)  ## run the C tests, and build them before

$(RUN_PROPERTIES): run/%: %
	$(EMULATOR) $< >$<.out

# A replay gets its part of the corpus, and some more inputs made up at random.
$(RUN_REPLAYS): run/%: %
	$(EMULATOR) $< -n 100 csrc/test/fuzz/corpus/$(@F)/*

.PHONY: test-c
test-c: setup run-c-programs  ## build the C tests and run them

.PHONY: test-portable
test-portable: setup build/ctest/digest  ## run the C tests in standard C alone, as other compilers have it
	$(MAKE) --no-print-directory run-c-programs CTEST=build/portable SANITIZE= \
	    C_OPTIMISATION='-O2 -DFGZ_PORTABLE'
	build/ctest/digest | diff - build/portable/digest.out

# ---- Fuzzing: clang with libFuzzer ----

CLANG ?= clang
FUZZ_SECONDS ?= 1800

.PHONY: fuzz-compiler
fuzz-compiler:  ## tell whether there is a compiler for fuzzing
	@command -v $(CLANG) >/dev/null || \
	    { echo '$(CLANG) not found: install the Debian package clang'; exit 1; }
	@mkdir -p build/fuzz
	@echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	    $(CLANG) -x c -fsanitize=fuzzer,address,undefined - -o build/fuzz/probe 2>/dev/null || \
	    { echo "$(CLANG) has no libFuzzer: install the Debian package" \
	           "libclang-rt-$$($(CLANG) -dumpversion | cut -d. -f1)-dev"; exit 1; }

# Comparisons are not traced: there is no magic number to guess, and it takes three quarters of
# the time.
build/fuzz/%: CC := $(CLANG)
build/fuzz/%: C_OPTIMISATION := -O2 -g
build/fuzz/%: csrc/test/fuzz/%.c $(CORE_SOURCES) $(CORE_HEADERS) $(TEST_HEADERS) \
              $(filter %.o,$(ZSTD_LINK)) build/fuzz/how.txt | fuzz-compiler
	$(C_COMPILE) -fsanitize=fuzzer -fno-sanitize-coverage=trace-cmp $(filter %.c,$^) \
	    $(ZSTD_LINK) -o $@

# What libFuzzer finds worth keeping goes to build/fuzz/corpus, what fails to build/fuzz/found.
.PHONY: fuzz
fuzz: setup $(FUZZ_TARGETS:%=build/fuzz/%)  ## run each fuzz target for FUZZ_SECONDS (1800)
	mkdir -p build/fuzz/found $(FUZZ_TARGETS:%=build/fuzz/corpus/%)
	for target in $(FUZZ_TARGETS); do \
	    build/fuzz/$$target -max_total_time=$(FUZZ_SECONDS) -timeout=60 -print_final_stats=1 \
	        -artifact_prefix=build/fuzz/found/$$target- \
	        build/fuzz/corpus/$$target csrc/test/fuzz/corpus/$$target || exit 1; \
	done

# ---- Other processors: cross-compiled with zig, run by QEMU's user mode emulation ----

# The second is big-endian.
FOREIGN := aarch64 s390x
FOREIGN_CC = $(BIN)/python -m ziglang cc -target $*-linux-musl

.PHONY: test-foreign $(FOREIGN:%=test-foreign-%)
test-foreign: $(FOREIGN:%=test-foreign-%)  ## run the C tests for aarch64 and s390x, and compare the output

$(FOREIGN:%=test-foreign-%): test-foreign-%: setup .venv/foreign.group build/ctest/digest
	emulator=$$($(BIN)/python tools/fetch_qemu.py $*) && \
	ZIG_GLOBAL_CACHE_DIR=$(CURDIR)/build/zig ZIG_LOCAL_CACHE_DIR=$(CURDIR)/build/zig \
	PYFASTGZ_ZSTD=fetched \
	$(MAKE) --no-print-directory run-c-programs CTEST=build/foreign/$* CC='$(FOREIGN_CC)' \
	    SANITIZE= C_OPTIMISATION='-O2 -static' EMULATOR=$$emulator
	build/ctest/digest | diff - build/foreign/$*/digest.out
	@echo 'all tests pass on $*, and the bytes are the same'

# ---- Wheels, and the compilers of other systems ----

COMPILED := x86_64-windows-gnu aarch64-windows-gnu x86_64-macos aarch64-macos

.PHONY: core-objects
core-objects: $(CORE_OBJECTS)  ## compile the core, with nothing to link

.PHONY: compile-foreign $(COMPILED:%=compile-foreign-%)
compile-foreign: $(COMPILED:%=compile-foreign-%)  ## compile the core for Windows and macOS without warnings

$(COMPILED:%=compile-foreign-%): compile-foreign-%: setup .venv/foreign.group
	ZIG_GLOBAL_CACHE_DIR=$(CURDIR)/build/zig ZIG_LOCAL_CACHE_DIR=$(CURDIR)/build/zig \
	PYFASTGZ_ZSTD=fetched \
	$(MAKE) --no-print-directory core-objects CTEST=build/foreign/$* SANITIZE= C_OPTIMISATION=-O3 \
	    CC='$(BIN)/python -m ziglang cc -target $*'

.PHONY: wheels
wheels: setup .venv/wheels.group  ## build, check and test the wheels that this machine can, in 10 minutes
	$(BIN)/python -m tools.wheels

# ---- Documentation ----

.PHONY: docs
docs: setup .venv/docs.group  ## make the documentation in build/docs, and run its examples
	$(BIN)/sphinx-build -W --keep-going --quiet -b html docs build/docs
	$(BIN)/sphinx-build -W --keep-going --quiet -b doctest docs build/doctest

# ---- Coverage: gcc and gcovr ----

# Lines that are run more than 2^32 times are no fault of gcov's.
.PHONY: coverage
coverage: setup .venv/coverage.group  ## how much of the core the C tests run: 98 % of the lines or more
	rm -rf build/coverage
	$(MAKE) --no-print-directory run-c-programs CTEST=build/coverage CC=gcc \
	    SANITIZE=--coverage C_OPTIMISATION=-O0
	$(BIN)/gcovr --root . --gcov-suspicious-hits-threshold 0 --filter csrc/deflate/ --filter csrc/checksum/ --filter csrc/entropy/ --filter csrc/parse/ --filter csrc/zstd/ --filter 'csrc/[a-z_]*\.c' \
	    --fail-under-line 98 --txt-metric line build/coverage

.PHONY: clean
clean:  ## remove all that was made
	rm -rf .venv build dist *.egg-info pyfastgz/*.so .mypy_cache .pytest_cache .ruff_cache .hypothesis
