/* Data files: what good ones hold, and the exact message of every kind of bad one.  The bytes of NPY, NPZ and IDX files
 * are written out here from the descriptions of the formats. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "bp_data.h"
#include "model.h"
#include "tests.h"

/* ---- good ------------------------------------------------------------------------------------------------------ */

/* All of these are the same two examples: x = [[1, 2, 3], [4, 5, 6]], k = [0, 3], y = [0.5, -1]. */
static const struct {
    const char *text, *columns;
} good[] = {
    {"1,2,3,0,0.5\n4,5,6,3,-1\n", NULL},
    {"1,2,3,0,0.5\r\n4,5,6,3,-1", NULL},
    {"\xEF\xBB\xBF\n\n1, 2 ,\t3,0,5e-1\n\n\"4\",5,\"6\" , 3 ,-1.0\n\n", NULL},
    {"x[0],x[1],x[2],k,y\n1,2,3,0,0.5\n4,5,6,3,-1\n", NULL},
    {"y,x[2],k,x[0],x[1]\n0.5,3,0,1,2\n-1,6,3,4,5\n", NULL},
    {"id,y,\"x[2]\",k[0],x[0],x[1],note\n7,0.5,3,0,1,2,\"a, \"\"b\"\"\nc\"\n8,-1,6,3,4,5,\n", NULL},
    {"height,width,depth,kind,target\n1,2,3,0,0.5\n4,5,6,3,-1\n", NULL},
    {"9,0.5,0,1,2,3\n9,-1,3,4,5,6\n", "x=3:6,y=1,k=2"},
    {"a,t,kind,p,q,r\n9,0.5,0,1,2,3\n9,-1,3,4,5,6\n", "x=3:6,y=t,k=kind"},
    {"{\"x\": [[1, 2, 3], [4, 5, 6]], \"k\": [0, 3], \"y\": [0.5, -1]}", NULL},
    {" \n{\"k\": [0, 3.0], \"y\": [5e-1, -1], \"x\": [[1, 2, 3], [4, 5, 6]]}", NULL},
};

static void check_examples(const bp_data *data) {
    static const double x[] = {1, 2, 3, 4, 5, 6}, y[] = {0.5, -1};
    static const int32_t k[] = {0, 3};
    const bp_array *ax = bp_data_find(data, "x"), *ak = bp_data_find(data, "k"), *ay = bp_data_find(data, "y");
    ck_assert_int_eq(data->examples, 2);
    ck_assert_int_eq(data->dims[0], 2);
    ck_assert(ax && ak && ay && !bp_data_find(data, "z"));
    ck_assert_mem_eq(ax->values, x, sizeof x);
    ck_assert_mem_eq(ak->values, k, sizeof k);
    ck_assert_mem_eq(ay->values, y, sizeof y);
}

START_TEST(good_texts) {
    bp_data *data;
    bp_error error;
    const bp_data_options options = {.columns = good[_i].columns, .batch_dim = -1};
    const int status = bp_data_parse(&data, &toy, "d", good[_i].text, strlen(good[_i].text), &options, &error);
    ck_assert_msg(status == BP_OK, "%s", error.text);
    check_examples(data);
    bp_data_free(data);
}
END_TEST

/* Gzipped, and a locale whose decimal point is a comma, where there is one. */
START_TEST(files) {
    bp_data *data;
    bp_error error;
    const char *path = temporary("d.csv.gz");
    gzFile f = gzopen(path, "wb");
    ck_assert_int_gt(gzputs(f, good[0].text), 0);
    ck_assert_int_eq(gzclose(f), Z_OK);
    setlocale(LC_NUMERIC, "de_DE.UTF-8");
    ck_assert_msg(bp_data_read(&data, &toy, path, NULL, &error) == BP_OK, "%s", error.text);
    setlocale(LC_NUMERIC, "C");
    check_examples(data);
    bp_data_free(data);
    ck_assert_int_eq(bp_data_read(&data, &toy, "/nowhere/d.csv", NULL, &error), BP_E_IO);
    ck_assert_str_eq(error.text, "/nowhere/d.csv: cannot open: No such file or directory");
    ck_assert_int_eq(bp_data_read(&data, &toy, "/", NULL, &error), BP_E_IO);
}
END_TEST

