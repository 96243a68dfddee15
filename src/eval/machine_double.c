/* The interpreter in double. */
#define REAL double
#define OP_VALUE op_value
#define MACHINE machine_double
#include "eval/machine.inc"
