# The notes' numbers, to three decimals, compiled and interpreted.
. tests/run/common.sh
numbers() { # name, model, then options
    name=$1
    shift
    if "$BPC" eval "$@" > "$TMP/out" 2> "$TMP/err"; then
        tr -d ' \n' < "$TMP/out" | sed -E 's/-?[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?/\n&\n/g' |
            awk '/^-?[0-9.]+(e[-+]?[0-9]+)?$/ { v = sprintf("%.3f", $0); if (v == "-0.000") v = "0.000"; printf "%s", v; next } { printf "%s", $0 } END { print "" }' > "$TMP/rounded"
        golden "tests/numbers/$name.txt" "$TMP/rounded"
    else
        fail "$name" "bpc eval failed"
        cat "$TMP/err"
    fi
}
for how in "" --interpret; do
    for mode in reverse forward; do
        numbers regression examples/notes/regression.bp --data examples/notes/regression.json --want gradient --mode $mode $how
    done
    numbers regression_signals examples/notes/regression.bp --data examples/notes/regression.json --want gradient --wrt yhat,a,z $how
    numbers classifier examples/notes/classifier.bp --data examples/notes/classifier.json --want gradient $how
    numbers classifier_signals examples/notes/classifier.bp --data examples/notes/classifier.json --want gradient --wrt s,a,z $how
done
finish
