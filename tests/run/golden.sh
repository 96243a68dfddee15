# What comes out of good files: x.bp beside x.O0.c, x.c, x.graph, x.derivative.bp. BLESS=1 makes those that are missing.
. tests/run/common.sh
compare() { # golden file, options
    file=$1
    shift
    if (cd tests/golden && "$BPC" "$@" -o -) > "$TMP/out" 2> "$TMP/err"; then golden "$file" "$TMP/out"; else
        fail "$file" "bpc failed"
        cat "$TMP/err"
    fi
}
for model in tests/golden/*.bp; do
    case $model in *.derivative.bp) continue ;; esac
    [ -f "$model" ] || continue
    stem=${model%.bp} name=$(basename "$model")
    compare "$stem.graph" "$name" --emit graph
    compare "$stem.derivative.bp" "$name" --emit bp
    compare "$stem.O0.c" "$name" -O0
    compare "$stem.c" "$name"
done
finish
