/* bp_random.h - random numbers as a pure function of a counter.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011), tested against the
 * vectors of Random123.  A draw is known by (seed, call, place, index): the seed of the run, the number of the call (the
 * training step, from 1; 0 outside of training), the place in the model (below 0x8000; those from there on are libbp's),
 * and the element.
 * So it has one value however often, in whatever order and on whatever thread it is computed.  Everything is branch-free
 * and vectorises.
 *
 * Cut into sections as bp_math.h is, whose sections they also name. */
#ifndef BP_RANDOM_H
#define BP_RANDOM_H

#include "bp_math.h"

#ifdef __cplusplus
extern "C" {
#endif

/*@ prologue: */

/*@ bp_philox_round: */
static inline void bp_philox_round(uint32_t c[4], uint32_t k0, uint32_t k1) {
    const uint64_t p0 = (uint64_t)0xD2511F53u * c[0], p1 = (uint64_t)0xCD9E8D57u * c[2];
    const uint32_t c1 = c[1], c3 = c[3];
    c[0] = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c[1] = (uint32_t)p1;
    c[2] = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c[3] = (uint32_t)p0;
}

/*@ bp_philox: bp_philox_round */
/* Ten rounds on the counter c under the key (k0, k1), in place. */
static inline void bp_philox(uint32_t c[4], uint32_t k0, uint32_t k1) {
    bp_philox_round(c, k0, k1);
    bp_philox_round(c, k0 + 0x9E3779B9u, k1 + 0xBB67AE85u);
    bp_philox_round(c, k0 + 2u * 0x9E3779B9u, k1 + 2u * 0xBB67AE85u);
    bp_philox_round(c, k0 + 3u * 0x9E3779B9u, k1 + 3u * 0xBB67AE85u);
    bp_philox_round(c, k0 + 4u * 0x9E3779B9u, k1 + 4u * 0xBB67AE85u);
    bp_philox_round(c, k0 + 5u * 0x9E3779B9u, k1 + 5u * 0xBB67AE85u);
    bp_philox_round(c, k0 + 6u * 0x9E3779B9u, k1 + 6u * 0xBB67AE85u);
    bp_philox_round(c, k0 + 7u * 0x9E3779B9u, k1 + 7u * 0xBB67AE85u);
    bp_philox_round(c, k0 + 8u * 0x9E3779B9u, k1 + 8u * 0xBB67AE85u);
    bp_philox_round(c, k0 + 9u * 0x9E3779B9u, k1 + 9u * 0xBB67AE85u);
}

/*@ bp_draw: bp_philox */
/* The 128 random bits of a draw.  Distinct for place < 2^16 and call < 2^48. */
static inline void bp_draw(uint64_t seed, uint64_t call, uint32_t place, uint64_t index, uint32_t bits[4]) {
    bits[0] = (uint32_t)index;
    bits[1] = (uint32_t)(index >> 32);
    bits[2] = (uint32_t)call;
    bits[3] = place ^ ((uint32_t)(call >> 32) << 16);
    bp_philox(bits, (uint32_t)seed, (uint32_t)(seed >> 32));
}

/*@ bp_unit: bp_from_bits */
/* 52 of 64 random bits as a number in (0, 1), the middle of one of 2^52 equal cells. */
static inline double bp_unit(uint32_t high, uint32_t low) {
    const uint64_t bits = ((uint64_t)high << 32 | low) >> 12;
    return (bp_from_bits(bits | 0x3ff0000000000000u) - 1.0) + 1.1102230246251565e-16;
}

/*@ bp_unitf: bp_from_bitsf */
/* 23 of 32 random bits as a number in (0, 1). */
static inline float bp_unitf(uint32_t bits) { return (bp_from_bitsf((bits >> 9) | 0x3f800000u) - 1.0f) + 5.96046448e-08f; }

/*@ bp_uniform: bp_draw bp_unit */
/* Uniform in (lo, hi). */
static inline double bp_uniform(uint64_t seed, uint64_t call, uint32_t place, uint64_t index, double lo, double hi) {
    uint32_t bits[4];
    bp_draw(seed, call, place, index, bits);
    return lo + (hi - lo) * bp_unit(bits[0], bits[1]);
}

/*@ bp_uniformf: bp_draw bp_unitf */
static inline float bp_uniformf(uint64_t seed, uint64_t call, uint32_t place, uint64_t index, float lo, float hi) {
    uint32_t bits[4];
    bp_draw(seed, call, place, index, bits);
    return lo + (hi - lo) * bp_unitf(bits[0]);
}

/*@ bp_normal: bp_draw bp_unit bp_sqrt bp_log bp_cos */
/* Normal, by Box and Muller's transform: sqrt(-2 log u) cos(2 pi v). */
static inline double bp_normal(uint64_t seed, uint64_t call, uint32_t place, uint64_t index, double mean, double std) {
    uint32_t bits[4];
    bp_draw(seed, call, place, index, bits);
    const double u = bp_unit(bits[0], bits[1]), v = bp_unit(bits[2], bits[3]);
    return mean + std * (bp_sqrt(-2.0 * bp_log(u)) * bp_cos(6.283185307179586 * v));
}

/*@ bp_normalf: bp_draw bp_unitf bp_sqrtf bp_logf bp_cosf */
/* u has 31 bits here, so that the tails reach 6.6 standard deviations. */
static inline float bp_normalf(uint64_t seed, uint64_t call, uint32_t place, uint64_t index, float mean, float std) {
    uint32_t bits[4];
    bp_draw(seed, call, place, index, bits);
    const float u = ((float)(int32_t)(bits[0] >> 1) + 0.5f) * 4.65661287e-10f, v = bp_unitf(bits[2]);
    return mean + std * (bp_sqrtf(-2.0f * bp_logf(u)) * bp_cosf(6.28318531f * v));
}

/*@ bp_bernoulli: bp_draw bp_unit */
/* 1 with probability p, else 0. */
static inline double bp_bernoulli(uint64_t seed, uint64_t call, uint32_t place, uint64_t index, double p) {
    uint32_t bits[4];
    bp_draw(seed, call, place, index, bits);
    return bp_unit(bits[0], bits[1]) < p ? 1.0 : 0.0;
}

/*@ bp_bernoullif: bp_draw bp_unitf */
static inline float bp_bernoullif(uint64_t seed, uint64_t call, uint32_t place, uint64_t index, float p) {
    uint32_t bits[4];
    bp_draw(seed, call, place, index, bits);
    return bp_unitf(bits[0]) < p ? 1.0f : 0.0f;
}

/*@ end: */

/* The numbers 0 … n-1 in an order that depends on (seed, call, place) alone (Fisher and Yates).  In bp_random.c. */
void bp_shuffle(uint64_t seed, uint64_t call, uint32_t place, int64_t *order, int64_t n);

#ifdef __cplusplus
}
#endif
#endif
