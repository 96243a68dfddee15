/* limits.h - what one core of this machine can do at most. Prints lines `limit NAME VALUE`: Gflop/s and GB/s. */
#ifndef LIMITS_H
#define LIMITS_H
void limits(void);
#endif
