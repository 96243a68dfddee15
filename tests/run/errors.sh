# What a wrong file gets: x.bp beside x.err, which holds the messages with their positions. Exit status 1, no output file.
. tests/run/common.sh
for model in tests/errors/*.bp; do
    [ -f "$model" ] || continue
    name=$(basename "$model" .bp)
    rm -f "$TMP/never.c"
    (cd tests/errors && "$BPC" "$name.bp" -o "$TMP/never.c" > "$TMP/out" 2> "$TMP/err")
    got=$?
    [ "$got" = 1 ] || fail "$model" "status $got, not 1"
    [ ! -e "$TMP/never.c" ] || fail "$model" "an output file was written"
    golden "tests/errors/$name.err" "$TMP/err"
done
(cd tests/errors && python3 ../run/diagnostics.py "$BPC" > "$TMP/out" 2> "$TMP/err") && pass || { fail "--diagnostics=json" "differs from the text"; cat "$TMP/out" "$TMP/err"; }
finish
