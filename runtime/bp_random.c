/* bp_random.c - shuffling by counter-based random numbers. */
#include "bp_random.h"

void bp_shuffle(uint64_t seed, uint64_t call, uint32_t place, int64_t *order, int64_t n) {
    for (int64_t i = 0; i < n; i++) order[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        uint32_t bits[4];
        bp_draw(seed, call, place, (uint64_t)i, bits);
        /* 64 bits modulo i + 1: the bias is below i/2^64, which no run can see */
        const int64_t j = (int64_t)((((uint64_t)bits[0] << 32) | bits[1]) % (uint64_t)(i + 1)), t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
}
