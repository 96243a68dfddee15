# bpc: equations in, C out. `make demo` and `make test` install what is missing; `make` alone only builds.
#
#   make            build/bpc, build/libbpc.a, build/libbp.a, build/libbp.so
#   make demo       builds, and trains the digits example
#   make test       builds, and runs every test
#   make install    PREFIX=/usr/local DESTDIR=
#   make asan       the tests under AddressSanitizer and UndefinedBehaviorSanitizer
#   make bless      accepts what the golden tests print now

BUILD ?= build
PREFIX ?= /usr/local
CC ?= cc
AR ?= ar
CFLAGS ?= -O2 -g -DNDEBUG
WARN := -Wall -Wextra -Wpedantic -Werror
DEPENDENCIES := gcc g++ clang make flex bison pkg-config check libsubunit-dev libjansson-dev zlib1g-dev libunistring-dev libmpfr-dev \
                libopenblas-dev cmake valgrind python3

GEN := $(BUILD)/gen
BPC_SRC := $(filter-out src/main.c src/verbs/%,$(wildcard src/*/*.c))
BPC_OBJ := $(BPC_SRC:%.c=$(BUILD)/%.o) $(GEN)/grammar/bp.tab.o $(GEN)/grammar/bp.lex.o
VERB_OBJ := $(patsubst %.c,$(BUILD)/%.o,src/main.c $(wildcard src/verbs/*.c))
# The command needs libc alone at run time: the other libraries are linked in.
STATIC_LIBS := -Wl,-Bstatic -ljansson -lz -lunistring -Wl,-Bdynamic -lm -ldl
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

# libbp's inline functions as lines of text, for bpc --standalone.
$(GEN)/runtime_text.inc: runtime/bp_math.h runtime/bp_random.h
	@mkdir -p $(@D)
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/",/' $^ > $@.tmp && mv $@.tmp $@

$(BPC_OBJ): | $(GEN)/grammar/bp.tab.h $(GEN)/grammar/bp.lex.h
$(BUILD)/src/emit/runtime_text.o: $(GEN)/runtime_text.inc

$(BUILD)/libbpc.a: $(BPC_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/bpc: $(VERB_OBJ) $(BUILD)/libbpc.a $(BUILD)/libbp.a
	$(CC) $(CFLAGS) $(LDFLAGS) -rdynamic -o $@ $(VERB_OBJ) $(BUILD)/libbpc.a $(BUILD)/libbp.a $(STATIC_LIBS)

# From the build folder the package points at the sources.
$(BUILD)/bp.pc: runtime/bp.pc.in
	sed -e 's|@PREFIX@|$(CURDIR)|; s|@INCLUDEDIR@|$(CURDIR)/runtime|; s|@LIBDIR@|$(CURDIR)/$(BUILD)|; s|@VERSION@|0.1.0|; s|@PRIVATE_LIBS@|$(RUNTIME_LIBS)|' $< > $@

clean:
	rm -rf $(BUILD)

-include $(BPC_OBJ:.o=.d) $(VERB_OBJ:.o=.d)
.PHONY: all clean
