# Four derivatives agree on every model of tests/models and on every example: generated reverse, generated forward, the
# interpreter, finite differences; in both precisions.
. tests/run/common.sh
for model in tests/models/*.bp examples/*/*.bp; do
    for real in f64 f32; do
        status_is 0 "$model $real" "$BPC" check "$model" --real $real
        [ "$got" = 0 ] || grep OFF "$TMP/out"
    done
done
finish
