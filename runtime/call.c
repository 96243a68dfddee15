/* call.c - `name(key = number, …)`, close names, messages, numbers: the small things that several parts need. */
#include "call.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int bp_fail(bp_error *error, int status, const char *format, ...) {
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
    }
    return status;
}

/* Copy up to 400 characters of a number with '.' replaced by the locale's point, let strtod read that, and map the end
 * back; only needed where the program has called setlocale. */
double bp_strtod(const char *text, char **end) {
    const char *point = localeconv()->decimal_point;
    if (strcmp(point, ".") == 0 || strlen(point) != 1) return strtod(text, end);
    char copy[400], *stop;
    size_t n = strcspn(text, ",;\n\r\t");
    if (n >= sizeof copy) n = sizeof copy - 1;
    memcpy(copy, text, n);
    copy[n] = '\0';
    for (char *c = copy; *c; c++)
        if (*c == '.') *c = *point;
    const double value = strtod(copy, &stop);
    *end = (char *)text + (stop - copy);
    return value;
}

static bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

static const char *skip(const char *at) {
    while (*at == ' ' || *at == '\t') at++;
    return at;
}

/* Read a word into `word`; NULL if there is none or it is too long. */
static const char *read_word(const char *at, char word[BP_CALL_NAME]) {
    size_t n = 0;
    while (is_word(at[n]) && n < BP_CALL_NAME - 1) n++;
    if (n == 0 || is_word(at[n])) return NULL;
    memcpy(word, at, n);
    word[n] = '\0';
    return skip(at + n);
}

static int expected(bp_error *error, const char *text, const char *at, const char *what) {
    return bp_fail(error, BP_E_FORMAT, "'%.100s': expected %s at character %d", text, what, (int)(at - text) + 1);
}

int bp_call_parse(bp_call *call, const char *text, bp_error *error) {
    const char *at = skip(text), *next = read_word(at, call->name);
    call->n = 0;
    if (!next) return expected(error, text, at, "a name");
    at = next;
    if (*at == '\0') return BP_OK;
    if (*at != '(') return expected(error, text, at, "'('");
    at = skip(at + 1);
    while (*at != ')') {
        if (call->n == BP_CALL_MAX) return expected(error, text, at, "')'");
        if (!(next = read_word(at, call->key[call->n]))) return expected(error, text, at, "an option's name");
        if (*next != '=') return expected(error, text, next, "'='");
        at = skip(next + 1);
        char *end;
        call->value[call->n++] = bp_strtod(at, &end);
        if (end == at) return expected(error, text, at, "a number");
        at = skip(end);
        if (*at == ',') at = skip(at + 1);
        else if (*at != ')') return expected(error, text, at, "',' or ')'");
    }
    at = skip(at + 1);
    return *at ? expected(error, text, at, "the end") : BP_OK;
}

double bp_call_get(const bp_call *call, const char *key, double otherwise) {
    for (uint32_t i = 0; i < call->n; i++)
        if (strcmp(call->key[i], key) == 0) return call->value[i];
    return otherwise;
}

/* Levenshtein's distance by the usual row of the table; words longer than the row are infinitely far. */
static size_t distance(const char *a, const char *b) {
    enum { LONGEST = 64 };
    size_t row[LONGEST + 1];
    const size_t n = strlen(a), m = strlen(b);
    if (m > LONGEST) return SIZE_MAX;
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            const size_t above = row[j], change = diagonal + (a[i - 1] != b[j - 1]);
            const size_t step = (above < row[j - 1] ? above : row[j - 1]) + 1;
            row[j] = change < step ? change : step;
            diagonal = above;
        }
    }
    return row[m];
}

const char *bp_closest(const char *word, const void *first, size_t n, size_t stride) {
    size_t least = strlen(word) / 3 + 1;
    const char *found = NULL;
    for (size_t i = 0; i < n; i++) {
        const char *name = *(const char *const *)(const void *)((const char *)first + i * stride);
        const size_t d = distance(word, name);
        if (d <= least && d < strlen(word)) {
            if (found && d == least) continue;
            least = d;
            found = name;
        }
    }
    return found;
}
