/* The interpreter in long double: what finite differences are taken of. */
#define REAL long double
#define OP_VALUE op_value_long
#define MACHINE machine_long
#include "eval/machine.inc"
