/* The arena: memory of one compilation, taken in chunks and given back whole.
 *
 * Takes sizes, returns zeroed memory aligned for any type; never NULL. When the machine has no more, one
 * line goes to stderr and the process ends with status 2 (ours, not the user's mistake), so that no stage has
 * to carry that case. Chunks double up to 32 MiB; what is larger than a quarter of a chunk gets one of its own. Large ones
 * ask for huge pages, for a model of 100,000 equations is walked in no order that a cache or a translation buffer knows.
 * It does not free single objects and does not run destructors. What was taken after a mark may be released together, for
 * stages that work in memory which nobody needs after them; its chunks are kept for what comes next. */
#define _DEFAULT_SOURCE /* madvise */
#include "base/base.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef struct Chunk Chunk;
struct Chunk {
    Chunk *before;
    size_t used, room;
    size_t dirty; /* bytes that were used before a release */
    max_align_t memory[];
};

struct Arena {
    Chunk *current, *spare; /* spare: released, the last first */
    size_t next_room, total;
    uint32_t marks; /* that are not released */
};

enum { FIRST_ROOM = 1 << 14, LARGEST_ROOM = 1 << 25, HUGE_PAGE = 1 << 21 };

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

/* Of the pages that lie wholly inside. It is a hint: what it returns does not matter. */
static void use_huge_pages(void *memory, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    const uintptr_t page = HUGE_PAGE, begin = ((uintptr_t)memory + page - 1) / page * page, end = ((uintptr_t)memory + bytes) / page * page;
    if (begin < end)
        madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
    (void)memory, (void)bytes;
#endif
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
    use_huge_pages(chunk, sizeof(Chunk) + room);
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

static void free_chunks(Chunk *chunk)
{
    while (chunk != NULL) {
        Chunk *before = chunk->before;
        free(chunk);
        chunk = before;
    }
}

void arena_free(Arena *arena)
{
    if (arena == NULL)
        return;
    free_chunks(arena->current);
    free_chunks(arena->spare);
    free(arena);
}

size_t arena_bytes(const Arena *arena)
{
    return arena->total;
}

/* A spare chunk where the one that was released last has the room; else a new one. */
static Chunk *next_chunk(Arena *arena, size_t room)
{
    Chunk *chunk = arena->spare;
    if (chunk == NULL || chunk->room < room)
        return chunk_new(arena, room);
    arena->spare = chunk->before;
    return chunk;
}

static void push_chunk(Arena *arena, Chunk *chunk)
{
    chunk->before = arena->current;
    arena->current = chunk;
}

/* A large object goes below the current chunk, which stays in use; but not below a mark. */
static void *alloc_alone(Arena *arena, size_t bytes)
{
    Chunk *chunk = chunk_new(arena, bytes), *top = arena->current;
    chunk->used = bytes;
    if (top == NULL || arena->marks > 0) {
        push_chunk(arena, chunk);
    } else {
        chunk->before = top->before;
        top->before = chunk;
    }
    return chunk->memory;
}

static void *take(Chunk *chunk, size_t bytes)
{
    char *memory = (char *)chunk->memory + chunk->used;
    if (chunk->used < chunk->dirty)
        memset(memory, 0, bytes < chunk->dirty - chunk->used ? bytes : chunk->dirty - chunk->used);
    chunk->used += bytes;
    return memory;
}

void *arena_alloc(Arena *arena, size_t bytes)
{
    const size_t align = sizeof(max_align_t);
    if (bytes > SIZE_MAX / 2)
        out_of_memory();
    bytes = (bytes + align - 1) / align * align;
    Chunk *chunk = arena->current;
    if (chunk != NULL && chunk->room - chunk->used >= bytes)
        return take(chunk, bytes);
    if (bytes > arena->next_room / 4)
        return alloc_alone(arena, bytes);
    push_chunk(arena, next_chunk(arena, arena->next_room));
    if (arena->next_room < LARGEST_ROOM)
        arena->next_room *= 2;
    return take(arena->current, bytes);
}

ArenaMark arena_mark(Arena *arena)
{
    arena->marks++;
    return (ArenaMark){arena->current, arena->current ? arena->current->used : 0};
}

void arena_release(Arena *arena, ArenaMark mark)
{
    arena->marks--;
    while (arena->current != mark.chunk) {
        Chunk *chunk = arena->current;
        arena->current = chunk->before;
        chunk->dirty = chunk->used > chunk->dirty ? chunk->used : chunk->dirty;
        chunk->used = 0;
        chunk->before = arena->spare;
        arena->spare = chunk;
    }
    Chunk *chunk = arena->current;
    if (chunk == NULL)
        return;
    chunk->dirty = chunk->used > chunk->dirty ? chunk->used : chunk->dirty;
    chunk->used = mark.used;
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
    base.stage = arena_new();
    base.lists = arena_new();
    base.names = names_new(base.arena);
    base.diag = diag_new(base.arena);
    return base;
}

void base_free(Base *base)
{
    arena_free(base->arena);
    arena_free(base->stage);
    arena_free(base->lists);
    *base = (Base){0};
}
