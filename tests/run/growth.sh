# What bpc does for a model grows as the number of its equations: instructions are counted, for n equations and for twice as many.
# Functions of very many statements are cut, so that this holds for the C compiler too.
. tests/run/common.sh
model() { python3 tests/run/growth.py "$1" "$2" > "$TMP/$1$2.bp"; }
instructions() { # of bpc, for a model
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$BPC" "$1" -o "$TMP/model.c" 2>&1 | sed -n 's/.*Collected *: *//p'
}
for kind in chain tensors pieces nests sums; do
    model $kind 250
    model $kind 500
    once=$(instructions "$TMP/${kind}250.bp") twice=$(instructions "$TMP/${kind}500.bp")
    if [ "${once:-0}" -gt 0 ] && [ $((twice * 10)) -lt $((once * 23)) ]; then pass; else fail "$kind" "250 equations take ${once:-no} instructions, 500 take ${twice:-no}"; fi
done

# Straight code of thousands of statements is in parts, each of at most 256 statements with their comments; and is right.
longest() { awk '/_part[0-9]+[(].*[{]$/ { start = NR } /^}/ { if (start && NR - start > most) most = NR - start; start = 0 } END { print most + 0 }' "$1"; }
for kind in chain tensors sums; do
    model $kind 1200
    status_is 0 "$kind" "$BPC" "$TMP/${kind}1200.bp" --prefix model -o "$TMP/model.c"
    lines=$(longest "$TMP/model.c")
    if [ "$lines" -gt 100 ] && [ "$lines" -lt 1500 ]; then pass; else fail "$kind" "a part has $lines lines"; fi
    status_is 0 "$kind in C" cc -std=c11 -O0 -Wall -Wextra -Wpedantic -Wconversion -Wdouble-promotion -Werror -Iruntime -c "$TMP/model.c" -o "$TMP/model.o"
done
for kind in chain tensors; do status_is 0 "$kind" "$BPC" check "$TMP/${kind}1200.bp" --real f64; done
status_is 0 "sums" "$BPC" check "$TMP/sums1200.bp" --real f64 -D m=3
finish
