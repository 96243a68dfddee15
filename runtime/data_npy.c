/* data_npy.c - NumPy's formats: NPY, an array (numpy.lib.format), and NPZ, a zip file of them (PKWARE's APPNOTE, stored or
 * deflated members, no zip64, no encryption).  All sizes come from the file and are checked against its length. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "raw.h"

static uint64_t little_endian(const unsigned char *at, size_t n) {
    uint64_t value = 0;
    for (size_t i = n; i-- > 0;) value = value << 8 | at[i];
    return value;
}

/* ---- NPY ------------------------------------------------------------------------------------------------------- */

typedef struct {
    char kind; /* f, i, u, b */
    size_t width;
    bool big_endian, fortran;
    uint32_t rank;
    int64_t extent[BP_RANK_MAX];
} npy_header;

/* What follows 'key': in the header's dictionary, or NULL. */
static const char *value_of(const char *header, const char *key) {
    const char *at = strstr(header, key);
    if (!at || !(at = strchr(at + strlen(key), ':'))) return NULL;
    at++;
    while (*at == ' ') at++;
    return at;
}

static bool read_shape(const char *at, npy_header *h) {
    if (!at || *at++ != '(') return false;
    for (h->rank = 0;;) {
        while (*at == ' ' || *at == ',') at++;
        if (*at == ')') return true;
        char *end;
        const long long n = strtoll(at, &end, 10);
        if (end == at || n < 0 || h->rank == BP_RANK_MAX) return false;
        h->extent[h->rank++] = n;
        at = end;
    }
}

/* Read the dictionary, a literal of Python such as {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }. */
static bool read_dictionary(const char *text, npy_header *h) {
    const char *descr = value_of(text, "'descr'"), *order = value_of(text, "'fortran_order'");
    if (!descr || !order || (*descr != '\'' && *descr != '"') || strlen(descr) < 5) return false;
    if (!strchr("<>|=", descr[1])) return false;
    h->big_endian = descr[1] == '>';
    h->kind = descr[2];
    h->width = (size_t)(descr[3] - '0');
    h->fortran = strncmp(order, "True", 4) == 0;
    if (!h->fortran && strncmp(order, "False", 5) != 0) return false;
    const bool ends = descr[4] == descr[0];
    const size_t w = h->width;
    const bool known = (h->kind == 'f' && (w == 2 || w == 4 || w == 8)) || (h->kind == 'b' && w == 1) ||
                       ((h->kind == 'i' || h->kind == 'u') && (w == 1 || w == 2 || w == 4 || w == 8));
    return ends && known && read_shape(value_of(text, "'shape'"), h);
}

static double half_value(uint32_t bits) {
    const int exponent = (int)(bits >> 10 & 31);
    const double mantissa = (double)(bits & 1023u), sign = bits >> 15 ? -1.0 : 1.0;
    if (exponent == 31) return mantissa != 0.0 ? (double)NAN : sign * (double)INFINITY;
    return sign * (exponent ? ldexp(1024.0 + mantissa, exponent - 25) : ldexp(mantissa, -24));
}

static double element(const npy_header *h, const unsigned char *at) {
    unsigned char swapped[8];
    for (size_t i = 0; i < h->width; i++) swapped[i] = h->big_endian ? at[h->width - 1 - i] : at[i];
    const uint64_t bits = little_endian(swapped, h->width);
    const uint32_t word = (uint32_t)bits;
    float single;
    double real;
    if (h->kind == 'f' && h->width == 2) return half_value(word);
    if (h->kind == 'f' && h->width == 4) {
        memcpy(&single, &word, sizeof single);
        return (double)single;
    }
    if (h->kind == 'f') {
        memcpy(&real, &bits, sizeof real);
        return real;
    }
    if (h->kind == 'i' && bits >> (8 * h->width - 1)) /* negative: minus the two's complement */
        return -(double)((~bits & (UINT64_MAX >> (64 - 8 * h->width))) + 1u);
    return (double)bits;
}

/* The place in row-major order of element i in column-major order. */
static int64_t row_major(const npy_header *h, int64_t i) {
    int64_t place = 0, stride = 1, index[BP_RANK_MAX];
    for (uint32_t k = 0; k < h->rank; k++) {
        index[k] = i % h->extent[k];
        i /= h->extent[k];
    }
    for (uint32_t k = h->rank; k-- > 0;) {
        place += index[k] * stride;
        stride *= h->extent[k];
    }
    return place;
}

int bp_read_npy(bp_raw_file *file, const char *name, const unsigned char *bytes, size_t size, bp_error *error) {
    char text[4096];
    npy_header h;
    if (size < 12 || memcmp(bytes, "\x93NUMPY", 6) != 0 || bytes[6] < 1 || bytes[6] > 3)
        return bp_fail(error, BP_E_FORMAT, "%s: '%.100s' is not an NPY array of version 1, 2 or 3", file->file, name);
    const size_t start = bytes[6] == 1 ? 10 : 12, length = (size_t)little_endian(bytes + 8, start - 8);
    if (length > size - start || length >= sizeof text)
        return bp_fail(error, BP_E_FORMAT, "%s: '%.100s': a header of %zu bytes does not fit", file->file, name, length);
    memcpy(text, bytes + start, length);
    text[length] = '\0';
    if (!read_dictionary(text, &h))
        return bp_fail(error, BP_E_FORMAT, "%s: '%.100s': the header %.200s is not one of a real or integer array", file->file,
                       name, text);
    int64_t count = 1;
    for (uint32_t k = 0; k < h.rank; k++)
        count = h.extent[k] && count > INT64_MAX / 16 / h.extent[k] ? INT64_MAX / 16 : count * h.extent[k];
    const size_t data = size - start - length;
    if ((uint64_t)count * h.width != data)
        return bp_fail(error, BP_E_FORMAT, "%s: '%.100s': found %zu bytes of values, expected %lld values of %zu bytes",
                       file->file, name, data, (long long)count, h.width);
    bp_raw *raw = bp_raw_add(file, name, h.rank, h.extent, error);
    if (!raw) return BP_E_MEMORY;
    for (int64_t i = 0; i < count; i++)
        raw->value[h.fortran ? row_major(&h, i) : i] = element(&h, bytes + start + length + (size_t)i * h.width);
    return BP_OK;
}

