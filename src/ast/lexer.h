/* Between the patterns of grammar/bp.l and what is done with what they match (lexer.c). */
#ifndef BPC_AST_LEXER_H
#define BPC_AST_LEXER_H

#include "ast/tokens.h"
#include "grammar/bp.tab.h"

struct Lexer {
    Base *base;
    Tokens *out;
    uint16_t source;
    uint32_t at;   /* bytes matched so far */
    uint32_t line; /* where the line begins */
    bool first, tight;
    bool foreign; /* a name beyond ASCII was seen */
};

void lexer_give(struct Lexer *, int kind, const char *text, uint32_t n);
void lexer_number(struct Lexer *, const char *text, uint32_t n);
void lexer_bad_number(struct Lexer *, const char *text, uint32_t n, const char *format);
void lexer_times(struct Lexer *, const char *text, uint32_t n); /* 2x */
int lexer_name(struct Lexer *, const char *text, uint32_t n);   /* returns how many bytes are the name */
void lexer_stray(struct Lexer *, const char *text, uint32_t n);
void *lexer_alloc(void *at, size_t n);
void lexer_free(void *at);

void lexer_run(struct Lexer *, const char *text, size_t n); /* in grammar/bp.l */

#endif
