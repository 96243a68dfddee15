/* Names: takes text, returns the one pointer that stands for this text in a compilation.
 *
 * Always: name_intern(t) == name_intern(u) exactly when t and u hold the same bytes. An open-addressing table
 * that is at most half full, with linear probing. */
#include "base/base.h"

#include <assert.h>
#include <string.h>

typedef struct {
    const char *text; /* NULL: free */
    size_t length;
    uint64_t hash;
} Slot;

struct Names {
    Arena *arena;
    Slot *slot;
    uint32_t n, room; /* room is a power of two */
};

Names *names_new(Arena *arena)
{
    Names *names = NEW(arena, Names);
    names->arena = arena;
    names->room = 256;
    names->slot = NEW_ARRAY(arena, Slot, names->room);
    return names;
}

static Slot *find(Slot *slot, uint32_t room, const char *text, size_t length, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & (room - 1);
    for (;; at = (at + 1) & (room - 1)) {
        Slot *here = &slot[at];
        if (here->text == NULL)
            return here;
        if (here->hash == hash && here->length == length && memcmp(here->text, text, length) == 0)
            return here;
    }
}

static void grow(Names *names)
{
    uint32_t room = 2 * names->room;
    Slot *larger = NEW_ARRAY(names->arena, Slot, room);
    for (uint32_t k = 0; k < names->room; k++) {
        const Slot *old = &names->slot[k];
        if (old->text != NULL)
            *find(larger, room, old->text, old->length, old->hash) = *old;
    }
    names->slot = larger;
    names->room = room;
}

Symbol name_intern(Names *names, const char *text, size_t length)
{
    uint64_t hash = hash_bytes(text, length, 0);
    Slot *slot = find(names->slot, names->room, text, length, hash);
    if (slot->text != NULL)
        return slot->text;
    Symbol symbol = arena_strndup(names->arena, text, length);
    *slot = (Slot){symbol, length, hash};
    if (++names->n > names->room / 2)
        grow(names);
    return symbol;
}

Symbol name_of(Names *names, const char *text)
{
    return name_intern(names, text, strlen(text));
}

Symbol name_printf(Names *names, const char *format, ...)
{
    assert(format != NULL);
    char small[256];
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int length = vsnprintf(small, sizeof small, format, list);
    Symbol symbol;
    if (length >= 0 && (size_t)length < sizeof small) {
        symbol = name_intern(names, small, (size_t)length);
    } else {
        char *large = arena_alloc(names->arena, (size_t)(length < 0 ? 0 : length) + 1);
        vsnprintf(large, (size_t)(length < 0 ? 0 : length) + 1, format, again);
        symbol = name_of(names, large);
    }
    va_end(again);
    va_end(list);
    return symbol;
}
