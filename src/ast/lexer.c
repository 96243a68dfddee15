/* What is done with what the patterns of grammar/bp.l match: numbers, names, and characters that nothing may
 * begin with. Names are normalised (NFC) here, so that a name is one symbol however it was typed. */
#include "ast/lexer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

void *lexer_alloc(void *at, size_t n)
{
    void *new = n < SIZE_MAX / 2 ? realloc(at, n ? n : 1) : NULL;
    if (!new) {
        fputs("bpc: out of memory\n", stderr);
        exit(2);
    }
    return new;
}

void lexer_free(void *at) { free(at); }

static Token *give(struct Lexer *lexer, int kind, uint32_t n)
{
    Token token = {.kind = kind, .span = {lexer->at - n, lexer->at, lexer->source}, .first = lexer->first, .tight = lexer->tight};
    token.margin = lexer->first && token.span.begin == lexer->line;
    lexer->first = false;
    lexer->tight = true;
    vec_push(lexer->base->arena, lexer->out, token);
    return &lexer->out->at[lexer->out->n - 1];
}

static const struct { const char *word; int kind; } reserved[] = {
    {"if", TOKEN_IF}, {"then", TOKEN_THEN}, {"else", TOKEN_ELSE}, {"and", TOKEN_AND},
    {"or", TOKEN_OR}, {"not", TOKEN_NOT}, {"in", TOKEN_IN}, {"where", TOKEN_WHERE},
};

void lexer_give(struct Lexer *lexer, int kind, const char *text, uint32_t n)
{
    (void)text;
    give(lexer, kind, n);
}

void lexer_number(struct Lexer *lexer, const char *text, uint32_t n)
{
    Token *token = give(lexer, TOKEN_NUMBER, n);
    char small[64], *copy = n < sizeof small ? small : arena_alloc(lexer->base->arena, n + 1);
    memcpy(copy, text, n);
    copy[n] = '\0';
    token->number = strtod(copy, NULL); /* the locale is C: main never sets another */
    token->whole = memchr(text, '.', n) == NULL && memchr(text, 'e', n) == NULL && memchr(text, 'E', n) == NULL;
    if (isinf(token->number))
        diag_error(lexer->base->diag, token->span, "this number is too large for any type; infinity is 'inf'");
    else if (token->whole && token->number > 9007199254740992.0)
        diag_error(lexer->base->diag, token->span, "this integer is too large (at most 2^53)");
}

void lexer_bad_number(struct Lexer *lexer, const char *text, uint32_t n, const char *format)
{
    lexer_number(lexer, text, n);
    lexer->out->at[lexer->out->n - 1].number = 1; /* so that nothing else is wrong with it */
    lexer->out->at[lexer->out->n - 1].whole = true;
    char *advice = NULL;
    Text message = {NULL, 0, 0};
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#endif
    text_add(&message, format, n < 40 ? (int)n : 40, text);
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
    advice = arena_strndup(lexer->base->arena, message.at, message.n);
    text_free(&message);
    diag_error(lexer->base->diag, lexer->out->at[lexer->out->n - 1].span, "%s", advice);
}

void lexer_times(struct Lexer *lexer, const char *text, uint32_t n)
{
    uint32_t digits = 0;
    while (digits < n && ((text[digits] >= '0' && text[digits] <= '9') || text[digits] == '.')) digits++;
    lexer_number(lexer, text, n);
    Token *token = &lexer->out->at[lexer->out->n - 1];
    token->number = 1, token->whole = true;
    if (n < 60)
        diag_error(lexer->base->diag, token->span, "'%.*s' is neither a number nor a name; a product is written %.*s*%.*s", (int)n, text, (int)digits,
                   text, (int)(n - digits), text + digits);
    else
        diag_error(lexer->base->diag, token->span, "a number runs into a name; a product is written with '*'");
}

/* Letters, marks, connected digits, subscripts. */
static bool may_stand_in_name(ucs4_t c)
{
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_Nd) || c == '_' ||
           (c >= 0x2080 && c <= 0x2089);
}

static const struct { ucs4_t seen; const char *meant; } looks_like[] = {
    {0x2212, "-"}, {0x00d7, "*"}, {0x00b7, "*"}, {0x22c5, "*"}, {0x00f7, "/"}, {0x2264, "<="}, {0x2265, ">="},
    {0x2260, "!="}, {0x00b2, "^2"}, {0x00b3, "^3"}, {0x2019, "'"}, {0x2032, "'"}, {0x1d40, "'"}, {0x2026, ".."}, {0x221a, "sqrt"},
    {'&', "and"}, {'!', "not"}, {'"', "no quotes"}, {0x221e, "inf"}, {0x2013, "-"}, {0x201c, "no quotes"}, {0x201d, "no quotes"}, {0x00a0, "a plain space"},
};

