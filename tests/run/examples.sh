# Every example runs by itself and shows what its README says: digits reach 97 of 100; the arm follows its path to the end of
# single precision; Newton's method ends in the published estimates, and in Scherk's surface up to what the grid can; bundle
# adjustment ends in what its noise leaves; a million steps are fitted in 16 MB.
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
    bundle-adjustment)
        says bundle-adjustment 'with (75062|80836) entries' out # 26 an observation, or 28 where a block is whole
        says bundle-adjustment '^residuals of 0\.43[0-9] pixels' out ;;
    long-recurrence)
        says long-recurrence 'the gradients are equal bit by bit' out
        says long-recurrence ' 2\.0000[0-9]* +0\.(3000|2999)[0-9]* +0\.(8000|7999)[0-9]*$' out ;;
    newton)
        says newton 'log odds of damage: 15\.0429 -0\.2322 per degree' out
        says newton 'farthest from Scherk.s surface: 3\.4[0-9]*e-05' out ;;
    robot-arm) says robot-arm 'once on the path: at most 0\.000[0-9] mm and 0\.000[0-9] mrad off' out ;;
    esac
done
finish