START_TEST(special_numbers) {
    static const char json[] = "{\"x\": [[NaN, Infinity, -Infinity]], \"k\": [true], \"y\": [\"NaN\"]}";
    static const char csv[] = "nan,inf,-inf,1,NaN\n";
    bp_data *data;
    for (int way = 0; way < 2; way++) {
        const char *text = way ? csv : json;
        ck_assert_int_eq(bp_data_parse(&data, &toy, "d", text, strlen(text), NULL, NULL), BP_OK);
        const double *x = bp_data_find(data, "x")->values;
        ck_assert(isnan(x[0]) && x[1] > 1e308 && x[2] < -1e308);
        ck_assert_int_eq(*(int32_t *)bp_data_find(data, "k")->values, 1);
        bp_data_free(data);
    }
}
END_TEST

START_TEST(overrides) {
    static const char text[] = "{\"W\": [1, 2, 3], \"mu\": 4}";
    double params[4] = {0}, state[1] = {0};
    bp_data *data;
    bp_error error;
    const bp_data_options options = {.batch_dim = -1, .overrides = true, .partial = true};
    ck_assert_msg(bp_data_parse(&data, &toy, "d", text, strlen(text), &options, &error) == BP_OK, "%s", error.text);
    bp_data_override(data, params, state);
    ck_assert(params[0] == 1 && params[2] == 3 && params[3] == 0 && state[0] == 4 && data->dims[0] == -1);
    bp_data_free(data);
    ck_assert_int_eq(bp_data_parse(&data, &toy, "d", text, strlen(text), NULL, &error), BP_E_NAME);
    ck_assert_str_eq(error.text, "d: 'W' is not an input of the model");
}
END_TEST

