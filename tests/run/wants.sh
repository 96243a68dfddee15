# Every derivative that --want knows, against formulas, compiled (-O0, -O2) and interpreted, in both modes.
. tests/run/common.sh
for how in "-O0" "-O2" "--interpret" "-O2 --mode forward" "-O2 --mode reverse"; do
    status_is 0 "wants $how" python3 tests/run/wants.py "$BPC" "$TMP" $how
done
finish
