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
finish
