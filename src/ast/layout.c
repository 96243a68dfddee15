/* Where statements end, which words start declarations, and which brackets belong together.
 *
 * Takes the tokens of a source with every newline among them, and returns those that the parser sees: an EOL
 * only where a statement ends, `param` and the like as keywords only at the start of a statement and before a
 * name or '{', every bracket closed by its own kind. Example: both newlines below end nothing, the first because
 * of the comma and the second because of the line that follows it.
 *
 *     y = f(a,
 *           b)
 *       + c
 */
#include "ast/lexer.h"

#include <string.h>

typedef struct {
    int open; /* '(' '[' '{' */
    Span span;
} Bracket;

typedef struct {
    Base *base;
    const Tokens *raw;
    Tokens *out;
    VEC(Bracket) stack;
    bool at_start;   /* of a statement */
    bool in_random;  /* the statement is a random declaration */
    bool too_deep;
} Layout;

static const struct { const char *word; int kind; } declarations[] = {
    {"real", TOKEN_REAL}, {"dim", TOKEN_DIM}, {"const", TOKEN_CONST}, {"import", TOKEN_IMPORT}, {"input", TOKEN_INPUT},
    {"param", TOKEN_PARAM}, {"state", TOKEN_STATE}, {"random", TOKEN_RANDOM}, {"output", TOKEN_OUTPUT}, {"loss", TOKEN_LOSS},
    {"metric", TOKEN_METRIC}, {"update", TOKEN_UPDATE}, {"use", TOKEN_USE}, {"def", TOKEN_DEF}, {"layer", TOKEN_LAYER},
    {"derivative", TOKEN_DERIVATIVE}, {"train", TOKEN_TRAIN},
};

/* Kinds after which a line goes on, and kinds that go on with the line before when they start one. */
static const int open_ended[] = {'+', '-', '*', '/', '%', '@', '^', '<', '>', ',', '=', '~', TOKEN_FLOORDIV, TOKEN_LE, TOKEN_GE, TOKEN_EQ, TOKEN_NE,
                                 TOKEN_THEN, TOKEN_ELSE, TOKEN_AND, TOKEN_OR, TOKEN_NOT, 0};
static const int goes_on[] = {'+', '*', '/', '%', '@', '^', '<', '>', '|', ')', TOKEN_FLOORDIV, TOKEN_LE, TOKEN_GE, TOKEN_EQ, TOKEN_NE,
                              TOKEN_THEN, TOKEN_ELSE, TOKEN_AND, TOKEN_OR, TOKEN_WHERE, 0};

static bool among(const int *kinds, int kind)
{
    while (*kinds && *kinds != kind) kinds++;
    return *kinds != 0;
}

static int closer_of(int open) { return open == '(' ? ')' : open == '[' ? ']' : '}'; }

static int inside(const Layout *l) { return l->stack.n ? l->stack.at[l->stack.n - 1].open : '{'; }

static void put(Layout *l, Token token)
{
    l->at_start = token.kind == TOKEN_EOL || token.kind == '{';
    if (l->at_start) l->in_random = false;
    vec_push(l->base->arena, l->out, token);
}

static void put_kind(Layout *l, int kind, Span at)
{
    put(l, (Token){.kind = kind, .span = {at.begin, at.begin, at.file}});
}

static void unclosed(Layout *l, Bracket bracket)
{
    diag_error(l->base->diag, bracket.span, "this '%c' is never closed", bracket.open);
}

/* A letter in column 1 inside '(' or '[': the statement before it never ended. */
static void close_forgotten(Layout *l, Span at)
{
    unclosed(l, l->stack.at[l->stack.n - 1]);
    put_kind(l, TOKEN_BAD, at);
    while (l->stack.n && inside(l) != '{') put_kind(l, closer_of(l->stack.at[--l->stack.n].open), at);
    put_kind(l, TOKEN_EOL, at);
}

static void close(Layout *l, Token token)
{
    if (l->stack.n == 0) {
        diag_error(l->base->diag, token.span, "this '%c' closes nothing", token.kind);
        token.kind = TOKEN_BAD;
        put(l, token);
        return;
    }
    Bracket bracket = l->stack.at[--l->stack.n];
    int right = closer_of(bracket.open);
    if (token.kind != right) {
        diag_error(l->base->diag, token.span, "'%c' closes a '%c'; expected '%c'", token.kind, bracket.open, right);
        diag_note(l->base->diag, bracket.span, "the '%c' is here", bracket.open);
        token.kind = right;
    }
    put(l, token);
}

