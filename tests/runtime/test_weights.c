#include "tests.h"
Suite *suite_weights(void) { return suite_create("weights"); }
