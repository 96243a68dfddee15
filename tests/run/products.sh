# Every derivative of every model of the corpus, compiled: Jacobians by both modes, Hessians, jvp, vjp and hvp, against the interpreter's
# and against each other.
. tests/run/common.sh
quick=$CC
command -v tcc > /dev/null && quick=tcc # the compiled runs need no speed
compared=0
for model in tests/models/*.bp; do
    CC=$quick status_is 0 "$model" python3 tests/run/products.py "$BPC" "$model" "$TMP"
    grep -q 'jacobian' "$TMP/out" && compared=$((compared + 1))
    [ "$got" = 0 ] || head -3 "$TMP/err"
done
[ "$compared" -ge 100 ] && pass || fail corpus "only $compared models were compared"
finish
