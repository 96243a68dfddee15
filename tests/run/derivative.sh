# The derivative as a model file of equations (--emit bp) compiles again and computes the gradient.
. tests/run/common.sh
for model in tests/models/*.bp examples/*/*.bp; do
    case $model in
    */elementwise.bp) # the derivative of digamma has no name in the language
        status_is 1 "$model" "$BPC" "$model" --emit bp -o -
        says "$model" "polygamma.* has no spelling" err
        continue ;;
    esac
    status_is 0 "$model" python3 tests/run/derivative.py "$BPC" "$model" "$TMP"
done
finish
