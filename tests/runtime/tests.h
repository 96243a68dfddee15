/* The suites of libbp's tests, one a file; test_runtime.c runs them all. */
#ifndef BP_TESTS_H
#define BP_TESTS_H

#include <check.h>
#include <stddef.h>

Suite *suite_math(void);
Suite *suite_math_fused(void); /* only where the processor can, x86-64 with FMA */
Suite *suite_random(void);
Suite *suite_blas(void);
Suite *suite_linalg(void);
Suite *suite_optimizer(void);
Suite *suite_data(void);
Suite *suite_weights(void);
Suite *suite_train(void);

/* A path in a folder of this process's own, which is removed at exit; valid until the next eight calls. */
const char *temporary(const char *name);

/* Write bytes to a file; read a whole file (free it). */
void put_file(const char *path, const void *bytes, size_t size);
unsigned char *get_file(const char *path, size_t *size);

#endif
