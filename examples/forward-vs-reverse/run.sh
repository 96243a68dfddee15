#!/bin/sh
# Where the lines cross: the Jacobian of m outputs by n inputs in forward mode (a pass an input) and in reverse mode (a pass an
# output), for n from 4 to 512. The plot is drawn for 32 outputs; for other numbers only the crossing is printed.
set -e
cd "$(dirname "$0")"
bpc=${BPC:-../../build/bpc}
out=${OUT:-.}

study="bench layers.bp --wrt x -D h=64 --sweep n=4..512 --modes backward,forward,k-forward --seconds 0.05"
"$bpc" $study -D m=32 --plot "$out/crossing.svg" "$@" 2> /dev/null
for m in 8 128; do
    echo "with $m outputs:"
    "$bpc" $study -D m=$m "$@" 2> /dev/null | tail -n 1
done
