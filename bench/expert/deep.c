/* Twenty layers of 256 tanh under the mean squared error, by hand. */
#define ACTIVATION(z) tanh_f(z)
#define SLOPE(a) (1 - (a)*(a))
#include "net.h"
