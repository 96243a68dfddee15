/* Runs libbp's unit tests.  CK_RUN_SUITE=name runs one suite, CK_FORK=no helps a debugger. */
#define _XOPEN_SOURCE 700
#include "tests.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at) {
    (void)info, (void)type, (void)at;
    return remove(path);
}

const char *temporary(const char *name) {
    static char path[8][256];
    static int next;
    char *p = path[next++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

void put_file(const char *path, const void *bytes, size_t size) {
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, size, f), size);
    ck_assert_int_eq(fclose(f), 0);
}

unsigned char *get_file(const char *path, size_t *size) {
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    unsigned char *bytes = malloc(1 << 20);
    *size = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    return bytes;
}

int main(void) {
    strcpy(folder, "/tmp/bp-test-XXXXXX");
    if (!mkdtemp(folder)) return EXIT_FAILURE;
    SRunner *runner = srunner_create(suite_math());
#ifdef __x86_64__
    if (__builtin_cpu_supports("fma")) srunner_add_suite(runner, suite_math_fused());
#endif
    srunner_add_suite(runner, suite_random());
    srunner_add_suite(runner, suite_blas());
    srunner_add_suite(runner, suite_linalg());
    srunner_add_suite(runner, suite_optimizer());
    srunner_add_suite(runner, suite_data());
    srunner_add_suite(runner, suite_weights());
    srunner_add_suite(runner, suite_train());
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
