# Deep nesting, gigantic sizes, endless names, a million mistakes (tests/fuzz/bombs.py): bounded memory and time, a message, exit
# status 1 and no output; and what fuzzing found once (tests/fuzz/found) ends, in status 0 or 1.
. tests/run/common.sh
mkdir -p "$TMP/bombs"
python3 tests/fuzz/bombs.py "$TMP/bombs"
for model in "$TMP"/bombs/*.bp tests/fuzz/found/*; do
    [ -f "$model" ] || continue
    name=$(basename "$model" .bp)
    (ulimit -v 4000000; timeout 60 "$BPC" "$model" -o "$TMP/bomb.c" > "$TMP/out" 2> "$TMP/err")
    got=$?
    case $name in
    wrong_*) [ "$got" = 1 ] && grep -q 'error: ' "$TMP/err" && pass || fail "$name" "status $got: $(head -c 300 "$TMP/err")" ;;
    *) [ "$got" -le 1 ] && pass || fail "$name" "status $got: $(head -c 300 "$TMP/err")" ;;
    esac
    [ "$(wc -c < "$TMP/err")" -lt 200000 ] || fail "$name" "its messages do not end"
    case $name in wrong_*) [ ! -e "$TMP/bomb.c" ] || fail "$name" "an output file was written" ;; esac
    rm -f "$TMP/bomb.c" "$TMP/bomb.h"
done
finish
