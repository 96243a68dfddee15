# --target-clones: each function for several instruction sets. It compiles without a warning, gives the same numbers, and the
# elementary functions are inlined into each clone, in vectors as wide as its instruction set has them.
. tests/run/common.sh
strict="-std=c11 -O3 -fopenmp-simd -Wall -Wextra -Wpedantic -Wconversion -Wdouble-promotion -Werror -Iruntime"
cat > "$TMP/waves.bp" <<'EOF'
dim m
input x[m]
param a = 0.3
output y[i] = exp(a*x[i]) + sin(x[i])
loss L = mean[i](y[i]^2)
EOF
echo '{"x": [0.1, -0.7, 1.3, 0.4, -2.1, 0.9, 3.0, -0.2, 0.6, 1.1, -1.4, 0.8, 2.2, -0.5, 0.3, 1.7, -0.9]}' > "$TMP/waves.json"
python3 tests/run/growth.py chain 1200 > "$TMP/long.bp"
for model in "$TMP/waves.bp" "$TMP/long.bp" examples/digits/digits.bp tests/models/lstm.bp; do
    status_is 0 "$model" "$BPC" "$model" --target-clones --prefix model -o "$TMP/model.c"
    optimised=-O3
    [ "$model" = "$TMP/long.bp" ] && optimised=-O0
    for cc in gcc clang; do status_is 0 "$model: $cc" $cc $strict $optimised -c "$TMP/model.c" -o "$TMP/model.o"; done
done

one=$("$BPC" eval "$TMP/waves.bp" --real f64 --data "$TMP/waves.json" --want value,gradient)
several=$(CC=gcc "$BPC" eval "$TMP/waves.bp" --real f64 --data "$TMP/waves.json" --want value,gradient --target-clones)
status_is 0 "the same numbers" python3 - "$one" "$several" <<'EOF'
import json, sys
one, several = (json.loads(text) for text in sys.argv[1:])
def near(a, b): return all(map(near, a, b)) if isinstance(a, list) else abs(a - b) <= 1e-14 * (1 + abs(a))
assert one.keys() == several.keys() and all(near(one[k], several[k]) for k in ("y", "L"))
assert near(one["gradient"]["a"], several["gradient"]["a"])
EOF

if [ "$(uname -m)" = x86_64 ] && [ "$(uname -s)" = Linux ]; then
    "$BPC" "$TMP/waves.bp" --target-clones --prefix model -o "$TMP/model.c"
    gcc $strict -fno-trapping-math -c "$TMP/model.c" -o "$TMP/model.o"
    objdump -d "$TMP/model.o" > "$TMP/assembly"
    of() { awk -v name="<model_$1>:" '$2 == name { on = 1 } /^$/ { on = 0 } on' "$TMP/assembly"; }
    for pair in predict.avx512f:zmm predict.avx2:ymm gradient.avx512f:zmm gradient.avx2:ymm; do
        of "${pair%:*}" | grep -q "${pair#*:}" && pass || fail "${pair%:*}" "no ${pair#*:} register"
        of "${pair%:*}" | grep -q 'call.*bp_' && fail "${pair%:*}" "a function of bp_math.h is not inlined" || pass
    done
    of predict.default | grep -q 'ymm\|zmm' && fail predict.default "wants AVX" || pass
fi
finish
