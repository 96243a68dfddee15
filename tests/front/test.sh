#!/bin/sh
# The front end alone: `test.sh FRONT`, the program of front.c. Two ways of writing a model give the same graph (pairs), and
# what is printed back is read as the same tree (every model that is found).
front=$1
here=$(dirname "$0")
temp=$(mktemp -d) || exit 2
trap 'rm -rf "$temp"' EXIT
bad=0
for a in "$here"/pairs/*.a.bp; do
    "$front" graph "$a" > "$temp/a" 2> /dev/null || { echo "$a is refused"; bad=1; }
    "$front" graph "${a%.a.bp}.b.bp" > "$temp/b" 2> /dev/null
    cmp -s "$temp/a" "$temp/b" || { echo "$a and its pair differ"; diff "$temp/a" "$temp/b"; bad=1; }
done
for model in "$here"/pairs/*.bp "$here"/../models/*.bp "$here"/../../lib/*.bp; do
    "$front" ast "$model" > "$temp/a" 2> /dev/null
    "$front" source "$model" > "$temp/again.bp" 2> /dev/null
    "$front" ast "$temp/again.bp" > "$temp/b" 2> /dev/null
    cmp -s "$temp/a" "$temp/b" || { echo "$model is not read back as it was"; bad=1; }
done
[ $bad = 0 ] && echo "all good"
exit $bad
