#!/bin/sh
# Runs the tests: all of them, or those named.
#
#     tests/run.sh                 everything
#     tests/run.sh models errors   two groups
#     BLESS=1 tests/run.sh golden errors   accept what comes out as the new golden files; read the diff
#
# BUILD is the folder of the build (build); CC the compiler that generated code is compiled with (cc). A group is a script
# in tests/run/; it prints what failed and ends with a line of counts. Exit status 1 where anything failed.
set -u
cd "$(dirname "$0")/.."
BUILD=$(cd "${BUILD:-build}" && pwd) || exit 2
TMP=$(mktemp -d) || exit 2
trap 'rm -rf "$TMP"' EXIT INT TERM
CC=${CC:-cc}
XDG_CACHE_HOME=$TMP/cache
export BUILD TMP CC XDG_CACHE_HOME
export BPC="$BUILD/bpc" BLESS="${BLESS:-}"

groups=${*:-$(cd tests/run && ls *.sh | grep -v '^common' | sed 's/\.sh$//')}
failed=
for group in $groups; do
    if [ ! -f "tests/run/$group.sh" ]; then
        echo "no group of tests is called '$group'" >&2
        exit 2
    fi
    printf '%s: ' "$group"
    sh "tests/run/$group.sh" || failed="$failed $group"
done
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
echo "all passed"
