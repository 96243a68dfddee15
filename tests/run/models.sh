# Four derivatives agree on every model of tests/models and on every example that has a loss: generated reverse, generated forward, the
# interpreter, finite differences; in double precision to 1e-8, in single to what its rounding allows.
. tests/run/common.sh
for model in $(learning_models); do
    for real in "f64 --tolerance 1e-8" f32; do
        status_is 0 "$model $real" "$BPC" check "$model" --real $real
        [ "$got" = 0 ] || grep OFF "$TMP/out"
    done
done
finish
