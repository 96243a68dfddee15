# Checkpointing: gradients are equal bit by bit however a recurrence is cut, a million steps take a hundredth of a megabyte, and
# what cannot be had is said.
. tests/run/common.sh
quick=$CC
command -v tcc > /dev/null && quick=tcc
cut=0
for model in $(grep -lE 't ?- ?1|t ?\+ ?1|l ?- ?1|r ?- ?1|s ?- ?1|k ?- ?1|i ?- ?1|use .*\[' tests/models/*.bp); do
    CC=$quick status_is 0 "$model" python3 tests/run/checkpoint.py "$BPC" "$model" "$TMP" sqrt 1 3
    grep -q '^cut' "$TMP/out" && cut=$((cut + 1))
    for how in "--checkpoint sqrt" "--checkpoint 2 -O1" "--checkpoint 3 -O0"; do
        # shellcheck disable=SC2086 # options are words
        CC=$quick status_is 0 "$model $how" "$BPC" check "$model" --real f64 $how
    done
done
[ "$cut" -ge 20 ] && pass || fail corpus "only $cut recurrences were cut"
# With an optimising compiler too.
for model in lstm rnn neural_ode; do
    status_is 0 "$model with $CC" python3 tests/run/checkpoint.py "$BPC" "tests/models/$model.bp" "$TMP" sqrt
done

cp tests/generated/pendulum.bp "$TMP/pendulum.bp"
for how in none sqrt 100 "auto --memory 1M"; do
    # shellcheck disable=SC2086
    status_is 0 "pendulum $how" "$BPC" "$TMP/pendulum.bp" --checkpoint $how -o "$TMP/pendulum.c"
    status_is 0 "pendulum $how builds" $CC -std=c11 -O1 -Wall -Wextra -Wpedantic -Wconversion -Werror -Iruntime -I"$TMP" -o "$TMP/pendulum" \
        tests/generated/pendulum.c "$TMP/pendulum.c" "$BUILD/libbp.a" -lm
    status_is 0 "pendulum $how runs" "$TMP/pendulum"
    tail -n 1 "$TMP/out" > "$TMP/gradient"
    [ "$how" = none ] && cp "$TMP/gradient" "$TMP/first"
    if cmp -s "$TMP/gradient" "$TMP/first"; then pass; else fail "pendulum $how" "$(cat "$TMP/gradient") is not $(cat "$TMP/first")"; fi
    bytes=$(head -n 1 "$TMP/out")
    if [ "$how" = none ] || [ "$bytes" -lt 1000000 ]; then pass; else fail "pendulum $how" "its workspace has $bytes bytes"; fi
done

status_is 1 "memory too small" "$BPC" "$TMP/pendulum.bp" -D T=1000000 --memory 1K -o "$TMP/pendulum.c"
says "memory too small" 'cannot be met: along its recurrence .* needs at least [0-9]+ bytes' err
status_is 2 "no size" "$BPC" "$TMP/pendulum.bp" --memory lots -o "$TMP/pendulum.c"
says "no size" 'wants a size, such as 512K' err
status_is 2 "no checkpoints" "$BPC" "$TMP/pendulum.bp" --checkpoint 0 -o "$TMP/pendulum.c"
says "no checkpoints" 'wants none, sqrt, auto or a number of at least 1' err
status_is 0 "nothing to cut" "$BPC" tests/models/mlp.bp --checkpoint sqrt -o "$TMP/mlp.c"
says "nothing to cut" 'no recurrence of .* can be cut' err
finish
