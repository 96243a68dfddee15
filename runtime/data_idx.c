/* data_idx.c - the IDX format of the MNIST files: 0 0 type rank, the extents as big-endian 32-bit numbers, the values
 * big-endian.  http://yann.lecun.com/exdb/mnist/ describes it. */
#include <string.h>

#include "raw.h"

static uint64_t big_endian(const unsigned char *at, size_t n) {
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) value = value << 8 | at[i];
    return value;
}

static double element(unsigned type, const unsigned char *at) {
    const uint64_t bits = big_endian(at, type == 0x0B ? 2 : type == 0x0E ? 8 : type >= 0x0C ? 4 : 1);
    const uint32_t word = (uint32_t)bits;
    float single;
    double real;
    switch (type) {
    case 0x08: return (double)bits;
    case 0x09: return bits < 128 ? (double)bits : (double)bits - 256.0;
    case 0x0B: return bits < 32768 ? (double)bits : (double)bits - 65536.0;
    case 0x0C: return bits < 2147483648u ? (double)bits : (double)bits - 4294967296.0;
    case 0x0D: memcpy(&single, &word, sizeof single); return (double)single;
    default: memcpy(&real, &bits, sizeof real); return real;
    }
}

int bp_read_idx(bp_raw_file *file, const char *name, const unsigned char *bytes, size_t size, bp_error *error) {
    static const unsigned char width[16] = {[8] = 1, [9] = 1, [11] = 2, [12] = 4, [13] = 4, [14] = 8};
    if (size < 4 || bytes[0] || bytes[1] || bytes[2] > 15 || !width[bytes[2]])
        return bp_fail(error, BP_E_FORMAT,
                       "%s: not an IDX file: found the bytes %02x %02x %02x, expected 00 00 and one of 08 09 "
                       "0b 0c 0d 0e",
                       file->file, bytes[0], size > 1 ? bytes[1] : 0u, size > 2 ? bytes[2] : 0u);
    const uint32_t rank = bytes[3];
    const size_t header = 4 + 4 * (size_t)rank;
    if (rank > BP_RANK_MAX || size < header)
        return bp_fail(error, BP_E_FORMAT, "%s: an IDX file of %u axes, but only %zu bytes long", file->file, rank, size);
    int64_t extent[BP_RANK_MAX], count = 1;
    for (uint32_t k = 0; k < rank; k++) {
        extent[k] = (int64_t)big_endian(bytes + 4 + 4 * k, 4);
        count = extent[k] && count > INT64_MAX / 16 / extent[k] ? INT64_MAX / 16 : count * extent[k];
    }
    if ((uint64_t)count * width[bytes[2]] != size - header)
        return bp_fail(error, BP_E_FORMAT, "%s: found %zu bytes of values, expected %lld values of %d bytes", file->file,
                       size - header, (long long)count, width[bytes[2]]);
    bp_raw *raw = bp_raw_add(file, name, rank, extent, error);
    if (!raw) return BP_E_MEMORY;
    for (int64_t i = 0; i < count; i++) raw->value[i] = element(bytes[2], bytes + header + (size_t)i * width[bytes[2]]);
    return BP_OK;
}
