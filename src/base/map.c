/* Hashes, and the map from pointers (or numbers, by KEY) to pointers.
 *
 * Open addressing, at most half full, linear probing; keys are never removed. A key is never NULL.
 * Iteration is not offered: its order would follow addresses, and output must not. */
#include "base/base.h"

#include <assert.h>
#include <string.h>

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t scramble(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t hash_mix(uint64_t a, uint64_t b)
{
    return scramble(a * UINT64_C(0x9e3779b97f4a7c15) + b + UINT64_C(0x632be59bd9b4e019));
}

/* The same on every machine: bytes are put together in little-endian order. */
uint64_t hash_bytes(const void *bytes, size_t n, uint64_t seed)
{
    const unsigned char *at = bytes;
    uint64_t hash = hash_mix(seed, n);
    while (n > 0) {
        uint64_t word = 0;
        size_t taken = n < 8 ? n : 8;
        for (size_t k = 0; k < taken; k++)
            word |= (uint64_t)at[k] << (8 * k);
        hash = hash_mix(hash, word);
        at += taken;
        n -= taken;
    }
    return hash;
}

typedef struct {
    const void *key; /* NULL: free */
    void *value;
} Slot;

struct Map {
    Arena *arena;
    Slot *slot;
    uint32_t n, room; /* room is a power of two */
};

Map *map_new(Arena *arena)
{
    Map *map = NEW(arena, Map);
    map->arena = arena; /* many maps stay empty: room comes with the first key */
    return map;
}

static Slot *find(Slot *slot, uint32_t room, const void *key)
{
    uint32_t at = (uint32_t)scramble((uint64_t)(uintptr_t)key) & (room - 1);
    while (slot[at].key != NULL && slot[at].key != key)
        at = (at + 1) & (room - 1);
    return &slot[at];
}

void *map_get(const Map *map, const void *key)
{
    return map->n == 0 ? NULL : find(map->slot, map->room, key)->value;
}

static void grow(Map *map)
{
    uint32_t room = map->room == 0 ? 8 : 2 * map->room;
    Slot *larger = NEW_ARRAY(map->arena, Slot, room);
    for (uint32_t k = 0; k < map->room; k++)
        if (map->slot[k].key != NULL)
            *find(larger, room, map->slot[k].key) = map->slot[k];
    map->slot = larger;
    map->room = room;
}

void map_put(Map *map, const void *key, void *value)
{
    assert(key != NULL);
    if (map->room == 0)
        grow(map);
    Slot *slot = find(map->slot, map->room, key);
    slot->value = value;
    if (slot->key != NULL)
        return;
    slot->key = key;
    if (++map->n > map->room / 2)
        grow(map);
}

uint32_t map_count(const Map *map)
{
    return map->n;
}