/* ---- bad ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *text, *columns;
    int status;
    const char *message;
} bad[] = {
    {"", NULL, BP_E_FORMAT, "d.csv: there are no rows of numbers in it"},
    {"a,b,c,d,e\n", NULL, BP_E_FORMAT, "d.csv: there are no rows of numbers in it"},
    {"1,2,3,0\n", NULL, BP_E_SHAPE, "d.csv: found 4 columns, expected 5: x takes 3, k takes 1, y takes 1"},
    {"1,2,3,0,1\n1,2,3,0\n", NULL, BP_E_FORMAT, "d.csv:2: found 4 columns, expected 5 as in line 1"},
    {"1,2,3,0,1\n\n1,2,abc,0,1\n", NULL, BP_E_FORMAT, "d.csv:3: column 3 ('x'): found 'abc', expected a number"},
    {"1,2,3,0,1\r\n\r\n1,2,abc,0,1\r\n", NULL, BP_E_FORMAT, "d.csv:3: column 3 ('x'): found 'abc', expected a number"},
    {"x[0],x[1],x[2],k,y,\"a\nnote\"\n1,2,3,0,1,\"\n\n\"\n1,2,abc,0,1,\n", NULL, BP_E_FORMAT,
     "d.csv:6: column 3 ('x'): found 'abc', expected a number"},
    {"1,2,3,0,1\n1,2,,0,1\n", NULL, BP_E_FORMAT, "d.csv:2: column 3 ('x'): found nothing, expected a number"},
    {"1,2,3,0,1\n1,2,3,4,1\n", NULL, BP_E_RANGE, "d.csv:2: column 4 ('k'): found 4, expected an integer from 0 to 3"},
    {"1,2,3,-1,1\n", NULL, BP_E_RANGE, "d.csv:1: column 4 ('k'): found -1, expected an integer from 0 to 3"},
    {"1,2,3,1.5,1\n", NULL, BP_E_RANGE, "d.csv:1: column 4 ('k'): found 1.5, expected an integer from 0 to 3"},
    {"1,2,3,nan,1\n", NULL, BP_E_RANGE, "d.csv:1: column 4 ('k'): found nan, expected an integer from 0 to 3"},
    {"1,2,3,1,1\n1,\"2,3,1,1\n", NULL, BP_E_FORMAT, "d.csv:2: a quote is not closed"},
    {"1,\"2\"x,3,1,1\n", NULL, BP_E_FORMAT, "d.csv:1: found 'x' after a closing quote, expected a comma"},
    {"x[0],x[1],k,y\n1,2,0,1\n", NULL, BP_E_NAME, "d.csv:1: there is no column 'x[2]'"},
    {"x[0],x[1],x[3],k,y\n1,2,3,0,1\n", NULL, BP_E_SHAPE, "d.csv:1: column 3: found 'x[3]', but 'x' has 3 elements an example"},
    {"x[0],x[1],x[2],x[1],k,y\n1,2,3,4,0,1\n", NULL, BP_E_NAME, "d.csv:1: column 4: 'x[1]' is there twice"},
    {"x[0],x[1],x[2],k\n1,2,3,0\n", NULL, BP_E_NAME, "d.csv: the input 'y' is missing; found x, k"},
    {"1,2,3,0,1\n", "x=0:3,y=4", BP_E_NAME, "d.csv: the input 'k' is missing; found x, y"},
    {"1,2,3,0,1\n", "x=0:2,y=4", BP_E_SHAPE, "columns: 'x=0:2' are 2 columns, but 'x' has 3 elements an example"},
    {"1,2,3,0,1\n", "x=0:3,y=5", BP_E_SHAPE, "columns: 'y=5': d.csv has 5 columns, counted from 0"},
    {"1,2,3,0,1\n", "z=0", BP_E_NAME, "columns: 'z' is no input with an axis along the rows"},
    {"1,2,3,0,1\n", "x", BP_E_FORMAT, "columns: found 'x', expected NAME=FIRST:END or NAME=COLUMN"},
    {"1,2,3,0,1\n", "x=a:b", BP_E_FORMAT, "columns: 'x=a:b': expected two numbers around the colon"},
    {"{\"x\": [[1, 2, 3]], \"k\": [0]}", NULL, BP_E_NAME, "d.csv: the input 'y' is missing; found x, k"},
    {"{\"x\": [[1, 2, 3]], \"k\": [0], \"Y\": [1]}", NULL, BP_E_NAME, "d.csv: the model has no input 'Y'"},
    {"{\"x\": [[1, 2, 3]], \"k\": [0], \"yhot\": [1]}", NULL, BP_E_NAME,
     "d.csv: the model has no input 'yhot'; did you mean 'yhat'?"},
    {"{\"x\": [[1, 2, 3]], \"k\": [0], \"y\": [1, 2]}", NULL, BP_E_SHAPE, "d.csv: 'y' has n = 2, but 'x' has n = 1"},
    {"{\"x\": [[1, 2]], \"k\": [0], \"y\": [1]}", NULL, BP_E_SHAPE, "d.csv: 'x': found the shape [1, 2], expected [n, 3]"},
    {"{\"x\": [1, 2, 3], \"k\": [0], \"y\": [1]}", NULL, BP_E_SHAPE, "d.csv: 'x': found the shape [3], expected [n, 3]"},
    {"{\"x\": [[1, 2, 3], [4, 5]]}", NULL, BP_E_SHAPE, "d.csv: x[1]: found an array of 2, expected 3 as in the first one"},
    {"{\"x\": [[1, 2, 3], 4]}", NULL, BP_E_SHAPE, "d.csv: x[1]: found a number, expected an array of 3"},
    {"{\"x\": [[1, null, 3]]}", NULL, BP_E_FORMAT, "d.csv: x[0, 1]: found null, expected a number"},
    {"{\"x\": [[1, \"a\", 3]]}", NULL, BP_E_FORMAT, "d.csv: x[0, 1]: found a string, expected a number"},
    {"{\"x\": [[1, 2, 3], [1, 2, 3]], \"k\": [0, 9], \"y\": [1, 2]}", NULL, BP_E_RANGE,
     "d.csv: k[1]: found 9, expected an integer from 0 to 3"},
    {"{\"x\": [1,}", NULL, BP_E_FORMAT, "d.csv:1:10: not JSON: unexpected token near '}'"},
    {"{\"x\": 1} 2", NULL, BP_E_FORMAT, "d.csv:1:10: not JSON: end of file expected near '2'"},
};

START_TEST(bad_texts) {
    bp_data *data = NULL;
    bp_error error = {""};
    const bp_data_options options = {.columns = bad[_i].columns, .batch_dim = -1};
    const int status = bp_data_parse(&data, &toy, "d.csv", bad[_i].text, strlen(bad[_i].text), &options, &error);
    ck_assert_str_eq(error.text, bad[_i].message);
    ck_assert_int_eq(status, bad[_i].status);
    ck_assert_ptr_null(data);
}
END_TEST

START_TEST(zero_byte) {
    bp_data *data;
    bp_error error;
    ck_assert_int_eq(bp_data_parse(&data, &toy, "d", "1,2\0,3", 6, NULL, &error), BP_E_FORMAT);
    ck_assert_str_eq(error.text, "d: found a zero byte at offset 3, expected text");
}
END_TEST

/* ---- binary formats -------------------------------------------------------------------------------------------- */

