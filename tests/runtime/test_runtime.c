/* Runs libbp's unit tests.  CK_RUN_SUITE=name runs one suite, CK_FORK=no helps a debugger. */
#include "tests.h"

#include <stdlib.h>

int main(void) {
  SRunner *runner = srunner_create(suite_math());
  srunner_run_all(runner, CK_ENV);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
