# What the groups share: counting, and comparing with golden files. Sourced from the top of the repository.
passed=0
failures=0

pass() { passed=$((passed + 1)); }
fail() { # name, what
    failures=$((failures + 1))
    printf '\n  FAIL %s: %s' "$1" "$2"
}
# Compares $2 with the golden file $1, or makes it the golden file.
golden() {
    if [ -n "$BLESS" ]; then
        cp "$2" "$1"
        pass
    elif [ ! -f "$1" ]; then
        fail "$1" "there is no such golden file (BLESS=1 makes it)"
    elif diff -u "$1" "$2" > "$TMP/diff" 2>&1; then
        pass
    else
        fail "$1" "differs"
        printf '\n'
        head -40 "$TMP/diff"
    fi
}
# The exit status of a command must be $1; name $2; then the command. Its output goes to $TMP/out and $TMP/err.
status_is() {
    wanted=$1 of=$2
    shift 2
    "$@" > "$TMP/out" 2> "$TMP/err"
    got=$?
    if [ "$got" = "$wanted" ]; then pass; else
        fail "$of" "status $got, not $wanted: $*"
        printf '\n'
        head -5 "$TMP/err"
    fi
}
# The last output must hold a line that matches $2 (an extended expression).
says() { # name, pattern, file
    if grep -Eq -- "$2" "$TMP/$3"; then pass; else
        fail "$1" "'$2' is not in what it said:"
        printf '\n'
        head -5 "$TMP/$3"
    fi
}
finish() {
    [ "$failures" = 0 ] || printf '\n'
    echo "$passed passed, $failures failed"
    [ "$failures" = 0 ]
}
# The models that learn something: tests/models, and the examples that have a loss and parameters.
learning_models() {
    ls tests/models/*.bp
    for example in examples/*/*.bp; do
        grep -qE '^loss ' "$example" && grep -qE '^(param|use) ' "$example" && echo "$example"
    done
}
# The plan of the gradient must have so many lines that match.
plan_has() { # what, how many at least, pattern, model, options
    what=$1 least=$2 pattern=$3
    shift 3
    found=$("$BPC" "$@" --want gradient --emit program 2> /dev/null | sed -n '/^function gradient/,/^function forward/p' | grep -c "$pattern")
    [ "$found" -ge "$least" ] && pass || fail "$what" "$found in the plan, not $least"
}
