# ARM: what is generated runs under qemu with NEON's vectors, and gives the numbers that it gives here: products of matrices against plain sums,
# values and gradients of models with every kind of loop, bp_math's functions among them.
. tests/run/common.sh
arm=aarch64-linux-gnu-gcc qemu="qemu-aarch64 -L /usr/aarch64-linux-gnu"
if ! command -v $arm > /dev/null || ! command -v qemu-aarch64 > /dev/null; then
    echo "0 passed, 0 failed (no cross compiler, or no qemu)"
    exit 0
fi
for real in f32 f64; do
    [ $real = f32 ] && type=float || type=double
    "$BPC" tests/generated/kernels.bp --prefix net --real $real -o "$TMP/net.c"
    status_is 0 "$real: products: cc" $arm -O2 -w -std=gnu11 -DREAL=$type -DKERNELS="\"$TMP/net.c\"" -Iruntime tests/generated/kernels.c -o "$TMP/kernels" -lm
    [ "$got" != 0 ] || status_is 0 "$real: products" $qemu "$TMP/kernels"
done
: > "$TMP/pair.h"
for model in mlp conv2d_pool gaussian_mixture lstm elementwise kalman_matrix; do
    "$BPC" tests/models/$model.bp --real f64 --prefix model -o "$TMP/model.c" 2> /dev/null
    runtime="runtime/bp.c runtime/bp_init.c runtime/bp_random.c runtime/bp_linalg.c"
    build="-std=c11 -D_POSIX_C_SOURCE=200809L -O2 -w -fopenmp-simd -Iruntime -I$TMP -Itests/generated tests/generated/blocks.c $TMP/model.c $runtime -lm"
    status_is 0 "$model: cc" $arm $build -o "$TMP/there"
    [ "$got" = 0 ] || continue
    status_is 0 "$model: cc here" $CC $build -o "$TMP/here"
    SIZE=70 $qemu "$TMP/there" > "$TMP/there.txt" 2> "$TMP/err" || fail "$model" "$(cat "$TMP/err")"
    SIZE=70 "$TMP/here" > "$TMP/here.txt"
    status_is 0 "$model: the same numbers" python3 tests/run/blocks.py "$TMP/here.txt" "$TMP/there.txt"
done
finish
