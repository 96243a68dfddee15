/* Reads a model and prints what the front end made of it: front [tokens|ast|source|graph] file [-I folder] [-D name=value] */
#include "ast/ast.h"
#include "check/check.h"

#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    const char *folders[8], *what = argc > 2 ? argv[1] : "graph", *path = argc > 2 ? argv[2] : argc > 1 ? argv[1] : "-";
    CheckOptions options = {.folders = folders};
    Define defines[8];
    Base base = base_new();
    for (int k = 3; k + 1 < argc; k += 2) {
        char *equals = strchr(argv[k + 1], '=');
        if (strcmp(argv[k], "-I") == 0) folders[options.n_folders++] = argv[k + 1];
        else if (equals) defines[options.n_defines++] = (Define){name_intern(base.names, argv[k + 1], (size_t)(equals - argv[k + 1])), atof(equals + 1)};
    }
    options.defines = defines;
    size_t n;
    char *text = file_read_whole(path, 64u << 20, &n);
    if (!text) return 2;
    Text out = {NULL, 0, 0};
    if (strcmp(what, "graph") == 0) {
        Graph *g = check_model(&base, path, text, n, &options);
        if (g && graph_verify(g, "check")) graph_print(g, &out);
    } else {
        uint16_t source = diag_add_source(base.diag, path, text, n);
        if (strcmp(what, "tokens") == 0) tokens_print(&base, source, &out);
        else if (strcmp(what, "ast") == 0) ast_print(&out, ast_parse(&base, source));
        else ast_print_source(&out, ast_parse(&base, source));
    }
    if (out.n) fwrite(out.at, 1, out.n, stdout);
    diag_print(base.diag, stderr, false);
    int status = diag_errors(base.diag) ? 1 : 0;
    text_free(&out);
    base_free(&base);
    free(text);
    return status;
}
