#!/bin/sh
# Generates the sparse Jacobian, compiles, adjusts. Wants SuiteSparse (Debian: libsuitesparse-dev).
set -e
cd "$(dirname "$0")"
bpc=${BPC:-../../build/bpc}
out=${OUT:-build}
mkdir -p "$out"

"$bpc" ba.bp --standalone --want value,jacobian --of r --wrt cams,points --sparse -o "$out/ba.c"
${CC:-cc} -std=c11 -O2 -Wall -Wextra -Wpedantic -Wconversion -I"$out" -o "$out/adjust" adjust.c "$out/ba.c" -lcholmod -lm
"$out/adjust"
