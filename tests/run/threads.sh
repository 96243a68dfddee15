# Threads: results are the same to the last bit on 1, 2, 3 and 8 of them, and alike without any; the plan shares out what it should.
. tests/run/common.sh

: > "$TMP/pair.h"
flags="-std=c11 -D_POSIX_C_SOURCE=200809L -O2 -Wall -Wextra -Wpedantic -Wconversion -Wdouble-promotion -Werror -Iruntime -I$TMP"
driver="-std=c11 -D_POSIX_C_SOURCE=200809L -O1 -Iruntime -I$TMP -Itests/generated"
compare() { # model, real type, sizes, options of bpc
    model=$1 real=$2 sizes=$3
    stem=$(basename "$model" .bp) what="$(basename "$model" .bp), $2"
    shift 3
    status_is 0 "$what" "$BPC" "$model" --real "$real" --prefix model -o "$TMP/model.c" "$@"
    status_is 0 "$what: cc -fopenmp" $CC $flags -fopenmp -c "$TMP/model.c" -o "$TMP/shared.o"
    status_is 0 "$what: cc" $CC $flags -fopenmp-simd -c "$TMP/model.c" -o "$TMP/alone.o"
    $CC $driver -fopenmp tests/generated/threads.c "$TMP/shared.o" "$BUILD/libbp.a" -lz -lm -o "$TMP/shared" || fail "$what" "no driver"
    $CC $driver tests/generated/threads.c "$TMP/alone.o" "$BUILD/libbp.a" -lz -lm -o "$TMP/alone" || fail "$what" "no driver"
    for size in $sizes; do
        SIZE=$size OMP_WAIT_POLICY=passive status_is 0 "$what, size $size: on 1, 2, 3 and 8 threads" "$TMP/shared"
        cp "$TMP/out" "$TMP/shared.txt"
        SIZE=$size status_is 0 "$what, size $size: without threads" "$TMP/alone"
        cp "$TMP/out" "$TMP/alone.txt" # where compilers may add up in another order
        [ $real = f32 ] || status_is 0 "$what, size $size: both alike" python3 tests/run/blocks.py "$TMP/alone.txt" "$TMP/shared.txt"
    done
}
for real in f32 f64; do
    for model in tests/models/gaussian_mixture tests/models/conv2d_pool tests/models/logistic tests/models/notes_regression; do compare $model.bp $real "1 300 5000"; done
    compare bench/models/mlp.bp $real "7 130"
    compare tests/models/batchnorm.bp $real "5000" --block 64
    compare tests/models/n_body.bp $real "60"
done
compare bench/models/gmm.bp f32 "1000"
compare bench/models/cnn.bp f32 "130"
compare bench/models/lstm.bp f64 "40"
compare bench/models/transformer.bp f32 "3"

plan_has "blocks of lanes are shared out" 1 "by i_each on threads" bench/models/gmm.bp
plan_has "… each thread with arrays of its own" 10 "of each thread" bench/models/gmm.bp
plan_has "… whose sums are added one by one" 1 "one by one" bench/models/gmm.bp
plan_has "heads of attention are shared out" 1 "loop .* on threads" bench/models/transformer.bp
"$BPC" bench/models/mlp.bp -o "$TMP/mlp.c"
found=$(grep -c "product_shared(" "$TMP/mlp.c")
[ "$found" -ge 6 ] && pass || fail "products are shared out" "$found calls"
"$BPC" bench/models/gmm.bp --threads none -o "$TMP/gmm.c"
found=$(grep -c "omp parallel\|_OPENMP\|omp ordered" "$TMP/gmm.c")
[ "$found" = 0 ] && pass || fail "--threads none" "$found lines of OpenMP"

# Training, where all is compiled together.
train() { status_is 0 "train --threads $1" "$BPC" train examples/iris/iris.bp --data examples/iris/iris.csv --epochs 3 --batch 150 --threads $1 -o "$TMP/$1.safetensors"; }
command -v gcc > /dev/null && export CC=gcc # whose OpenMP is always there
train 2
train 3
cmp -s "$TMP/2.safetensors" "$TMP/3.safetensors" && pass || fail "train" "3 threads learn other weights than 2"
status_is 2 "train --threads 0" "$BPC" train examples/iris/iris.bp --data examples/iris/iris.csv --threads 0
says "train --threads 0" "threads wants a whole number of at least 1" err
finish
