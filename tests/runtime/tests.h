/* The suites of libbp's tests, one a file; test_runtime.c runs them all. */
#ifndef BP_TESTS_H
#define BP_TESTS_H

#include <check.h>

Suite *suite_math(void);

#endif
