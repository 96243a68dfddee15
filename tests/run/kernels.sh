# The matrix products of generated code against plain sums, for the widths of vectors that this machine has, in both precisions, by gcc and clang
# and by a compiler without vectors; and which nests become products.
. tests/run/common.sh
avx2=$(grep -qw avx2 /proc/cpuinfo 2> /dev/null && echo "-O2,-mavx2,-mfma")
for real in f32 f64; do
    [ $real = f32 ] && type=float || type=double
    status_is 0 "$real: bpc" "$BPC" tests/generated/kernels.bp --prefix net --real $real -o "$TMP/net.c"
    for compiler in gcc clang tcc; do
        command -v $compiler > /dev/null || continue
        flags="-O1,-fsanitize=address,undefined,-fno-sanitize-recover=undefined $avx2 -O3,-march=native"
        [ $compiler = tcc ] && flags=-O1
        for with in $flags; do
            name="$real, $compiler $with"
            options=$(echo "$with" | sed 's/,-/ -/g')
            status_is 0 "$name" $compiler -w -std=gnu11 $options -DREAL=$type -DKERNELS="\"$TMP/net.c\"" -Iruntime tests/generated/kernels.c -o "$TMP/kernels" -lm
            [ "$got" != 0 ] || status_is 0 "$name: as plain sums" "$TMP/kernels"
        done
    done
done
plan_has "a convolution is one product over channels and places" 2 "_y_sum.* = product of conv.* over 3 loops" tests/generated/kernels.bp
plan_has "the gradient of a filter sums over examples, rows and columns" 4 "W_bar.* += product of .* over" tests/generated/kernels.bp
plan_has "subscripts that are digits of one index are that index" 1 "g_bar.* = product of V" tests/generated/kernels.bp
plan_has "what is written once is not set to 0 before" 1 "h_y_bar.*2.s + p.* = if p.2 + q ==" tests/generated/kernels.bp
plan_has "the greatest and which one it is come from one loop" 1 "_win.* = if relu.* <= " tests/generated/kernels.bp
finish
