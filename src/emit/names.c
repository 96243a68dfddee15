/* Names of the model as C identifiers.
 *
 *     θ -> theta      ŷ -> yhat      x₁ -> x1      fc1.W -> fc1_W      for -> for_
 *
 * Letters are decomposed (NFD): a base letter with marks becomes the letter and the marks' names, as one says it. */
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <unistr.h>

#include "emit/writer.h"

typedef struct { uint32_t letter; const char *name; } Letter;

static const Letter letters[] = {
    {0x3b1, "alpha"}, {0x3b2, "beta"}, {0x3b3, "gamma"}, {0x3b4, "delta"}, {0x3b5, "epsilon"}, {0x3b6, "zeta"}, {0x3b7, "eta"},
    {0x3b8, "theta"}, {0x3b9, "iota"}, {0x3ba, "kappa"}, {0x3bb, "lambda"}, {0x3bc, "mu"}, {0xb5, "mu"}, {0x3bd, "nu"}, {0x3be, "xi"},
    {0x3bf, "omicron"}, {0x3c0, "pi"}, {0x3c1, "rho"}, {0x3c2, "sigma"}, {0x3c3, "sigma"}, {0x3c4, "tau"}, {0x3c5, "upsilon"},
    {0x3c6, "phi"}, {0x3d5, "phi"}, {0x3c7, "chi"}, {0x3c8, "psi"}, {0x3c9, "omega"}, {0x3f5, "epsilon"}, {0x3d1, "theta"},
    {0x391, "Alpha"}, {0x392, "Beta"}, {0x393, "Gamma"}, {0x394, "Delta"}, {0x395, "Epsilon"}, {0x396, "Zeta"}, {0x397, "Eta"},
    {0x398, "Theta"}, {0x399, "Iota"}, {0x39a, "Kappa"}, {0x39b, "Lambda"}, {0x39c, "Mu"}, {0x39d, "Nu"}, {0x39e, "Xi"},
    {0x39f, "Omicron"}, {0x3a0, "Pi"}, {0x3a1, "Rho"}, {0x3a3, "Sigma"}, {0x3a4, "Tau"}, {0x3a5, "Upsilon"}, {0x3a6, "Phi"},
    {0x3a7, "Chi"}, {0x3a8, "Psi"}, {0x3a9, "Omega"}, {0x2113, "l"}, {0x2202, "d"}, {0x2207, "nabla"}, {0x131, "i"}, {0x237, "j"},
    {0xdf, "ss"}, {0xe6, "ae"}, {0xf8, "o"}, {0x142, "l"}, {0x153, "oe"},
    {0x300, "grave"}, {0x301, "acute"}, {0x302, "hat"}, {0x303, "tilde"}, {0x304, "bar"}, {0x305, "bar"}, {0x306, "breve"},
    {0x307, "dot"}, {0x308, "ddot"}, {0x30a, "ring"}, {0x30c, "check"}, {0x20d7, "vec"}, {0x2032, "prime"}, {0x327, "cedilla"},
};

/* Keywords of C and C++, and macros of the headers that generated code includes. */
static const char *const reserved[] = {
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch", "char", "class",
    "compl", "concept", "const", "const_cast", "consteval", "constexpr", "constinit", "continue", "co_await", "co_return", "co_yield",
    "decltype", "default", "delete", "do", "double", "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "float",
    "for", "friend", "goto", "if", "inline", "int", "long", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr",
    "operator", "or", "or_eq", "private", "protected", "public", "register", "reinterpret_cast", "requires", "restrict", "return",
    "short", "signed", "sizeof", "static", "static_assert", "static_cast", "struct", "switch", "template", "this", "thread_local",
    "throw", "true", "try", "typedef", "typeid", "typename", "typeof", "union", "unsigned", "using", "virtual", "void", "volatile",
    "wchar_t", "while", "xor", "xor_eq", "_Alignas", "_Alignof", "_Atomic", "_Bool", "_Complex", "_Generic", "_Imaginary", "_Noreturn",
    "_Static_assert", "_Thread_local", "NULL", "INFINITY", "NAN", "HUGE_VAL", "HUGE_VALF", "HUGE_VALL", "EOF", "errno", "offsetof",
    "linux", "unix", "assert", "complex", "I", "FP_NAN", "FP_INFINITE", "FP_ZERO", "FP_NORMAL", "FP_SUBNORMAL", "isnan", "isinf",
    "isfinite", "signbit", "fpclassify", "math_errhandling", "MATH_ERRNO", "DOMAIN", "SING", "OVERFLOW", "UNDERFLOW", "PLOSS", "TLOSS",
    "size_t", "ptrdiff_t", "int32_t", "int64_t", "uint64_t", "uintptr_t", "main",
};

