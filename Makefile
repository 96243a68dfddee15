# bpc: equations in, C out. `make demo` and `make test` install what is missing; `make` alone only builds.
#
#   make            build/bpc, build/libbpc.a, build/libbp.a, build/libbp.so
#   make demo       builds, and trains the digits example
#   make test       builds, and runs every test
#   make install    PREFIX=/usr/local DESTDIR=
#   make check      runs every test once, with CC; TESTS="models errors" chooses groups
#   make bench      bpc against PyTorch, C by hand and the machine, into bench/RESULTS.md; MODELS="tiny small" QUICK=1
#   make fuzz       N=100000 random models; make fuzz-parser, fuzz-compiler: whatever the bytes
#   make asan       the tests under AddressSanitizer and UndefinedBehaviorSanitizer
#   make bless      accepts what the golden tests print now

BUILD ?= build
VERSION := 0.1.0
PREFIX ?= /usr/local
CC ?= cc
AR ?= ar
CFLAGS ?= -O2 -g -DNDEBUG
JOBS ?= $(shell nproc 2> /dev/null || echo 1)
WARN := -Wall -Wextra -Wpedantic -Werror
DEPENDENCIES := gcc g++ clang make flex bison pkg-config check libsubunit-dev libjansson-dev zlib1g-dev libunistring-dev libgmp-dev libmpfr-dev \
                libopenblas-dev liblapacke-dev libsuitesparse-dev cmake valgrind tcc python3 python3-numpy \
                gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user

