# Two ways to write one model give the same C, byte for byte, but for the comments: tests/same/NAME.array.bp, NAME.index.bp.
. tests/run/common.sh
for array in tests/same/*.array.bp; do
    name=$(basename "$array" .array.bp)
    for level in 0 2; do
        for form in array index; do
            "$BPC" tests/same/$name.$form.bp -O$level --prefix model -o "$TMP/model.c" 2> "$TMP/err" || fail "$name.$form" "does not compile"
            sed -e 's|/\*.*\*/||' -e '/^ *\/\*/,/\*\//d' -e 's/ *$//' "$TMP/model.c" > "$TMP/$form.c"
        done
        status_is 0 "$name -O$level" cmp "$TMP/array.c" "$TMP/index.c"
        [ "$got" = 0 ] || diff "$TMP/array.c" "$TMP/index.c" | head -20
    done
done
finish
