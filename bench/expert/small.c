/* 64-128-10 with tanh and cross-entropy, by hand; also the two-layer nets of the sweeps. */
#define ACTIVATION(z) tanh_f(z)
#define SLOPE(a) (1 - (a)*(a))
#define CROSS_ENTROPY
#include "net.h"