/* A model with the one input x[n, 4] of integers in 0..256, for files of one array. */
static const bp_axis pixel_axes[] = {{0, 0}, {-1, 4}};
static const char *const pixel_dims[] = {"n"};
static const bp_tensor pixel_input = {
    .name = "x", .role = BP_INPUT, .integer = true, .lo = 0, .hi = 256, .rank = 2, .axis = pixel_axes};
static const bp_model pixels = {.name = "pixels",
                                .real = BP_F32,
                                .n_dims = 1,
                                .dims = pixel_dims,
                                .n_tensors = 1,
                                .tensors = &pixel_input,
                                .training = {.batch_dim = 0}};

static void check_pixels(const void *bytes, size_t size, const char *message) {
    bp_data *data;
    bp_error error = {""};
    const int status = bp_data_parse(&data, &pixels, "f", bytes, size, NULL, &error);
    ck_assert_str_eq(error.text, message);
    if (status) return;
    static const int32_t expected[] = {0, 1, 2, 255, 4, 5, 6, 7};
    ck_assert_int_eq(data->examples, 2);
    ck_assert_mem_eq(data->array[0].values, expected, sizeof expected);
    bp_data_free(data);
}

START_TEST(idx_format) {
    unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 2, 255, 4, 5, 6, 7};
    check_pixels(images, sizeof images, "");
    static const unsigned char shorts[] = {0, 0, 11, 2, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 1, 0, 2, 0, 255, 0, 4, 0, 5, 0, 6, 0, 7};
    check_pixels(shorts, sizeof shorts, "");
    check_pixels(images, sizeof images - 1, "f: found 7 bytes of values, expected 8 values of 1 bytes");
    check_pixels(images, 10, "f: an IDX file of 3 axes, but only 10 bytes long");
    images[2] = 7;
    check_pixels(images, sizeof images,
                 "f: not an IDX file: found the bytes 00 00 07, expected 00 00 and one of 08 09 0b 0c 0d 0e");
    images[2] = 9; /* signed: 255 is -1 */
    check_pixels(images, sizeof images, "f: x[0, 3]: found -1, expected an integer from 0 to 255");
}
END_TEST

/* An NPY file: its magic, version 1, the length of the header, the header, the values. */
static size_t make_npy(unsigned char *to, const char *header, const void *values, size_t size) {
    const size_t length = strlen(header);
    memcpy(to, "\x93NUMPY\x01\x00", 8);
    to[8] = (unsigned char)length;
    to[9] = (unsigned char)(length >> 8);
    memcpy(to + 10, header, length);
    memcpy(to + 10 + length, values, size);
    return 10 + length + size;
}

START_TEST(npy_format) {
    static const unsigned char u1[] = {0, 1, 2, 255, 4, 5, 6, 7}, fortran[] = {0, 4, 1, 5, 2, 6, 255, 7};
    static const unsigned char i2_big[] = {0, 0, 0, 1, 0, 2, 0, 255, 0, 4, 0, 5, 0, 6, 0, 7};
    static const unsigned char f2[] = {0, 0, 0, 0x3c, 0, 0x40, 0xf8, 0x5b, 0, 0x44, 0, 0x45, 0, 0x46, 0, 0x47}; /* half */
    static const float f4[] = {0, 1, 2, 255, 4, 5, 6, 7};
    static const int64_t i8[] = {0, 1, 2, -1, 4, 5, 6, 7};
    unsigned char file[512];
    check_pixels(file, make_npy(file, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 4), }\n", u1, 8), "");
    check_pixels(file, make_npy(file, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 2), }\n", u1, 8), "");
    check_pixels(file, make_npy(file, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 4), }\n", fortran, 8), "");
    check_pixels(file, make_npy(file, "{'descr': '>i2', 'fortran_order': False, 'shape': (2, 4), }\n", i2_big, 16), "");
    check_pixels(file, make_npy(file, "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 4), }\n", f2, 16), "");
    check_pixels(file, make_npy(file, "{'shape': (2,4),'fortran_order':False,'descr':'<f4'}", f4, 32), "");
    check_pixels(file, make_npy(file, "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 4), }\n", i8, 64),
                 "f: x[0, 3]: found -1, expected an integer from 0 to 255");
    check_pixels(file, make_npy(file, "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 4), }\n", u1, 8),
                 "f: 'x': found 8 bytes of values, expected 12 values of 1 bytes");
    check_pixels(
        file, make_npy(file, "{'descr': '<c8', 'fortran_order': False, 'shape': (1, ), }\n", u1, 8),
        "f: 'x': the header {'descr': '<c8', 'fortran_order': False, 'shape': (1, ), }\n is not one of a real or integer array");
    check_pixels(
        file,
        make_npy(file, "{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775807, 9223372036854775807), }", u1, 8),
        "f: 'x': found 8 bytes of values, expected 576460752303423487 values of 1 bytes");
}
END_TEST

