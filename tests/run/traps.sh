# The known traps of differentiation (tests/traps): singular points, ties, branches not taken, far-out values, long sums. What
# must come out is in each model's comments, from mathematics; see tests/language/run.py, which runs them interpreted and
# compiled, in reverse and in forward mode. MODELS="ties powers" chooses.
. tests/run/common.sh
python=python3
"$python" -c 'import numpy' 2> /dev/null || python=/usr/bin/python3
WAYS="--interpret,-O0,-O1,-O2,--interpret --mode forward,-O0 --mode forward,-O2 --mode forward" \
    "$python" -W ignore tests/language/run.py "$BPC" tests/traps $MODELS > "$TMP/traps"
passed=$(grep -c '^ok' "$TMP/traps")
failures=$(grep -c '^FAIL' "$TMP/traps")
[ "$failures" = 0 ] || { echo; sed -n '/^FAIL/,/^ok/p' "$TMP/traps" | grep -v '^ok'; }
[ "$passed" != 0 ] || fail traps "nothing ran"
finish