static bool is_reserved(const char *name) {
    for (size_t k = 0; k < sizeof reserved / sizeof *reserved; k++)
        if (strcmp(reserved[k], name) == 0) return true;
    return strncmp(name, "bp_", 3) == 0 || strncmp(name, "BP_", 3) == 0 || strncmp(name, "M_", 2) == 0 || strncmp(name, "__", 2) == 0;
}

static void add_letter(Text *out, uint32_t c) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (plain) {
        text_add(out, "%c", (int)c);
        return;
    }
    if (c == '.') {
        text_add(out, "_");
        return;
    }
    for (size_t k = 0; k < sizeof letters / sizeof *letters; k++)
        if (letters[k].letter == c) {
            text_add(out, "%s", letters[k].name);
            return;
        }
    text_add(out, "u%x", (unsigned)c);
}

const char *c_identifier(Arena *arena, const char *name) {
    Text out = {0};
    size_t n = 0;
    /* compatibility forms make ₁ a 1, decomposition parts letters from their marks */
    uint8_t *plain = u8_normalize(UNINORM_NFKD, (const uint8_t *)name, strlen(name), NULL, &n);
    if (plain && n && plain[0] >= '0' && plain[0] <= '9') text_add(&out, "n");
    for (size_t k = 0; plain && k < n;) {
        ucs4_t c;
        int used = u8_mbtoucr(&c, plain + k, n - k);
        if (used <= 0) break;
        add_letter(&out, c);
        k += (size_t)used;
    }
    if (!out.at || !*out.at) text_add(&out, "name");
    if (is_reserved(out.at)) text_add(&out, "_");
    const char *kept = arena_strndup(arena, out.at, out.n);
    text_free(&out);
    free(plain);
    return kept;
}

const char *upper_case(Arena *arena, const char *name) {
    char *copy = arena_strndup(arena, name, strlen(name));
    for (char *c = copy; *c; c++)
        if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 'a' + 'A');
    return copy;
}

/* Where the names x_2, x_3, … that are taken end is kept under a key of its own. */
static Symbol ends_key(Names *names, Symbol stem) { return name_printf(names, "#%s", stem); }

const char *writer_take_name(Writer *w, const char *wanted) {
    Names *names = w->g->names;
    Symbol stem = name_of(names, c_identifier(w->g->arena, wanted)), name = stem;
    if (map_get(w->names, name)) {
        Symbol key = ends_key(names, stem);
        uintptr_t k = (uintptr_t)map_get(w->names, key);
        if (k < 2) k = 2;
        do name = name_printf(names, "%s_%u", stem, (unsigned)k++);
        while (map_get(w->names, name));
        map_put(w->names, key, (void *)k);
    }
    map_put(w->names, name, (void *)(uintptr_t)name);
    return name;
}

void writer_free_name(Writer *w, const char *wanted, const char *name) {
    Names *names = w->g->names;
    map_put(w->names, name_of(names, name), NULL);
    map_put(w->names, ends_key(names, name_of(names, c_identifier(w->g->arena, wanted))), NULL);
}
