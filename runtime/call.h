/* call.h - private: reads `name(key = number, …)`, the form of optimisers and schedules; and guesses at misspelt names. */
#ifndef BP_CALL_H
#define BP_CALL_H

#include "bp.h"

enum { BP_CALL_NAME = 32, BP_CALL_MAX = 16 };

typedef struct {
    char name[BP_CALL_NAME];
    uint32_t n;
    char key[BP_CALL_MAX][BP_CALL_NAME];
    double value[BP_CALL_MAX];
} bp_call;

/* Reads `text` whole: BP_OK, or BP_E_FORMAT with a message that quotes the text and says what was expected where. */
int bp_call_parse(bp_call *call, const char *text, bp_error *error);

/* The value given for `key`, or `otherwise`. */
double bp_call_get(const bp_call *call, const char *key, double otherwise);

/* The one of `n` names that is closest to `word`, or NULL if none is near (Levenshtein's distance of at most a third of
 * the word, and at least 1 allowed).  The names are `stride` bytes apart, each a const char *. */
const char *bp_closest(const char *word, const void *first, size_t n, size_t stride);

/* Write a message, cut to fit; does nothing when `error` is NULL.  Returns `status`, so that one can return its call. */
int bp_fail(bp_error *error, int status, const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* A number in the C locale's form whatever the locale is; *end is where it stops (== text when there is none). */
double bp_strtod(const char *text, char **end);

#endif
