/* The ground floor: memory, names, containers, text and diagnostics, used by every stage.
 *
 * One arena serves one compilation and is freed whole; nothing in it is freed alone. Names are
 * interned, so two names are equal exactly when their pointers are. */
#ifndef BPC_BASE_H
#define BPC_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#if defined(__GNUC__)
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))
#else
#define PRINTF_LIKE(at, first)
#endif

/* ---- arena ------------------------------------------------------------------------------ */
typedef struct Arena Arena;

Arena *arena_new(void);
void arena_free(Arena *);
void *arena_alloc(Arena *, size_t bytes); /* zeroed, aligned for any type; exits with status 2 when memory ends */
char *arena_strndup(Arena *, const char *text, size_t length);
char *arena_printf(Arena *, const char *format, ...) PRINTF_LIKE(2, 3);
size_t arena_bytes(const Arena *);

/* Gives back all that was taken since the mark. Marks are released in the order in which a stack would. */
typedef struct { void *chunk; size_t used; } ArenaMark;
ArenaMark arena_mark(Arena *);
void arena_release(Arena *, ArenaMark);

#define NEW(arena, Type) ((Type *)arena_alloc((arena), sizeof(Type)))
#define NEW_ARRAY(arena, Type, n) ((Type *)arena_alloc((arena), array_bytes((n), sizeof(Type))))
size_t array_bytes(size_t n, size_t size); /* n*size; exits with status 2 on overflow */

/* ---- names ------------------------------------------------------------------------------ */
typedef const char *Symbol; /* interned: compare with == */
typedef struct Names Names;

Names *names_new(Arena *);
Symbol name_intern(Names *, const char *text, size_t length);
Symbol name_of(Names *, const char *text);
Symbol name_printf(Names *, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- growing arrays: struct { T *at; uint32_t n, room; } ---------------------------------- */
#define VEC(T)         \
    struct {           \
        T *at;         \
        uint32_t n;    \
        uint32_t room; \
    }
#define vec_push(arena, v, ...)                                                           \
    ((void)((v)->n < (v)->room ||                                                         \
            ((v)->at = vec_grow((arena), (v)->at, &(v)->room, sizeof *(v)->at), 1)),       \
     (v)->at[(v)->n++] = (__VA_ARGS__))
void *vec_grow(Arena *, void *at, uint32_t *room, size_t size);

/* ---- hash map from pointers (or any 64-bit key) to pointers -------------------------------- */
typedef struct Map Map;

Map *map_new(Arena *);
void *map_get(const Map *, const void *key); /* NULL where absent */
void map_put(Map *, const void *key, void *value);
uint32_t map_count(const Map *);
#define KEY(n) ((const void *)(uintptr_t)((n) + 1)) /* a number as a key */

uint64_t hash_bytes(const void *bytes, size_t n, uint64_t seed);
uint64_t hash_mix(uint64_t a, uint64_t b);

/* ---- text buffers ------------------------------------------------------------------------ */
typedef struct {
    char *at; /* always ends in '\0' once anything was written */
    size_t n, room;
} Text;

void text_add(Text *, const char *format, ...) PRINTF_LIKE(2, 3);
void text_put(Text *, const char *bytes, size_t n);
void text_free(Text *);
/* Writes the whole file or leaves the old one as it was. Returns 0, or an errno. "-" is stdout. */
int file_write_whole(const char *path, const char *bytes, size_t n);
/* Reads a whole file ("-" is stdin), malloc'd and '\0'-terminated; NULL with errno set. At most `limit` bytes. */
char *file_read_whole(const char *path, size_t limit, size_t *n);

/* ---- where things stand in the source, and what is wrong with them -------------------------- */
typedef struct {
    uint32_t begin, end; /* byte offsets, half open */
    uint16_t file;       /* number of the source; 0: nowhere */
} Span;

Span span_join(Span a, Span b);

typedef enum { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE } Severity;
typedef struct Diag Diag;

Diag *diag_new(Arena *);
/* Adds a source; returns its number (1, 2, …). The text must outlive the Diag. */
uint16_t diag_add_source(Diag *, const char *name, const char *text, size_t length);
const char *diag_source_name(const Diag *, uint16_t file);
const char *diag_source_text(const Diag *, uint16_t file, size_t *length);
/* 1-based line and column (columns count characters, not bytes). */
void diag_position(const Diag *, Span, uint32_t *line, uint32_t *column);

/* Each adds one message; the caller goes on. Notes belong to the message before them.
 * The same message at the same place is kept once; after `limit` errors (default 50) the rest are only counted. */
void diag_error(Diag *, Span, const char *format, ...) PRINTF_LIKE(3, 4);
void diag_warning(Diag *, const char *flag, Span, const char *format, ...) PRINTF_LIKE(4, 5); /* flag: the NAME of -WNAME */
void diag_note(Diag *, Span, const char *format, ...) PRINTF_LIKE(3, 4);
uint32_t diag_errors(const Diag *);
/* The k-th message that is an error; false past the last. */
bool diag_error_span(const Diag *, uint32_t k, Span *);
void diag_set_warnings(Diag *, bool as_errors);
void diag_disable(Diag *, const char *flag); /* -Wno-NAME */
/* Prints all messages in source order, as clang does, or as a JSON array (one object per message). */
void diag_print(Diag *, FILE *, bool colour);
void diag_print_json(Diag *, FILE *);
/* The nearest of `candidates` to `wrong` (edit distance at most a third of its length), or NULL. */
const char *nearest_name(const char *wrong, const char *const *candidates, size_t n);

/* One compilation's ground. */
typedef struct {
    Arena *arena; /* to the end */
    Arena *stage; /* what one stage works in: a pass, the planning or the printing of a function. It marks and releases */
    Arena *lists; /* results of walks, which whoever walks often releases */
    Names *names;
    Diag *diag;
} Base;
Base base_new(void);
void base_free(Base *);

#endif
