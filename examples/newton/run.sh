#!/bin/sh
# Generates a dense and a sparse Hessian, compiles, runs. The sparse one wants SuiteSparse (Debian: libsuitesparse-dev).
set -e
cd "$(dirname "$0")"
bpc=${BPC:-../../build/bpc}
out=${OUT:-build}
mkdir -p "$out"
cflags="-std=c11 -O2 -Wall -Wextra -Wpedantic -Wconversion -I$out"

"$bpc" launches.bp --standalone --want gradient,hessian -o "$out/launches.c"
${CC:-cc} $cflags -o "$out/dense" dense.c "$out/launches.c" -lm
"$out/dense"

"$bpc" film.bp --standalone --want value,gradient,hessian --wrt u --sparse -o "$out/film.c"
${CC:-cc} $cflags -o "$out/sparse" sparse.c "$out/film.c" -lcholmod -lm
"$out/sparse"
