/* Weights and checkpoints: the bytes of the files against the descriptions of the formats, round trips, what wrong files
 * get, and that a failure leaves everything as it was. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bp_weights.h"
#include "model.h"
#include "tests.h"

static const double params[4] = {1, -2.5, 1e300, 0.1}, state[1] = {7};

START_TEST(safetensors_bytes) {
    static const char header[] = "{\"__metadata__\":{\"model\":\"toy\"},"
                                 "\"W\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[0,24]},"
                                 "\"b\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[24,32]},"
                                 "\"mu\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[32,40]}}";
    const char *path = temporary("w.safetensors");
    bp_error error;
    size_t size;
    ck_assert_msg(bp_weights_save(&toy, params, state, path, &error) == BP_OK, "%s", error.text);
    unsigned char *bytes = get_file(path, &size);
    const size_t padded = (sizeof header - 1 + 7) / 8 * 8;
    ck_assert_uint_eq(size, 8 + padded + 40);
    ck_assert_uint_eq(bytes[0] | (unsigned)bytes[1] << 8, padded);
    for (int i = 2; i < 8; i++) ck_assert_uint_eq(bytes[i], 0);
    ck_assert_mem_eq(bytes + 8, header, sizeof header - 1);
    for (size_t i = sizeof header - 1; i < padded; i++) ck_assert_uint_eq(bytes[8 + i], ' ');
    ck_assert_mem_eq(bytes + 8 + padded, params, sizeof params);
    ck_assert_mem_eq(bytes + 8 + padded + 32, state, sizeof state);
    free(bytes);
}
END_TEST

/* The first member of the zip file: its local header, then an NPY array whose values begin at a multiple of 64. */
START_TEST(npz_bytes) {
    static const char header[] = "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }";
    const char *path = temporary("w.npz");
    size_t size;
    ck_assert_int_eq(bp_weights_save(&toy, params, state, path, NULL), BP_OK);
    unsigned char *bytes = get_file(path, &size);
    ck_assert_mem_eq(bytes, "PK\3\4\24\0\0\0\0\0", 10);
    ck_assert_mem_eq(bytes + 26, "\5\0\0\0W.npy\x93NUMPY\1\0\166\0", 19);
    ck_assert_mem_eq(bytes + 45, header, sizeof header - 1);
    ck_assert_uint_eq(bytes[35 + 127], '\n');
    ck_assert_mem_eq(bytes + 35 + 128, params, 24);
    ck_assert_mem_eq(bytes + size - 22, "PK\5\6\0\0\0\0\3\0\3\0", 12);
    free(bytes);
}
END_TEST

START_TEST(round_trips) {
    static const char *const name[] = {"r.safetensors", "r.npz"};
    for (int i = 0; i < 2; i++) {
        double p[4] = {0}, s[1] = {0};
        bp_error error;
        const char *path = temporary(name[i]);
        ck_assert_int_eq(bp_weights_save(&toy, params, state, path, &error), BP_OK);
        ck_assert_msg(bp_weights_load(&toy, p, s, path, &error) == BP_OK, "%s", error.text);
        ck_assert_mem_eq(p, params, sizeof p);
        ck_assert_mem_eq(s, state, sizeof s);
        p[0] = 0;
        ck_assert_int_eq(bp_weights_save(&toy, params, NULL, path, &error), BP_OK); /* without the state … */
        s[0] = 3;
        ck_assert_int_eq(bp_weights_load(&toy, p, s, path, &error), BP_OK); /* … which then stays */
        ck_assert(p[0] == 1 && s[0] == 3);
    }
}
END_TEST

/* A safetensors file of this header, and values. */
static const char *make_file(const char *header, const void *values, size_t size) {
    unsigned char bytes[1024] = {0};
    const size_t length = strlen(header);
    bytes[0] = (unsigned char)length;
    bytes[1] = (unsigned char)(length >> 8);
    memcpy(bytes + 8, header, length);
    memcpy(bytes + 8 + length, values, size);
    const char *path = temporary("made");
    put_file(path, bytes, 8 + length + size);
    return path;
}

