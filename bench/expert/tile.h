/* tile.h - C = A B, or C += A B, in single precision: a tile of C stays in registers while the common axis passes.
 *
 * A is read an element at a time (so its transpose is as good), B and C in whole vectors along their rows. Four vectors to a row of
 * the tile and six rows, or as many accumulators of another form: more of them than a multiplication takes cycles. What is left
 * of the columns goes through a copy of B that is filled up with zeros. */
#ifndef TILE_H
#define TILE_H

#include <string.h>

enum { LANES = 16, TILE_DEPTH = 8192 };
typedef float lanes __attribute__((vector_size(4*LANES), aligned(4)));

#define ALWAYS static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

typedef struct {
    const float *a, *b;
    float *c;
    long a_row, a_column, b_row, c_row;
    int depth, add, width;                                   /* width: columns of the last, partial vector, or 0 */
} Product;

ALWAYS void tile(const int rows, const int vectors, Product p) {
    lanes sum[16][4];
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = (lanes){0};
    for (int k = 0; k < p.depth; k++) {
        lanes b[4];
        UNROLL for (int j = 0; j < vectors; j++) b[j] = *(const lanes *)(p.b + k*p.b_row + j*LANES);
        UNROLL for (int i = 0; i < rows; i++) {
            const float a = p.a[i*p.a_row + k*p.a_column];
            UNROLL for (int j = 0; j < vectors; j++) sum[i][j] += a*b[j];
        }
    }
    UNROLL for (int i = 0; i < rows; i++) {
        float *c = p.c + i*p.c_row;
        if (vectors == 1 && p.width) {
            float part[LANES];
            memcpy(part, &sum[i][0], sizeof part);
            for (int j = 0; j < p.width; j++) c[j] = (p.add ? c[j] : 0) + part[j];
        } else
            UNROLL for (int j = 0; j < vectors; j++) {
                lanes *to = (lanes *)(c + j*LANES);
                *to = p.add ? *to + sum[i][j] : sum[i][j];
            }
    }
}

/* As many tiles of so many rows as there are, one below the other; p goes on to the rows that are left. */
ALWAYS int tiles(const int rows, const int vectors, int left, Product *p) {
    for (; left >= rows; left -= rows) {
        tile(rows, vectors, *p);
        p->a += rows*p->a_row;
        p->c += rows*p->c_row;
    }
    return left;
}
ALWAYS void strip(const int rows, const int vectors, int left, Product p) {
    left = tiles(rows, vectors, left, &p);
    if (rows > 8) left = tiles(8, vectors, left, &p);
    if (rows > 4) left = tiles(4, vectors, left, &p);
    left = tiles(2, vectors, left, &p);
    tiles(1, vectors, left, &p);
}

static __attribute__((noinline)) void product(int rows, int columns, int depth, const float *a, long a_row, long a_column,
                                              const float *b, long b_row, float *c, long c_row, int add) {
    static float rest[TILE_DEPTH*LANES];
    Product p = {a, b, c, a_row, a_column, b_row, c_row, depth, add, 0};
    int j = 0;
    for (; columns - j >= 4*LANES; j += 4*LANES, p.b += 4*LANES, p.c += 4*LANES) strip(6, 4, rows, p);
    if (columns - j >= 3*LANES) { strip(8, 3, rows, p); j += 3*LANES; p.b += 3*LANES; p.c += 3*LANES; }
    if (columns - j >= 2*LANES) { strip(12, 2, rows, p); j += 2*LANES; p.b += 2*LANES; p.c += 2*LANES; }
    if (columns - j >= LANES) { strip(16, 1, rows, p); j += LANES; p.b += LANES; p.c += LANES; }
    if (j == columns) return;
    p.width = columns - j;
    for (int k = 0; k < depth; k++) {
        memset(rest + k*LANES, 0, 4*LANES);
        memcpy(rest + k*LANES, p.b + k*b_row, 4*(size_t)p.width);
    }
    p.b = rest;
    p.b_row = LANES;
    strip(16, 1, rows, p);
}

/* A square of 16 by 16 in registers: rows S apart exchange the blocks of S that lie across, for S = 8, 4, 2, 1 (Eklundh 1972). */
typedef int lane_numbers __attribute__((vector_size(4*LANES)));
#define EACH(F, S) {F(0, S), F(1, S), F(2, S), F(3, S), F(4, S), F(5, S), F(6, S), F(7, S), \
                    F(8, S), F(9, S), F(10, S), F(11, S), F(12, S), F(13, S), F(14, S), F(15, S)}
#define UPPER(L, S) ((L) & (S) ? LANES + (L) - (S) : (L))
#define LOWER(L, S) ((L) & (S) ? LANES + (L) : (L) + (S))
#define EXCHANGE(S) \
    UNROLL for (int i = 0; i < LANES; i++) \
        if (!(i & S)) { \
            const lanes a = row[i], b = row[i + S]; \
            row[i] = __builtin_shuffle(a, b, (lane_numbers)EACH(UPPER, S)); \
            row[i + S] = __builtin_shuffle(a, b, (lane_numbers)EACH(LOWER, S)); \
        }
ALWAYS void square(const float *from, long from_row, float *to, long to_row) {
    lanes row[LANES];
    UNROLL for (int i = 0; i < LANES; i++) row[i] = *(const lanes *)(from + i*from_row);
    EXCHANGE(8)
    EXCHANGE(4)
    EXCHANGE(2)
    EXCHANGE(1)
    UNROLL for (int i = 0; i < LANES; i++) *(lanes *)(to + i*to_row) = row[i];
}

/* to[j, i] = from[i, j], in such squares; what does not fill one, an element at a time. */
static __attribute__((noinline)) void transpose(int rows, int columns, const float *restrict from, float *restrict to) {
    for (int i = 0; i < rows; i += LANES)
        for (int j = 0; j < columns; j += LANES) {
            const float *a = from + (long)i*columns + j;
            float *b = to + (long)j*rows + i;
            if (i + LANES <= rows && j + LANES <= columns) square(a, columns, b, rows);
            else
                for (int k = 0; k < LANES && j + k < columns; k++)
                    for (int l = 0; l < LANES && i + l < rows; l++) b[(long)k*rows + l] = a[(long)l*columns + k];
        }
}

#endif
