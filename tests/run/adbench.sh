# The four problems of ADBench on its data: objective and gradient or Jacobian, compiled at -O0 and -O2 and interpreted, against
# numpy and the complex step; and bpc check.
. tests/run/common.sh
python=python3
"$python" -c 'import numpy' 2> /dev/null || python=/usr/bin/python3
data=tests/adbench/data
problem() { # kind, file, what is wanted
    kind=$1
    sizes=$("$python" tests/adbench/convert.py "$kind" "$data/$2" 2>&1 > "$TMP/$kind.json")
    for how in -O0 -O2 --interpret; do
        status_is 0 "$kind $how" "$BPC" eval "tests/adbench/$kind.bp" --data "$TMP/$kind.json" $sizes --want "$3" $how
        cp "$TMP/out" "$TMP/results.json"
        status_is 0 "$kind $how against numpy" "$python" tests/adbench/reference.py "$kind" "$TMP/$kind.json" "$TMP/results.json"
        [ "$got" = 0 ] || cat "$TMP/out"
    done
}
problem gmm gmm_d2_K5.txt value,gradient
problem lstm lstm_l2_c1024.txt value,gradient
problem ba ba_test.txt value
problem hand hand1_t26_c100.txt value
for kind in gmm lstm hand; do
    status_is 0 "check $kind" "$BPC" check "tests/adbench/$kind.bp" --samples 8
    [ "$got" = 0 ] || cat "$TMP/out"
done
status_is 0 "check ba" "$BPC" check tests/adbench/ba.bp --samples 8 --wrt cams,points,weight
finish