START_TEST(other_types) {
    static const unsigned char values[] = {0, 0x3c, 0, 0xc0, 0xff, 0x7b, 0, 0, 0x80, 0x3e}; /* halves 1, -2, 65504; float 0.25 */
    double p[4] = {0};
    bp_error error;
    const char *path = make_file("{\"W\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,6]},"
                                 "\"b\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[6,10]}}",
                                 values, sizeof values);
    ck_assert_msg(bp_weights_load(&toy, p, NULL, path, &error) == BP_OK, "%s", error.text);
    ck_assert(p[0] == 1 && p[1] == -2 && p[2] == 65504 && p[3] == 0.25);
}
END_TEST

#define B "\"b\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[24,32]}"
static const struct {
    const char *header;
    int status;
    const char *message;
} wrong[] = {
    {"{" B "}", BP_E_NAME, "the parameter 'W' is missing"},
    {"{\"W\":{\"dtype\":\"F64\",\"shape\":[1,3],\"data_offsets\":[0,24]}," B "}", BP_E_SHAPE,
     "'W': found the shape [1, 3], expected [3]"},
    {"{\"W\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[0,24]}," B
     ",\"V\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[24,32]}}",
     BP_E_NAME, "the model has no parameter 'V'"},
    {"{\"W\":{\"dtype\":\"I64\",\"shape\":[3],\"data_offsets\":[0,24]}}", BP_E_FORMAT,
     "'W': found the type I64, expected F16, F32 or F64"},
    {"{\"W\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[0,16]}}", BP_E_FORMAT,
     "'W': its data_offsets do not fit its shape or the file"},
    {"{\"W\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[16,40]}}", BP_E_FORMAT,
     "'W': its data_offsets do not fit its shape or the file"},
    {"{\"W\":{\"dtype\":\"F64\",\"shape\":[-3],\"data_offsets\":[0,24]}}", BP_E_FORMAT, "'W': a size that cannot be"},
    {"{\"W\":3}", BP_E_FORMAT, "'W': expected dtype, shape and data_offsets"},
};

START_TEST(wrong_files) {
    double p[4] = {9, 9, 9, 9};
    bp_error error;
    char expected[600];
    const char *path = make_file(wrong[_i].header, params, 32);
    snprintf(expected, sizeof expected, "%s: %s", path, wrong[_i].message);
    ck_assert_int_eq(bp_weights_load(&toy, p, NULL, path, &error), wrong[_i].status);
    ck_assert_str_eq(error.text, expected);
    for (int i = 0; i < 4; i++) ck_assert_double_eq(p[i], 9);
}
END_TEST

START_TEST(no_safetensors) {
    bp_error error;
    double p[4];
    const char *path = temporary("short");
    put_file(path, "abc", 3);
    ck_assert_int_eq(bp_weights_load(&toy, p, NULL, path, &error), BP_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(error.text, "not a safetensors file: 3 bytes, which is too short"));
    put_file(path, "\x04\0\0\0\0\0\0\0{{}}", 12);
    ck_assert_int_eq(bp_weights_load(&toy, p, NULL, path, &error), BP_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(error.text, "its header is not JSON"));
    put_file(path, "\xff\xff\xff\xff\xff\xff\xff\xff{}", 10);
    ck_assert_int_eq(bp_weights_load(&toy, p, NULL, path, &error), BP_E_FORMAT);
}
END_TEST

/* Damaged files end in an error or in values, never elsewhere. */
START_TEST(mangled_weights) {
    size_t size;
    uint64_t s = 99;
    bp_weights_save(&toy, params, state, temporary("m"), NULL);
    unsigned char *bytes = get_file(temporary("m"), &size), *copy = malloc(size);
    for (int round = 0; round < 3000; round++) {
        double p[4], st[1];
        bp_error error;
        memcpy(copy, bytes, size);
        for (int i = 0; i < 2; i++) {
            s = s * 6364136223846793005u + 1442695040888963407u;
            copy[(s >> 33) % (size - 40)] = round % 2 ? (unsigned char)(s >> 24) : (unsigned char)"0123456789[]"[(s >> 24) % 12];
        }
        const char *path = temporary("mangled");
        put_file(path, copy, round % 5 ? size : (size_t)(s >> 40) % size);
        (void)bp_weights_load(&toy, p, st, path, &error);
    }
    free(bytes);
    free(copy);
}
END_TEST

