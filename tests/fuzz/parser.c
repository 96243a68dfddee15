/* libFuzzer: any bytes through the lexer, the parser and the printer of trees. Messages are formatted too. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ast/ast.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static FILE *nowhere;
    if (!nowhere) nowhere = fopen("/dev/null", "w");
    char *text = malloc(size + 1);
    if (!text || !nowhere) abort();
    memcpy(text, data, size);
    text[size] = '\0';
    Base base = base_new();
    Text out = {0};
    uint16_t source = diag_add_source(base.diag, "fuzz.bp", text, size);
    ast_print(&out, ast_parse(&base, source));
    diag_print(base.diag, nowhere, true);
    diag_print_json(base.diag, nowhere);
    text_free(&out);
    base_free(&base);
    free(text);
    return 0;
}
