/* Prints docs/operators.md from the operator table: cc -Isrc docs/operators.c && ./a.out > docs/operators.md
 * (tests/run/docs.sh does, and compares). */
#include <stdio.h>
#include <string.h>

typedef struct {
    const char *name;
    int arity;
    const char *rule, *value, *partial[3], *singular;
} Row;

static const Row rows[] = {
#define OP(name, n, rule, value, da, db, dc, flops, latex, from, to, singular) {#name, n, #rule, #value, {#da, #db, #dc}, singular},
#include "graph/ops.def"
};

/* `|` ends a cell of a table. */
static void cell(const char *text) {
    printf(" | ");
    for (const char *at = text; *at; at++) printf(*at == '|' ? "\\|" : "%c", *at);
}

static void code(const char *text) {
    printf(" | `");
    for (const char *at = text; *at; at++) printf("%c", *at);
    printf("`");
}

int main(void) {
    printf("# Operators\n\n"
           "Every elementwise operator, its derivatives, and what both are worth where the formula has no limit or several. Made from\n"
           "`src/graph/ops.def`, which the compiler, the interpreter and the tests read too; `a`, `b`, `c` are the arguments, `y` is the result,\n"
           "and `where(c, p, q)` is p where c holds, else q, whatever the other is worth.\n\n"
           "Rows in *italics* have a spelling of their own (`a + b`, `a < b`) or are the compiler's.\n\n"
           "| operator | value | by a | by b | by c | at singular points |\n"
           "| --- | --- | --- | --- | --- | --- |\n");
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        const Row *row = &rows[k];
        static const char *const spelt[] = {"neg", "add", "sub", "mul", "div", "floordiv", "mod", "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"};
        int hidden = strncmp(row->rule, "HIDDEN", 6) == 0;
        for (size_t j = 0; j < sizeof spelt / sizeof *spelt; j++) hidden |= strcmp(spelt[j], row->name) == 0;
        printf(hidden ? "| *%s*" : "| %s", row->name);
        code(row->value);
        for (int j = 0; j < 3; j++) {
            if (j < row->arity) code(row->partial[j]);
            else cell("");
        }
        cell(row->singular);
        printf(" |\n");
    }
    return 0;
}
