# Two ways to write one model give the same C, byte for byte, but for the comments: tests/same/NAME.array.bp, NAME.index.bp.
. tests/run/common.sh
for array in tests/same/*.array.bp; do
    name=$(basename "$array" .array.bp)
    for level in 0 2; do
        for form in array index; do
            "$BPC" tests/same/$name.$form.bp -O$level --prefix model -o "$TMP/model.c" 2> "$TMP/err" || fail "$name.$form" "does not compile"
            sed -e 's|/\*.*\*/||' -e '/^ *\/\*/,/\*\//d' -e 's/ *$//' "$TMP/model.c" > "$TMP/$form.c"
        done
        status_is 0 "$name -O$level" cmp "$TMP/array.c" "$TMP/index.c"
        [ "$got" = 0 ] || diff "$TMP/array.c" "$TMP/index.c" | head -20
    done
done

# A thousand stacked layers, and a million steps, are as much code as few.
layers() { # how many
    printf 'dim m\ninput x[m, 8]\nlayer block(k) {\n  param W[k, k] ~ xavier\n  param b[k] = 0\n  apply(x) = x + tanh(W @ x + b)\n}\n'
    printf 'use blk[%s] = block(8)\nh[0, i in 0..m, j in 0..8] = x[i, j]\n' "$1"
    printf 'h[l in 1..%s, i in 0..m] = blk[l-1](h[l-1, i])\nloss L = mean[i](sum(h[%s, i]^2))\n' $(($1 + 1)) "$1"
}
steps() { printf 'input u[%s]\nparam a = 0.5\nh[t] = tanh(a*h[t-1 | 0] + u[t])\nloss L = mean(h^2)\n' "$1"; }
as_long() { # name, two numbers
    for n in "$2" "$3"; do
        "$1" "$n" > "$TMP/$n.bp"
        status_is 0 "$1 $n" "$BPC" "$TMP/$n.bp" --threads none -o "$TMP/$n.c" # only what is long is shared out
    done
    few=$(wc -l < "$TMP/$2.c") many=$(wc -l < "$TMP/$3.c")
    [ "$few" = "$many" ] && pass || fail "$1" "$2 take $few lines, $3 take $many"
}
as_long layers 20 1000 # both taken four at a time
as_long steps 10 1000000
finish