/* ---- NPZ ------------------------------------------------------------------------------------------------------- */

/* Inflate `packed` bytes into `size` of them; the raw deflate stream of zip. */
static bool inflate_member(const unsigned char *from, size_t packed, unsigned char *to, size_t size) {
    z_stream z;
    memset(&z, 0, sizeof z);
    if (packed > UINT32_MAX || size > UINT32_MAX || inflateInit2(&z, -MAX_WBITS) != Z_OK) return false;
    z.next_in = (unsigned char *)(uintptr_t)from;
    z.avail_in = (uInt)packed;
    z.next_out = to;
    z.avail_out = (uInt)size;
    const bool done = inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_out == 0;
    inflateEnd(&z);
    return done;
}

static int bad_zip(const bp_raw_file *file, const char *what, bp_error *error) {
    return bp_fail(error, BP_E_FORMAT, "%s: not a zip file that can be read: %s", file->file, what);
}

/* One member, from its record in the central directory. */
static int read_member(bp_raw_file *file, const unsigned char *bytes, size_t size, const unsigned char *entry, bp_error *error) {
    const uint64_t flags = little_endian(entry + 8, 2), method = little_endian(entry + 10, 2);
    const uint64_t crc = little_endian(entry + 16, 4), packed = little_endian(entry + 20, 4),
                   whole = little_endian(entry + 24, 4);
    const uint64_t at = little_endian(entry + 42, 4);
    size_t length = (size_t)little_endian(entry + 28, 2);
    char name[256];
    if (flags & 1) return bad_zip(file, "it is encrypted", error);
    if (method != 0 && method != 8) return bad_zip(file, "a method of compression that is not deflate", error);
    if (packed == UINT32_MAX || whole == UINT32_MAX || at == UINT32_MAX) return bad_zip(file, "it is a zip64 file", error);
    if (size < 30 || at > size - 30 || memcmp(bytes + at, "PK\3\4", 4) != 0)
        return bad_zip(file, "a member is not where the directory says", error);
    const uint64_t start = at + 30 + little_endian(bytes + at + 26, 2) + little_endian(bytes + at + 28, 2);
    if (start > size || packed > size - start || (method == 0 && packed != whole))
        return bad_zip(file, "a member is longer than the file", error);
    if (length >= sizeof name) length = sizeof name - 1;
    memcpy(name, entry + 46, length);
    name[length] = '\0';
    if (length > 4 && strcmp(name + length - 4, ".npy") == 0) name[length - 4] = '\0';
    unsigned char *buffer = NULL;
    if (method == 8) {
        if (whole / 1100 > packed + 1) return bad_zip(file, "a member is longer than deflate can make it", error);
        if (!(buffer = malloc((size_t)whole + 1))) return bp_fail(error, BP_E_MEMORY, "%s: out of memory", file->file);
        if (!inflate_member(bytes + start, (size_t)packed, buffer, (size_t)whole)) {
            free(buffer);
            return bad_zip(file, "a member does not inflate", error);
        }
    }
    const unsigned char *member = buffer ? buffer : bytes + start;
    const int status = crc32(0, member, (uInt)whole) != crc ? bad_zip(file, "a checksum is wrong", error)
                                                            : bp_read_npy(file, name, member, (size_t)whole, error);
    free(buffer);
    return status;
}

int bp_read_npz(bp_raw_file *file, const unsigned char *bytes, size_t size, bp_error *error) {
    size_t end = size; /* the end record is in the last 22 + 65535 bytes */
    const size_t least = size > 22 + 65535 ? size - 22 - 65535 : 0;
    if (size < 22) return bad_zip(file, "it is too short", error);
    for (end = size - 22; memcmp(bytes + end, "PK\5\6", 4) != 0; end--)
        if (end == least) return bad_zip(file, "the directory is missing", error);
    const uint64_t n = little_endian(bytes + end + 10, 2);
    uint64_t at = little_endian(bytes + end + 16, 4);
    for (uint64_t i = 0; i < n; i++) {
        if (at > end || end - at < 46 || memcmp(bytes + at, "PK\1\2", 4) != 0)
            return bad_zip(file, "the directory is damaged", error);
        const uint64_t name = little_endian(bytes + at + 28, 2);
        const uint64_t length = 46 + name + little_endian(bytes + at + 30, 2) + little_endian(bytes + at + 32, 2);
        if (length > end - at) return bad_zip(file, "the directory is damaged", error);
        const int status = read_member(file, bytes, size, bytes + at, error);
        if (status) return status;
        at += length;
    }
    return BP_OK;
}
