/* bp_sparse.h - the pattern of a sparse matrix, sorted: compressed rows (CSR) or compressed columns (CSC).
 *
 * Cut into sections as bp_math.h is, so that --standalone copies what it needs. */
#ifndef BP_SPARSE_H
#define BP_SPARSE_H

#include "bp.h"

#ifdef __cplusplus
extern "C" {
#endif

/*@ bp_pattern_order: */
/* Sorts the n terms of `index` by what `minor` says of them: heap sort (Williams 1964), in place. */
static inline void bp_pattern_order(int64_t n, int32_t *index, const int32_t *minor) {
    for (int64_t end = n, build = n/2; end > 1;) {
        int32_t moved;
        if (build > 0) moved = index[--build];
        else {
            moved = index[--end];
            index[end] = index[0];
        }
        int64_t hole = build, child;
        while ((child = 2*hole + 1) < end) {
            if (child + 1 < end && minor[index[child + 1]] > minor[index[child]]) child++;
            if (minor[index[child]] <= minor[moved]) break;
            index[hole] = index[child];
            hole = child;
        }
        index[hole] = moved;
    }
}

/*@ bp_pattern_sort: bp_pattern_order */
/* From the row and column of each term (-1: none) to start, index, place and the number of entries: terms are counted by
 * their row (CSC: column), those of a row sorted, and those of one place joined. Time: n + rows + n log(longest row). */
static inline int bp_pattern_sort(bp_pattern *p) {
    const int32_t *major = p->by_columns ? p->column : p->row, *minor = p->by_columns ? p->row : p->column;
    const int64_t n = p->by_columns ? p->columns : p->rows;
    int64_t *start = p->start;
    for (int64_t k = 0; k <= n; k++) start[k] = 0;
    for (int64_t t = 0; t < p->terms; t++)
        if (major[t] >= 0) start[major[t] + 1]++;
    for (int64_t k = 0; k < n; k++) start[k + 1] += start[k];
    for (int64_t t = 0; t < p->terms; t++) {
        p->place[t] = -1;
        if (major[t] >= 0) p->index[start[major[t]]++] = (int32_t)t;
    }
    for (int64_t k = n; k > 0; k--) start[k] = start[k - 1]; /* each had moved on to the start of the next */
    start[0] = 0;
    p->entries = 0;
    for (int64_t k = 0, from = 0; k < n; k++) {
        const int64_t to = start[k + 1];
        bp_pattern_order(to - from, p->index + from, minor);
        start[k] = p->entries;
        for (int64_t at = from; at < to; at++) { /* entries never overtake what is still to be read */
            const int32_t t = p->index[at];
            if (p->entries == start[k] || p->index[p->entries - 1] != minor[t]) p->index[p->entries++] = minor[t];
            p->place[t] = (int32_t)(p->entries - 1);
        }
        from = to;
    }
    start[n] = p->entries;
    return BP_OK;
}

/*@ end: */
#ifdef __cplusplus
}
#endif

#endif
