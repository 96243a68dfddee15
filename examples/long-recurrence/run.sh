#!/bin/sh
# The gradient of a recurrence of a million steps, kept whole and cut in two ways: the same number, in other amounts of memory. Then
# the fit, in an address space too small for the whole.
set -e
cd "$(dirname "$0")"
bpc=${BPC:-../../build/bpc}
out=${OUT:-build}

build() { # folder, how to keep what
    mkdir -p "$out/$1"
    # shellcheck disable=SC2086 # how is words
    "$bpc" oscillator.bp --standalone $2 -o "$out/$1/oscillator.c"
    ${CC:-cc} -std=c11 -O2 -Wall -Wextra -Wpedantic -Wconversion -I"$out/$1" -o "$out/$1/fit" fit.c "$out/$1/oscillator.c" -lm
    "$out/$1/fit" > "$out/$1/gradient"
    printf '%-18s %11d bytes   loss and gradient %s\n' "$2" $(head -n 1 "$out/$1/gradient") "$(tail -n 1 "$out/$1/gradient")"
}
build none "--checkpoint none"
build sqrt "--checkpoint sqrt"
build memory "--memory 1M"
for other in sqrt memory; do
    [ "$(tail -n 1 "$out/none/gradient")" = "$(tail -n 1 "$out/$other/gradient")" ] || { echo "the gradients differ"; exit 1; }
done
echo "the gradients are equal bit by bit"
(
    ulimit -v 16384 # KiB of address space, program and libraries included
    status=0
    "$out/none/fit" > "$out/refused" || status=$? # 2: no memory
    [ $status = 2 ] || { echo "without checkpoints, in 16 MB: status $status"; exit 1; }
    "$out/memory/fit" steps
)
