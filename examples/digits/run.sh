#!/bin/sh
# Trains on four fifths of the digits and tests on the rest: at least 97 of 100 are read right.
set -e
cd "$(dirname "$0")"
bpc=${BPC:-../../build/bpc}
out=${OUT:-.}

"$bpc" train digits.bp --data digits.csv.gz --split 0.2 -o "$out/digits.safetensors" "$@"