static void open(Layout *l, Token token)
{
    if (l->stack.n >= AST_MAX_DEPTH) {
        if (!l->too_deep) diag_error(l->base->diag, token.span, "brackets are nested more than %d deep", AST_MAX_DEPTH);
        l->too_deep = true;
    }
    vec_push(l->base->arena, &l->stack, (Bracket){token.kind, token.span});
    put(l, token);
}

/* The next token that is no newline. */
static const Token *after(const Layout *l, uint32_t k)
{
    while (++k < l->raw->n)
        if (l->raw->at[k].kind != TOKEN_EOL) return &l->raw->at[k];
    return NULL;
}

/* `param W` on the next line: two names in a row go on with nothing. */
static bool declares(const Layout *l, uint32_t k)
{
    while (++k < l->raw->n && l->raw->at[k].kind == TOKEN_EOL) continue;
    if (k + 1 >= l->raw->n || l->raw->at[k].kind != TOKEN_NAME || l->raw->at[k + 1].kind != TOKEN_NAME) return false;
    for (size_t d = 0; d < sizeof declarations / sizeof *declarations; d++)
        if (strcmp(declarations[d].word, l->raw->at[k].name) == 0) return true;
    return false;
}

static bool ends_statement(const Layout *l, uint32_t k)
{
    if (inside(l) != '{') return false;
    if (declares(l, k)) return true;
    if (l->out->n && among(open_ended, l->out->at[l->out->n - 1].kind)) return false;
    const Token *next = after(l, k);
    return !next || !among(goes_on, next->kind);
}

static void name(Layout *l, uint32_t k)
{
    Token token = l->raw->at[k];
    const Token *next = k + 1 < l->raw->n ? &l->raw->at[k + 1] : NULL;
    bool starts = l->at_start && next && (next->kind == TOKEN_NAME || next->kind == '{');
    for (size_t d = 0; starts && d < sizeof declarations / sizeof *declarations; d++)
        if (strcmp(declarations[d].word, token.name) == 0) {
            token.kind = declarations[d].kind;
            put(l, token);
            l->in_random = token.kind == TOKEN_RANDOM;
            return;
        }
    if (l->in_random && l->out->at[l->out->n - 1].kind == TOKEN_NAME && strcmp(token.name, "like") == 0) token.kind = TOKEN_LIKE;
    put(l, token);
}

void layout_tokens(Base *base, uint16_t source, const Tokens *raw, Tokens *out)
{
    Layout l = {.base = base, .raw = raw, .out = out, .at_start = true};
    size_t n;
    const char *text = diag_source_text(base->diag, source, &n);
    for (uint32_t k = 0; k < raw->n && !l.too_deep; k++) {
        Token token = raw->at[k];
        if (token.margin && token.kind == TOKEN_NAME && inside(&l) != '{') close_forgotten(&l, token.span);
        switch (token.kind) {
        case '(': case '[': case '{': open(&l, token); break;
        case ')': case ']': case '}': close(&l, token); break;
        case TOKEN_NAME: name(&l, k); break;
        case TOKEN_EOL:
            if (text[token.span.begin] == ';' ? inside(&l) == '{' : ends_statement(&l, k)) put(&l, token);
            else if (text[token.span.begin] == ';') {
                close_forgotten(&l, token.span);
            }
            break;
        default: put(&l, token);
        }
    }
    for (uint32_t k = 0; k < l.stack.n && !l.too_deep; k++) unclosed(&l, l.stack.at[k]);
    if (l.stack.n) {
        Span end = {(uint32_t)n, (uint32_t)n, source};
        put_kind(&l, TOKEN_BAD, end);
        while (l.stack.n) put_kind(&l, closer_of(l.stack.at[--l.stack.n].open), end);
    }
}

void tokens_print(Base *base, uint16_t source, Text *text)
{
    Tokens raw = {0}, tokens = {0};
    if (lex_source(base, source, &raw)) layout_tokens(base, source, &raw, &tokens);
    for (uint32_t k = 0; k < tokens.n; k++) {
        const Token *token = &tokens.at[k];
        uint32_t line, column;
        diag_position(base->diag, token->span, &line, &column);
        text_add(text, "%u:%u\t%s", line, column, token_spelling(token->kind));
        if (token->kind == TOKEN_NAME) text_add(text, "\t%s", token->name);
        if (token->kind == TOKEN_NUMBER) text_add(text, "\t%.17g", token->number);
        text_add(text, "\n");
    }
}
