#!/bin/sh
# The C compiler without optimisation: for random models, which are compiled once and run for a moment.
for word; do
    shift
    [ "$word" = -O2 ] && word=-O0
    set -- "$@" "$word"
done
exec gcc "$@"