/* A file that cannot be written leaves the old one, and nothing else, behind. */
START_TEST(atomic) {
    char expected[300];
    bp_error error;
    snprintf(expected, sizeof expected, "%s/w: cannot write: No such file or directory", temporary("none"));
    ck_assert_int_eq(bp_weights_save(&toy, params, state, expected, &error), BP_E_IO);
    char path[300];
    snprintf(path, sizeof path, "%s/w", temporary("none"));
    ck_assert_int_eq(bp_weights_save(&toy, params, state, path, &error), BP_E_IO);
    ck_assert_str_eq(error.text, expected);
    ck_assert_int_eq(mkdir(temporary("folder"), 0777), 0);
    ck_assert_int_eq(bp_weights_save(&toy, params, state, temporary("folder"), &error), BP_E_IO); /* rename onto a folder */
    ck_assert_ptr_nonnull(strstr(error.text, "Is a directory"));
}
END_TEST

START_TEST(checkpoints) {
    bp_optimizer *o, *again, *other;
    bp_position at = {.epoch = 3,
                      .step = 17,
                      .step_in_epoch = 2,
                      .seed = ~(uint64_t)0,
                      .batch = 4,
                      .epochs = 9,
                      .n_sums = 2,
                      .sum = {0.1, 8}},
                back;
    double p[4], s[1], q[4] = {1, 2, 3, 4}, g[4] = {1, -1, 0.5, 3};
    bp_error error;
    const char *path = temporary("c");
    ck_assert_int_eq(bp_optimizer_new(&o, "adam", BP_F64, 4, NULL), BP_OK);
    ck_assert_int_eq(bp_optimizer_new(&again, "adam", BP_F64, 4, NULL), BP_OK);
    ck_assert_int_eq(bp_optimizer_new(&other, "sgd", BP_F64, 4, NULL), BP_OK);
    bp_optimizer_step(o, q, g, 1);
    bp_optimizer_step(o, q, g, 1);
    ck_assert_msg(bp_checkpoint_save(&toy, q, state, o, &at, path, &error) == BP_OK, "%s", error.text);
    ck_assert_msg(bp_checkpoint_load(&toy, p, s, again, &back, path, &error) == BP_OK, "%s", error.text);
    ck_assert_mem_eq(p, q, sizeof p);
    ck_assert_mem_eq(bp_optimizer_memory(o), bp_optimizer_memory(again), 8 * sizeof(double));
    ck_assert_int_eq(bp_optimizer_count(again), 2);
    ck_assert(back.epoch == 3 && back.step == 17 && back.step_in_epoch == 2 && back.seed == ~(uint64_t)0 && back.batch == 4 &&
              back.epochs == 9);
    ck_assert(back.n_sums == 2 && back.sum[0] == 0.1 && back.sum[1] == 8);
    ck_assert_int_eq(bp_weights_load(&toy, p, s, path, &error), BP_OK); /* a checkpoint holds weights */
    ck_assert_int_eq(bp_checkpoint_load(&toy, p, s, other, &back, path, &error), BP_E_NAME);
    ck_assert_ptr_nonnull(strstr(error.text, "is of a run with adam, not sgd"));
    ck_assert_int_eq(bp_weights_save(&toy, q, state, path, &error), BP_OK);
    ck_assert_int_eq(bp_checkpoint_load(&toy, p, s, again, &back, path, &error), BP_E_NAME);
    ck_assert_ptr_nonnull(strstr(error.text, "not a checkpoint"));
    bp_optimizer_free(o);
    bp_optimizer_free(again);
    bp_optimizer_free(other);
}
END_TEST

Suite *suite_weights(void) {
    Suite *suite = suite_create("weights");
    TCase *tests = tcase_create("files");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, safetensors_bytes);
    tcase_add_test(tests, npz_bytes);
    tcase_add_test(tests, round_trips);
    tcase_add_test(tests, other_types);
    tcase_add_loop_test(tests, wrong_files, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(tests, no_safetensors);
    tcase_add_test(tests, mangled_weights);
    tcase_add_test(tests, atomic);
    tcase_add_test(tests, checkpoints);
    suite_add_tcase(suite, tests);
    return suite;
}
