# runtime/build.mk - libbp and its tests; included by the Makefile at the top, which gives CC, CFLAGS, LDFLAGS, BUILD.
# Gives: RUNTIME_SRC, RUNTIME_OBJ, RUNTIME_LIBS (what a static link with libbp.a needs besides), the rules for
# $(BUILD)/libbp.a, $(BUILD)/libbp.so, $(BUILD)/test_runtime and check-runtime, and RUNTIME_HEADERS, those to install.

BUILD ?= build
RUNTIME_SRC := $(wildcard runtime/*.c)
RUNTIME_OBJ := $(RUNTIME_SRC:runtime/%.c=$(BUILD)/runtime/%.o)
RUNTIME_HEADERS := $(wildcard runtime/bp*.h)
RUNTIME_TEST_SRC := $(wildcard tests/runtime/*.c)
RUNTIME_TEST_OBJ := $(RUNTIME_TEST_SRC:tests/runtime/%.c=$(BUILD)/tests/runtime/%.o)
# The elementary functions a second time, with fused multiply-adds, which must not cost them their accuracy.
ifneq ($(findstring x86_64,$(shell $(CC) -dumpmachine)),)
RUNTIME_TEST_OBJ += $(BUILD)/tests/runtime/test_math_fused.o
endif

# CBLAS when it is there; the plain fallback is always compiled in as well.
RUNTIME_CBLAS_LIBS := $(shell pkg-config --libs openblas 2>/dev/null)
RUNTIME_CBLAS_FLAGS := $(if $(RUNTIME_CBLAS_LIBS),-DBP_HAVE_CBLAS $(shell pkg-config --cflags openblas 2>/dev/null))
# LAPACK for large factorisations, when its C interface is there too.
RUNTIME_LAPACK_LIBS := $(if $(RUNTIME_CBLAS_LIBS),$(shell pkg-config --libs lapacke 2>/dev/null))
RUNTIME_CBLAS_FLAGS += $(if $(RUNTIME_LAPACK_LIBS),-DBP_HAVE_LAPACKE $(shell pkg-config --cflags lapacke 2>/dev/null))
RUNTIME_LIBS := $(RUNTIME_LAPACK_LIBS) $(RUNTIME_CBLAS_LIBS) -ljansson -lz -lm

# -fno-math-errno, -ftree-vectorize: nothing here asks errno about a square root, and the optimisers' loops gain ninefold.
RUNTIME_CFLAGS = -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wdouble-promotion -Werror -fno-math-errno -ftree-vectorize \
                 -ffp-contract=off -fPIC -MMD -MP \
                 -Iruntime $(RUNTIME_CBLAS_FLAGS) $(if $(CFLAGS),$(CFLAGS),-O2 -g)

$(BUILD)/runtime/%.o: runtime/%.c
	@mkdir -p $(@D)
	$(CC) $(RUNTIME_CFLAGS) -c -o $@ $<

$(BUILD)/tests/runtime/%.o: tests/runtime/%.c
	@mkdir -p $(@D)
	$(CC) $(RUNTIME_CFLAGS) -c -o $@ $<

$(BUILD)/tests/runtime/test_math_fused.o: tests/runtime/test_math.c
	@mkdir -p $(@D)
	$(CC) $(RUNTIME_CFLAGS) -mfma -ffp-contract=fast -DFUSED=1 -c -o $@ $<

$(BUILD)/libbp.a: $(RUNTIME_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/libbp.so: $(RUNTIME_OBJ)
	$(CC) -shared $(CFLAGS) $(LDFLAGS) -Wl,-soname,libbp.so -Wl,--no-as-needed -o $@ $^ $(RUNTIME_LIBS)

$(BUILD)/test_runtime: $(RUNTIME_TEST_OBJ) $(BUILD)/libbp.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(RUNTIME_TEST_OBJ) $(BUILD)/libbp.a $(RUNTIME_LIBS) $(shell pkg-config --libs check) -lmpfr -lgmp

# The tests of libbp alone: values, then what the headers promise to those who copy from them.
check-runtime: $(BUILD)/test_runtime
	$(BUILD)/test_runtime
	python3 tests/runtime/headers.py
.PHONY: check-runtime

-include $(RUNTIME_OBJ:.o=.d) $(RUNTIME_TEST_OBJ:.o=.d)