GEN := $(BUILD)/gen
BPC_SRC := $(filter-out src/main.c src/verbs/%,$(wildcard src/*/*.c))
BPC_OBJ := $(BPC_SRC:%.c=$(BUILD)/%.o) $(GEN)/grammar/bp.tab.o $(GEN)/grammar/bp.lex.o
VERB_OBJ := $(patsubst %.c,$(BUILD)/%.o,src/main.c $(wildcard src/verbs/*.c))
# The command needs libc alone at run time: the other libraries are linked in.
STATIC_LIBS := -Wl,-Bstatic -ljansson -lz -lunistring -lgmp -Wl,-Bdynamic -lm -ldl
BPC_CFLAGS = -std=c11 -D_POSIX_C_SOURCE=200809L $(WARN) -MMD -MP -Isrc -Iruntime -I$(GEN) $(CFLAGS)

all: $(BUILD)/bpc $(BUILD)/libbpc.a $(BUILD)/libbp.a $(BUILD)/libbp.so $(BUILD)/bp.pc

include runtime/build.mk

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BPC_CFLAGS) -c -o $@ $<

$(GEN)/grammar/bp.tab.c $(GEN)/grammar/bp.tab.h &: grammar/bp.y
	@mkdir -p $(@D)
	bison -Wall -Werror --defines=$(GEN)/grammar/bp.tab.h -o $(GEN)/grammar/bp.tab.c $<

$(GEN)/grammar/bp.lex.c $(GEN)/grammar/bp.lex.h &: grammar/bp.l $(GEN)/grammar/bp.tab.h
	@mkdir -p $(@D)
	flex --header-file=$(GEN)/grammar/bp.lex.h -o $(GEN)/grammar/bp.lex.c $<

$(GEN)/grammar/%.o: $(GEN)/grammar/%.c
	$(CC) $(BPC_CFLAGS) -c -o $@ $<

as_lines = sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/",/'
# libbp's inline functions as lines of text, for bpc --standalone.
$(GEN)/runtime_text.inc: runtime/bp_math.h runtime/bp_random.h runtime/bp_linalg.h runtime/bp_sparse.h
	@mkdir -p $(@D)
	$(as_lines) $^ > $@.tmp && mv $@.tmp $@
# The matrix product of generated code, in which P_ and R stand for the prefix and the real type.
$(GEN)/%_text.inc: src/emit/%.in
	@mkdir -p $(@D)
	$(as_lines) $^ > $@.tmp && mv $@.tmp $@

$(BPC_OBJ): | $(GEN)/grammar/bp.tab.h $(GEN)/grammar/bp.lex.h
$(BUILD)/src/emit/runtime_text.o: $(GEN)/runtime_text.inc
$(BUILD)/src/emit/product.o: $(GEN)/product_text.inc $(GEN)/product_over_text.inc

$(BUILD)/libbpc.a: $(BPC_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/bpc: $(VERB_OBJ) $(BUILD)/libbpc.a $(BUILD)/libbp.a
	$(CC) $(CFLAGS) $(LDFLAGS) -rdynamic -o $@ $(VERB_OBJ) $(BUILD)/libbpc.a $(BUILD)/libbp.a $(STATIC_LIBS)

# ---- the package: from the build folder it points at the sources, once installed at the prefix -------------------------
package = sed -e 's|@PREFIX@|$(1)|; s|@INCLUDEDIR@|$(2)|; s|@LIBDIR@|$(3)|; s|@VERSION@|$(VERSION)|; s|@PRIVATE_LIBS@|$(RUNTIME_LIBS)|'
$(BUILD)/bp.pc: runtime/bp.pc.in runtime/build.mk
	@mkdir -p $(@D)
	$(call package,$(CURDIR),$(CURDIR)/runtime,$(abspath $(BUILD))) $< > $@
cmake_package = sed -e 's|@CMAKE_TO_PREFIX@|../../..|; s|@CMAKE_INCLUDE@|include|; s|@CMAKE_LIB@|lib|; s|@VERSION@|$(VERSION)|' \
                    -e 's|@CMAKE_PRIVATE_LIBS@|$(subst $(eval ) ,;,$(strip $(RUNTIME_LIBS)))|'

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/lib/cmake/bp \
	           $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/share/bpc/lib
	install -m 755 $(BUILD)/bpc $(DESTDIR)$(PREFIX)/bin/bpc
	install -m 644 $(BUILD)/libbp.a $(BUILD)/libbpc.a $(DESTDIR)$(PREFIX)/lib/
	install -m 755 $(BUILD)/libbp.so $(DESTDIR)$(PREFIX)/lib/
	install -m 644 runtime/bp*.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 lib/*.bp $(DESTDIR)$(PREFIX)/share/bpc/lib/
	$(call package,$(PREFIX),$(PREFIX)/include,$(PREFIX)/lib) runtime/bp.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/bp.pc
	$(cmake_package) runtime/bpConfig.cmake.in > $(DESTDIR)$(PREFIX)/lib/cmake/bp/bpConfig.cmake

# ---- tests ------------------------------------------------------------------------------------------------------------
UNIT_TESTS := $(BUILD)/test_base $(BUILD)/test_eval $(BUILD)/test_ops $(BUILD)/test_graph $(BUILD)/test_chart $(BUILD)/test_cost
$(UNIT_TESTS): LDLIBS = -lunistring -lgmp $(shell pkg-config --libs check) -lm
$(BUILD)/test_base: $(BUILD)/tests/base/test_base.o
$(BUILD)/test_eval: $(BUILD)/tests/eval/test_eval.o
$(BUILD)/test_ops: $(BUILD)/tests/graph/test_ops.o
$(BUILD)/test_graph: $(BUILD)/tests/graph/test_graph.o
$(BUILD)/test_chart: $(BUILD)/tests/chart/test_chart.o
$(BUILD)/test_cost: $(BUILD)/tests/cost/test_cost.o
$(UNIT_TESTS): $(BUILD)/libbpc.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/libbpc.a $(LDLIBS)

# docs/operators.md is made of the operator table; the test docs sees whether it still is.
operators: $(BUILD)/libbpc.a
	$(CC) $(BPC_CFLAGS) -o $(BUILD)/operators docs/operators.c $(BUILD)/libbpc.a -lunistring -lm && $(BUILD)/operators > docs/operators.md

TESTS ?=
.PHONY: built
built: all $(UNIT_TESTS) $(BUILD)/test_runtime
check: built
	BUILD=$(BUILD) CC="$(CC)" tests/run.sh $(TESTS)

# The suite with gcc, the corpus again with clang, then everything that is ours under the sanitizers.
test: dependencies
	$(MAKE) -j$(JOBS) built
	$(MAKE) check
	$(MAKE) -j$(JOBS) built BUILD=build-clang CC=clang
	$(MAKE) check BUILD=build-clang CC=clang TESTS="units models generated numbers"
	$(MAKE) asan

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
asan:
	$(MAKE) -j$(JOBS) built BUILD=build-asan CFLAGS="-O1 -g $(SANITIZE)"
	ASAN_OPTIONS=detect_leaks=0 $(MAKE) check BUILD=build-asan CFLAGS="-O1 -g $(SANITIZE)" TESTS="units errors command"
	ASAN_OPTIONS=detect_leaks=0 BUILD=build-asan CC=tcc tests/run.sh models random # here it is bpc that is looked at, not what cc makes of its C

# Speed, against PyTorch, C by hand and the machine's limits; MODELS are names of bench/models, adbench, sweep.
MODELS ?=
QUICK ?=
RESULTS ?= $(if $(QUICK)$(MODELS),$(BUILD)/bench/RESULTS.md,bench/RESULTS.md)
bench: DEPENDENCIES += python3-torch
bench: dependencies
	$(MAKE) all
	@mkdir -p $(BUILD)/bench
	CC="$(CC)" python3 bench/bench.py --build $(BUILD) --results $(RESULTS) $(if $(QUICK),--quick) $(if $(ROUNDS),--rounds $(ROUNDS)) $(MODELS)

# Random models (N of them), the parser and the whole compiler under libFuzzer (SECONDS each). All run for long.
N ?= 100000
FIRST ?= 1000
fuzz: all
	python3 tests/random/fuzz.py $(BUILD)/bpc $(BUILD)/random $(FIRST) $(N) 2

SECONDS ?= 3600
FUZZ_FLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
fuzz-parser fuzz-compiler: fuzz-%:
	$(MAKE) BUILD=build-fuzzer CC=clang CFLAGS="$(FUZZ_FLAGS)" build-fuzzer/bpc build-fuzzer/tests/fuzz/$*.o
	clang $(FUZZ_FLAGS) -fsanitize=fuzzer -o build-fuzzer/$@ build-fuzzer/tests/fuzz/$*.o build-fuzzer/src/verbs/*.o \
	      build-fuzzer/libbpc.a build-fuzzer/libbp.a $(STATIC_LIBS) $(RUNTIME_LIBS)
	mkdir -p build-fuzzer/$*-corpus
	build-fuzzer/$@ -max_total_time=$(SECONDS) -timeout=20 -rss_limit_mb=2048 -max_len=4096 -close_fd_mask=3 -dict=tests/fuzz/words \
	      -artifact_prefix=build-fuzzer/$*- build-fuzzer/$*-corpus tests/models tests/language tests/errors tests/traps

bless: all
	BUILD=$(BUILD) BLESS=1 tests/run.sh golden errors

demo: dependencies
	$(MAKE) all
	@echo; cat examples/digits/digits.bp; echo
	examples/digits/run.sh
	$(BUILD)/bpc examples/digits/digits.bp -o $(BUILD)/digits.c
	@echo "the C behind it: $(BUILD)/digits.c"

# What is missing is installed; without the right to, the line that does it is printed.
dependencies:
	@missing=$$(for p in $(DEPENDENCIES); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	[ -n "$$missing" ] || exit 0; \
	root=; [ "$$(id -u)" = 0 ] || root=sudo; \
	if [ -z "$$root" ] || sudo -n true 2>/dev/null; then \
	  $$root apt-get update -q && $$root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; \
	else echo "these packages are missing; run:"; echo "  sudo apt-get install" $$missing; exit 1; fi

clean:
	rm -rf $(BUILD) build-clang build-asan build-fuzzer

-include $(BPC_OBJ:.o=.d) $(VERB_OBJ:.o=.d) $(wildcard $(BUILD)/tests/*/*.d)
.PHONY: all install check test bench asan fuzz fuzz-parser fuzz-compiler bless demo dependencies operators clean
