# Every derivative that --want knows, against formulas, compiled (-O0, -O2) and interpreted, in both modes.
. tests/run/common.sh
for how in "-O0" "-O2" "--interpret" "-O2 --mode forward" "-O2 --mode reverse"; do
    status_is 0 "wants $how" python3 tests/run/wants.py "$BPC" "$TMP" $how
done

# Several directions at once, on the last axis of tangents and results.
printf 'real f64\nparam x[3] = 0, W[2, 3] = 0\noutput y[i] = sum[j](W[i,j]*x[j]^2)\n' > "$TMP/directions.bp"
for level in -O0 -O1 -O2; do
    status_is 0 "directions $level" "$BPC" "$TMP/directions.bp" --want jvp --directions 3 $level -o "$TMP/directions.c"
    status_is 0 "directions $level builds" $CC -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Werror -Iruntime -I"$TMP" -o "$TMP/directions" \
        tests/generated/directions.c "$TMP/directions.c" "$BUILD/libbp.a" -lm
    status_is 0 "directions $level runs" "$TMP/directions"
done

# A sum of two products is two matrix products: of the second layer, one by the tangent of W and one by that of what it is applied to.
"$BPC" examples/digits/digits.bp --want jvp -o - 2> /dev/null | sed -n '/---- jvp/,$p' > "$TMP/jvp.c"
products=$(grep -c 'digits_product\(_shared\)*(' "$TMP/jvp.c")
[ "$products" -ge 5 ] && pass || fail "products of tangents" "$products calls"

# Which mode, and why, stands beside the member; what is 0 whatever the data warns; an array has no gradient; a matrix beyond memory.
printf 'real f64\ndim m\ninput x[m, 3], z\nparam W[2, 3] = 1\noutput y[i] = W @ x[i]\nloss L = sum(y^2)\n' > "$TMP/wants2.bp"
status_is 0 "mode" "$BPC" "$TMP/wants2.bp" --want jacobian --of y -o "$TMP/wants2.c"
if grep -q 'y_W\[m, 2, 2, 3\]; forward mode: 2\*3 directions, reverse would follow m\*2' "$TMP/wants2.h"; then pass; else fail "mode" "$(grep y_W "$TMP/wants2.h")"; fi
status_is 0 "zero gradient" "$BPC" "$TMP/wants2.bp" --want gradient --wrt z -o "$TMP/wants2.c"
says "zero gradient" "the gradient by 'z' is 0: .*Wzero-derivative" err
status_is 0 "zero jacobian" "$BPC" "$TMP/wants2.bp" --want jacobian --of y --wrt z -o "$TMP/wants2.c"
says "zero jacobian" "the derivative of 'y' by 'z' is 0" err
status_is 2 "hessian of an array" "$BPC" "$TMP/wants2.bp" --want hessian --of y -o "$TMP/wants2.c"
says "hessian of an array" "of one scalar, and y is an array; of arrays there are --want jacobian, jvp and vjp" err
printf 'real f64\ndim n\ninput x[n]\noutput y[i] = x[i]^2\n' > "$TMP/large.bp"
python3 -c 'print({"x": [0.5]*1000000})' | tr "'" '"' > "$TMP/large.json"
status_is 1 "too large" "$BPC" eval "$TMP/large.bp" --data "$TMP/large.json" --want jacobian --wrt x
says "too large" "takes 8000.0 GB, more than this machine has; --sparse stores what is not zero" err
finish
