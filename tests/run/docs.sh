# Every command in README and docs runs, and every model in them compiles. Commands that install or need an installed bpc
# are left out: make …, cmake …, pkg-config.
. tests/run/common.sh
blocks() { # kind, file: each block of ```kind as one file $TMP/block.N
    rm -f "$TMP"/block.*
    awk -v kind="$1" -v stem="$TMP/block." '
        /^```/ { if (open) { open = 0; if (take) close(file) } else { open = 1; take = ($0 == "```" kind); if (take) { n++; file = stem n } } next }
        open && take { print > file }' "$2"
}
for page in README.md docs/*.md examples/*/README.md; do
    blocks sh "$page"
    for block in "$TMP"/block.*; do
        [ -f "$block" ] || continue
        while IFS= read -r line; do
            command=${line%%#*}
            case $command in
            build/bpc\ *) status_is 0 "$page: $command" sh -c "$(printf '%s' "$command" | sed "s|/tmp/|$TMP/|g; s|^build/bpc|$BPC|")" ;;
            esac
        done < "$block"
    done
    blocks "" "$page"
    for block in "$TMP"/block.*; do
        [ -f "$block" ] || continue
        grep -Eq '^(loss|output)' "$block" || continue
        cp "$block" "$TMP/page.bp"
        status_is 0 "$page: $(grep -Em1 '^(loss|output)' "$block")" "$BPC" "$TMP/page.bp" -o "$TMP/page.c"
    done
done
# The table of operators is made from the compiler's own.
if $CC -std=c11 -Isrc docs/operators.c -o "$TMP/operators" && "$TMP/operators" > "$TMP/operators.md"; then
    golden docs/operators.md "$TMP/operators.md"
else
    fail docs/operators.c "does not compile"
fi
finish
