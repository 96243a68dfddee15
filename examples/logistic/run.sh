#!/bin/sh
# Checks the gradient, trains, and predicts with what was learnt.
set -e
cd "$(dirname "$0")"
bpc=${BPC:-../../build/bpc}
out=${OUT:-.}

"$bpc" check logistic.bp --data points.csv
"$bpc" train logistic.bp --data points.csv --split 0.25 -o "$out/logistic.safetensors" "$@"
