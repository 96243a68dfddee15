/* The arena: memory of one compilation, taken in chunks and given back whole.
 *
 * Takes sizes, returns zeroed memory aligned for any type; never NULL. When the machine has no more, one
 * line goes to stderr and the process ends with status 2 (ours, not the user's mistake), so that no stage has
 * to carry that case. Chunks double up to 1 MiB; what is larger than a quarter of a chunk gets one of its own.
 * It does not free single objects and does not run destructors. */
#include "base/base.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct Chunk Chunk;
struct Chunk {
    Chunk *before;
    size_t used, room;
    max_align_t memory[];
};

struct Arena {
    Chunk *current;
    size_t next_room, total;
};

enum { FIRST_ROOM = 1 << 14, LARGEST_ROOM = 1 << 20 };

static _Noreturn void out_of_memory(void)
{
    fputs("bpc: out of memory\n", stderr);
    exit(2);
}

size_t array_bytes(size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size)
        out_of_memory();
    return n * size;
}

static Chunk *chunk_new(Arena *arena, size_t room)
{
    if (room > SIZE_MAX / 2)
        out_of_memory();
    Chunk *chunk = calloc(1, sizeof(Chunk) + room);
    if (chunk == NULL)
        out_of_memory();
    chunk->room = room;
    arena->total += room;
    return chunk;
}

Arena *arena_new(void)
{
    Arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL)
        out_of_memory();
    arena->next_room = FIRST_ROOM;
    return arena;
}

void arena_free(Arena *arena)
{
    if (arena == NULL)
        return;
    for (Chunk *chunk = arena->current; chunk != NULL;) {
        Chunk *before = chunk->before;
        free(chunk);
        chunk = before;
    }
    free(arena);
}

size_t arena_bytes(const Arena *arena)
{
    return arena->total;
}

/* A large object goes below the current chunk, which stays in use. */
static void *alloc_alone(Arena *arena, size_t bytes)
{
    Chunk *chunk = chunk_new(arena, bytes);
    chunk->used = bytes;
    if (arena->current != NULL) {
        chunk->before = arena->current->before;
        arena->current->before = chunk;
    } else {
        arena->current = chunk;
    }
    return chunk->memory;
}

void *arena_alloc(Arena *arena, size_t bytes)
{
    const size_t align = sizeof(max_align_t);
    if (bytes > SIZE_MAX / 2)
        out_of_memory();
    bytes = (bytes + align - 1) / align * align;
    if (bytes > arena->next_room / 4)
        return alloc_alone(arena, bytes);
    Chunk *chunk = arena->current;
    if (chunk == NULL || chunk->room - chunk->used < bytes) {
        chunk = chunk_new(arena, arena->next_room);
        chunk->before = arena->current;
        arena->current = chunk;
        if (arena->next_room < LARGEST_ROOM)
            arena->next_room *= 2;
    }
    void *memory = (char *)chunk->memory + chunk->used;
    chunk->used += bytes;
    return memory;
}

char *arena_strndup(Arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    if (length > 0)
        memcpy(copy, text, length);
    return copy;
}

static char *arena_vprintf(Arena *arena, const char *format, va_list list)
{
    assert(format != NULL);
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        return arena_strndup(arena, "", 0);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, list);
    return text;
}

char *arena_printf(Arena *arena, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text = arena_vprintf(arena, format, list);
    va_end(list);
    return text;
}

/* The old array stays in the arena: doubling wastes at most as much as it uses. */
void *vec_grow(Arena *arena, void *at, uint32_t *room, size_t size)
{
    if (*room > UINT32_MAX / 2)
        out_of_memory();
    uint32_t larger = *room == 0 ? 4 : 2 * *room;
    void *copy = arena_alloc(arena, array_bytes(larger, size));
    if (*room > 0)
        memcpy(copy, at, *room * size);
    *room = larger;
    return copy;
}

Base base_new(void)
{
    Base base;
    base.arena = arena_new();
    base.names = names_new(base.arena);
    base.diag = diag_new(base.arena);
    return base;
}

void base_free(Base *base)
{
    arena_free(base->arena);
    *base = (Base){0};
}
