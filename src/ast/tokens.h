/* The tokens of one source, between the lexer (grammar/bp.l), the layout (layout.c) and the parser (grammar/bp.y). */
#ifndef BPC_AST_TOKENS_H
#define BPC_AST_TOKENS_H

#include "ast/ast.h"

typedef struct {
    int kind; /* of the parser's enumeration */
    Span span;
    Symbol name;   /* NAME */
    double number; /* NUMBER */
    bool whole;
    bool first;  /* on its line */
    bool margin; /* first on its line, in column 1 */
    bool tight;  /* nothing stands between it and the token before */
} Token;
typedef VEC(Token) Tokens;

/* The letters: every token of the source, newlines as TOKEN_EOL. False where the source is not UTF-8. */
bool lex_source(Base *, uint16_t source, Tokens *);
/* The lines: removes the newlines that end no statement, finds the words that start declarations, mends brackets. */
void layout_tokens(Base *, uint16_t source, const Tokens *raw, Tokens *out);

/* What the parser carries. */
typedef struct {
    Base *base;
    const Tokens *tokens;
    uint32_t next;
    Node *result;
    uint16_t source;
} Parser;

void parser_complain(Parser *, Span, const char *expected); /* about the token read last */

const char *token_spelling(int kind); /* for messages and --emit tokens */

#endif
