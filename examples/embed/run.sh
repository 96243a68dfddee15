#!/bin/sh
# Generates, compiles as plain files, runs.
set -e
cd "$(dirname "$0")"
bpc=${BPC:-../../build/bpc}
out=${OUT:-.}

"$bpc" cooling.bp --standalone -o "$out/cooling.c"
${CC:-cc} -O2 -Wall -Wextra -I"$out" -o "$out/fit" fit.c "$out/cooling.c" -lm
"$out/fit"
