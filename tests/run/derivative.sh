# The derivative as a model file of equations (--emit bp) compiles again and computes the gradient.
. tests/run/common.sh
for model in $(learning_models); do
    # What has no spelling in the language is refused: the derivative of digamma, draws whose arguments vary.
    if ! "$BPC" "$model" --emit bp -o - > /dev/null 2> "$TMP/err" && grep -q 'has no spelling in the language' "$TMP/err"; then
        pass
        continue
    fi
    status_is 0 "$model" python3 tests/run/derivative.py "$BPC" "$model" "$TMP"
done
finish
