#!/bin/sh
# Generates the Jacobian as a file that needs no runtime, compiles, runs the loop.
set -e
cd "$(dirname "$0")"
bpc=${BPC:-../../build/bpc}
out=${OUT:-build}
mkdir -p "$out"

"$bpc" arm.bp --standalone --want value,jacobian --of shift,rotation --wrt theta -o "$out/arm.c"
${CC:-cc} -std=c11 -O2 -Wall -Wextra -Wpedantic -Wconversion -Wdouble-promotion -I"$out" -o "$out/control" control.c "$out/arm.c" -lm
"$out/control"
