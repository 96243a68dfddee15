# Every example runs by itself; digits reach 97 of 100.
. tests/run/common.sh
for example in examples/*/run.sh; do
    name=$(basename "$(dirname "$example")")
    mkdir -p "$TMP/$name"
    OUT="$TMP/$name" status_is 0 "$name" "$example"
    case $name in
    digits)
        accuracy=$(sed -n 's/^held-out data:.*accuracy \([0-9.]*\).*/\1/p' "$TMP/out")
        if awk "BEGIN { exit !(${accuracy:-0} >= 0.97) }"; then pass; else fail digits "accuracy ${accuracy:-unknown}, not 0.97"; fi ;;
    embed) says embed "room 2[01]\.[0-9], start 8[0-9]\.[0-9]" out ;;
    esac
done
finish