/* A zip file with one deflated member x.npy, as numpy.savez_compressed writes it. */
static size_t make_npz(unsigned char *to, const unsigned char *npy, size_t size, bool deflated) {
    unsigned char packed[600];
    z_stream z = {0};
    size_t n = size, at;
    memcpy(packed, npy, size);
    if (deflated) {
        ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
        z.next_in = (unsigned char *)(uintptr_t)npy;
        z.avail_in = (uInt)size;
        z.next_out = packed;
        z.avail_out = sizeof packed;
        ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
        n = sizeof packed - z.avail_out;
        deflateEnd(&z);
    }
    const uLong crc = crc32(0, npy, (uInt)size);
    unsigned char fields[26] = {20, 0, 0, 0, deflated ? 8 : 0};
    for (int i = 0; i < 4; i++) {
        fields[10 + i] = (unsigned char)(crc >> (8 * i));
        fields[14 + i] = (unsigned char)(n >> (8 * i));
        fields[18 + i] = (unsigned char)(size >> (8 * i));
    }
    fields[22] = 5;
    memcpy(to, "PK\3\4", 4);
    memcpy(to + 4, fields, 26);
    memcpy(to + 30, "x.npy", 5);
    memcpy(to + 35, packed, n);
    at = 35 + n;
    memset(to + at, 0, 46 + 5 + 22);
    memcpy(to + at, "PK\1\2\24", 5);
    memcpy(to + at + 6, fields, 26);
    memcpy(to + at + 46, "x.npy", 5);
    memcpy(to + at + 51, "PK\5\6", 4);
    to[at + 51 + 8] = to[at + 51 + 10] = 1;
    to[at + 51 + 12] = 51;
    to[at + 51 + 16] = (unsigned char)at;
    to[at + 51 + 17] = (unsigned char)(at >> 8);
    return at + 51 + 22;
}

START_TEST(npz_format) {
    static const unsigned char u1[] = {0, 1, 2, 255, 4, 5, 6, 7};
    unsigned char npy[512], file[1024];
    const size_t n = make_npy(npy, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 4), }\n", u1, 8);
    for (int deflated = 0; deflated < 2; deflated++) {
        const size_t size = make_npz(file, npy, n, deflated);
        check_pixels(file, size, "");
        check_pixels(file, size - 10, "f: not a zip file that can be read: the directory is missing");
        file[40] ^= 1;
        bp_data *data;
        bp_error error;
        ck_assert_int_eq(bp_data_parse(&data, &pixels, "f", file, size, NULL, &error), BP_E_FORMAT);
        ck_assert_msg(strstr(error.text, "a checksum is wrong") || (deflated && strstr(error.text, "a member does not inflate")),
                      "%s", error.text);
    }
}
END_TEST

