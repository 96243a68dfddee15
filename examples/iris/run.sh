#!/bin/sh
# Trains on a table with a header line, holding a fifth of it out.
set -e
cd "$(dirname "$0")"
bpc=${BPC:-../../build/bpc}
out=${OUT:-.}

"$bpc" train iris.bp --data iris.csv --split 0.2 -o "$out/iris.safetensors" --log "$out/iris.log.csv" "$@"