static void stray(struct Lexer *lexer, const char *text, uint32_t n, ucs4_t c)
{
    const Token *before = lexer->out->n ? &lexer->out->at[lexer->out->n - 1] : NULL;
    bool again = before && before->kind == TOKEN_BAD && lexer->tight && before->span.end - before->span.begin == n;
    Token *token = give(lexer, TOKEN_BAD, n);
    if (again) return; /* && is one mistake */
    for (size_t k = 0; k < sizeof looks_like / sizeof *looks_like; k++)
        if (looks_like[k].seen == c) {
            diag_error(lexer->base->diag, token->span, "'%.*s' has no meaning here; did you mean %s?", (int)n, text,
                       arena_printf(lexer->base->arena, looks_like[k].meant[1] && looks_like[k].meant[2] == ' ' ? "%s" : "'%s'", looks_like[k].meant));
            return;
        }
    if (c < 0x20 || c == 0x7f)
        diag_error(lexer->base->diag, token->span, "the byte 0x%02x has no meaning here", (unsigned)c);
    else
        diag_error(lexer->base->diag, token->span, "'%.*s' has no meaning here", (int)n, text);
}

/* Gives the longest name at the start of text, or one stray character. Returns the bytes used. */
int lexer_name(struct Lexer *lexer, const char *text, uint32_t n)
{
    uint32_t used = 0;
    bool foreign = false;
    while (used < n) {
        ucs4_t c;
        int length = u8_mbtouc(&c, (const uint8_t *)text + used, n - used);
        bool fits = used == 0 ? may_stand_in_name(c) && !uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_Nd) && c < 0x2080
                              : may_stand_in_name(c);
        if (used == 0 && c >= 0x2080 && uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L) && c != 0x1d40) fits = true;
        if (!fits) {
            if (used == 0) {
                lexer->at -= n - (uint32_t)length;
                stray(lexer, text, (uint32_t)length, c);
                lexer->at += n - (uint32_t)length;
                return length;
            }
            break;
        }
        foreign |= c >= 0x80;
        used += (uint32_t)length;
    }
    lexer->at -= n - used;
    Token *token = give(lexer, TOKEN_NAME, used);
    lexer->at += n - used;
    for (size_t k = 0; k < sizeof reserved / sizeof *reserved; k++)
        if (strlen(reserved[k].word) == used && memcmp(reserved[k].word, text, used) == 0) {
            token->kind = reserved[k].kind;
            return (int)used;
        }
    if (foreign) {
        size_t length;
        uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)text, used, NULL, &length);
        token->name = normal ? name_intern(lexer->base->names, (char *)normal, length) : name_intern(lexer->base->names, text, used);
        free(normal);
        lexer->foreign = true;
    } else
        token->name = name_intern(lexer->base->names, text, used);
    if (used > 1000) diag_error(lexer->base->diag, token->span, "this name has %u bytes; at most 1000 are allowed", used);
    return (int)used;
}

void lexer_stray(struct Lexer *lexer, const char *text, uint32_t n) { stray(lexer, text, n, (unsigned char)text[0]); }

/* Names that differ, and are equal under NFKC (x₁ and x1), look alike and would clash in C. */
static void look_for_clashes(struct Lexer *lexer)
{
    Map *first = map_new(lexer->base->arena);
    for (uint32_t k = 0; k < lexer->out->n; k++) {
        Token *token = &lexer->out->at[k];
        if (token->kind != TOKEN_NAME || map_get(first, token->name) == token->name) continue;
        size_t length;
        uint8_t *folded = u8_normalize(UNINORM_NFKC, (const uint8_t *)token->name, strlen(token->name), NULL, &length);
        if (!folded) continue;
        Symbol key = name_intern(lexer->base->names, (char *)folded, length);
        free(folded);
        Token *other = map_get(first, KEY((uintptr_t)key));
        if (other && other->name != token->name) {
            diag_error(lexer->base->diag, token->span, "'%s' and '%s' look alike (they are equal under NFKC); rename one", token->name, other->name);
            diag_note(lexer->base->diag, other->span, "'%s' is here", other->name);
        } else if (!other)
            map_put(first, KEY((uintptr_t)key), token);
        map_put(first, token->name, (void *)(uintptr_t)token->name);
    }
}

bool lex_source(Base *base, uint16_t source, Tokens *out)
{
    size_t n;
    const char *text = diag_source_text(base->diag, source, &n);
    if (n > (64u << 20)) {
        diag_error(base->diag, (Span){0, 0, source}, "the file has %zu bytes; at most 64 MB are read", n);
        return false;
    }
    size_t skip = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* a byte order mark */
    const uint8_t *bad = u8_check((const uint8_t *)text, n);
    if (bad) {
        uint32_t at = (uint32_t)(bad - (const uint8_t *)text);
        diag_error(base->diag, (Span){at, at + 1, source}, "the byte 0x%02x is not UTF-8", *bad);
        return false;
    }
    struct Lexer lexer = {.base = base, .out = out, .source = source, .at = (uint32_t)skip, .line = (uint32_t)skip, .first = true};
    lexer_run(&lexer, text + skip, n - skip);
    if (lexer.foreign) look_for_clashes(&lexer);
    return true;
}
