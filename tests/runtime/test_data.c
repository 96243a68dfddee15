#include "tests.h"
Suite *suite_data(void) { return suite_create("data"); }
