#include "tests.h"
Suite *suite_train(void) { return suite_create("train"); }
