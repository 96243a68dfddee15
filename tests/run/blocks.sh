# The block schedule: derivatives hold however many examples a block has, arrays that the caller does not give are not written, and
# the plan finds blocks, lanes and matrix products where they are.
. tests/run/common.sh

for n in 1 2 5; do
    CC=tcc status_is 0 "the corpus, $n to a block" "$BPC" check tests/models/*.bp --block $n --real f64 --tolerance 1e-8
done

# Blocks that are whole, one short of it, one over; each alone of the arrays, none, and all of them. Against all examples at once.
: > "$TMP/pair.h"
compare() { # model, its examples
    stem=$(basename "$1" .bp)
    for n in 0 4 64; do
        status_is 0 "$stem, --block $n" "$BPC" "$1" --block $n --real f64 --prefix model -o "$TMP/model.c"
        status_is 0 "$stem, --block $n: cc" $CC -std=c11 -O1 -fopenmp-simd $SANITIZE -Iruntime -I"$TMP" -Itests/generated tests/generated/blocks.c "$TMP/model.c" "$BUILD/libbp.a" -lz -lm -o "$TMP/blocks"
        SIZE=$2 ASAN_OPTIONS=detect_leaks=0 "$TMP/blocks" > "$TMP/$n.txt" 2> "$TMP/err" || fail "$stem, --block $n" "$(cat "$TMP/err")"
    done
    for n in 4 64; do status_is 0 "$stem: --block $n as all at once" python3 tests/run/blocks.py "$TMP/0.txt" "$TMP/$n.txt"; done
}
SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
for model in gaussian_mixture notes_regression mlp batchnorm conv2d_pool logistic softmax_regression; do
    compare tests/models/$model.bp 65
done

plan_has "GMM has one loop over blocks" 1 "loop i0 in i_from..i_to by" tests/adbench/gmm.bp
plan_has "… and examples in lanes" 8 "loop i in i0..i1 simd" tests/adbench/gmm.bp
plan_has "sums over lanes take several turns at once" 2 "loop b in .* by 4" bench/models/gmm.bp
plan_has "a net's products are of blocks" 5 "product of" bench/models/small.bp
plan_has "layers in an array" 7 "product of" bench/models/deep.bp
plan_has "convolutions" 7 "product of" bench/models/cnn.bp
plan_has "a recurrence: weights at each time" 5 "product of" bench/models/lstm.bp
plan_has "attention" 24 "product of" bench/models/transformer.bp
"$BPC" bench/models/transformer.bp -o "$TMP/transformer.c"
found=$(grep -c "const float w_lse_.* = w_lse\[" "$TMP/transformer.c")
[ "$found" -ge 2 ] && pass || fail "vector loops read once what all turns read" "$found constants before them"
plan_has "a loop that chooses by its index is written out" 1 "q.i,1. = p_block.i,1..q_cos + (axis.2..p_block.i,0. - axis.0..p_block.i,2.)" tests/models/rigid_fit.bp
plan_has "batch norm takes phases" 3 "loop i0 in i_from..i_to by" tests/models/batchnorm.bp
finish
