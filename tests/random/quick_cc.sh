#!/bin/sh
# The C compiler without optimisation: for random models, which are compiled once and run for a moment.
for word; do
    shift
    case $word in -O1 | -O2) word=-O0 ;; esac
    set -- "$@" "$word"
done
exec gcc "$@"