START_TEST(lists_of_files) {
    static const unsigned char x[] = {0, 0, 0x0D, 2,    0, 0, 0,    2,    0, 0, 0,    3,    0x3f, 0x80, 0,    0,    0x40, 0,
                                      0, 0, 0x40, 0x40, 0, 0, 0x40, 0x80, 0, 0, 0x40, 0xa0, 0,    0,    0x40, 0xc0, 0,    0};
    static const unsigned char k[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 3},
                               y[] = {0, 0, 0x0E, 1, 0, 0, 0, 2, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0, 0xbf, 0xf0, 0, 0, 0, 0, 0, 0};
    char list[1024];
    bp_data *data;
    bp_error error;
    put_file(temporary("x.idx"), x, sizeof x);
    put_file(temporary("k.idx"), k, sizeof k);
    put_file(temporary("y.idx"), y, sizeof y);
    snprintf(list, sizeof list, "x=%s,k=%s,y=%s", temporary("x.idx"), temporary("k.idx"), temporary("y.idx"));
    ck_assert_msg(bp_data_read(&data, &toy, list, NULL, &error) == BP_OK, "%s", error.text);
    check_examples(data);
    bp_data_free(data);
    ck_assert_int_eq(bp_data_parse(&data, &toy, "f", x, sizeof x, NULL, &error), BP_E_NAME);
    ck_assert_str_eq(error.text, "f: holds one array without a name; say which input it is: NAME=f");
}
END_TEST

/* Whatever the bytes, the readers return: every good file with bytes changed, cut off or put in. */
START_TEST(mangled_bytes) {
    static const unsigned char u1[] = {0, 1, 2, 255, 4, 5, 6, 7};
    unsigned char npy[512], seeds[4][1024], mangled[1024];
    size_t size[4];
    uint64_t s = 12345;
    const size_t n = make_npy(npy, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 4), }\n", u1, 8);
    size[0] = make_npz(seeds[0], npy, n, true);
    size[1] = make_npz(seeds[1], npy, n, false);
    memcpy(seeds[2], good[5].text, size[2] = strlen(good[5].text));
    memcpy(seeds[3], good[9].text, size[3] = strlen(good[9].text));
    for (int round = 0; round < 40000; round++) {
        const int f = round % 4;
        size_t length = size[f];
        memcpy(mangled, seeds[f], length);
        for (int change = 0; change < 1 + round % 3; change++) {
            s = s * 6364136223846793005u + 1442695040888963407u;
            mangled[(s >> 33) % length] = round % 2 ? (unsigned char)(s >> 20) : (unsigned char)",\"\n[]{}-1e9'"[(s >> 20) % 12];
        }
        if (round % 7 == 0) length = (size_t)(s >> 40) % length;
        unsigned char *exact = malloc(length + 1); /* so that a sanitiser sees a step beyond the end */
        memcpy(exact, mangled, length);
        bp_data *data;
        bp_error error = {""};
        const int status = bp_data_parse(&data, f < 2 ? &pixels : &toy, "f", exact, length, NULL, &error);
        ck_assert(status == BP_OK ? data != NULL : data == NULL && error.text[0]);
        bp_data_free(data);
        free(exact);
    }
}
END_TEST

/* ---- batches --------------------------------------------------------------------------------------------------- */

START_TEST(gathering) {
    static const bp_axis axes[] = {{-1, 2}, {0, 0}, {-1, 2}};
    const bp_tensor t = {.name = "x", .role = BP_INPUT, .rank = 3, .axis = axes};
    float values[] = {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15}, out[8];
    const bp_array a = {.tensor = &t, .rank = 3, .extent = {2, 3, 2}, .count = 12, .values = values};
    const int64_t order[] = {2, 0};
    static const float expected[] = {4, 5, 0, 1, 14, 15, 10, 11};
    ck_assert_int_eq(bp_batch_axis(&t, 0), 1);
    ck_assert_int_eq(bp_batch_axis(&t, 1), -1);
    bp_gather(&pixels, &a, 1, order, 2, out);
    ck_assert_mem_eq(out, expected, sizeof expected);
}
END_TEST

Suite *suite_data(void) {
    Suite *suite = suite_create("data");
    TCase *tests = tcase_create("formats");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, good_texts, 0, sizeof good / sizeof *good);
    tcase_add_test(tests, files);
    tcase_add_test(tests, special_numbers);
    tcase_add_test(tests, overrides);
    tcase_add_loop_test(tests, bad_texts, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tests, zero_byte);
    tcase_add_test(tests, idx_format);
    tcase_add_test(tests, npy_format);
    tcase_add_test(tests, npz_format);
    tcase_add_test(tests, lists_of_files);
    tcase_add_test(tests, mangled_bytes);
    tcase_add_test(tests, gathering);
    suite_add_tcase(suite, tests);
    return suite;
}
