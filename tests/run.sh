#!/bin/sh
# Runs the tests: all of them, or those named, as many groups at a time as there are processors.
#
#     tests/run.sh                 everything
#     tests/run.sh models errors   two groups
#     BLESS=1 tests/run.sh golden errors   accept what comes out as the new golden files; read the diff
#
# BUILD is the folder of the build (build); CC the compiler that generated code is compiled with (cc); JOBS how many groups
# run at a time. A group is a script in tests/run/; it prints what failed and ends with a line of counts. The last line
# counts all of them; exit status 1 where anything failed.
set -u
cd "$(dirname "$0")/.."
BUILD=$(cd "${BUILD:-build}" && pwd) || exit 2
ROOT=$(mktemp -d) || exit 2
trap 'rm -rf "$ROOT"' EXIT INT TERM
CC=${CC:-cc}
export BUILD ROOT CC
export BPC="$BUILD/bpc" BLESS="${BLESS:-}"

all=$(cd tests/run && ls *.sh | grep -v '^common' | sed 's/\.sh$//')
long="generated poison models growth passes blocks language kernels threads arm bench_models products random sparse checkpoint derivative traps cost" # these first, so that none is left alone at the end
groups=${*:-$(for group in $long $all; do echo "$all" | grep -qx "$group" && echo "$group"; done | awk '!seen[$0]++')}
for group in $groups; do
    [ -f "tests/run/$group.sh" ] && continue
    echo "no group of tests is called '$group'" >&2
    exit 2
done
echo "$groups" | tr ' ' '\n' | xargs -P "${JOBS:-$(nproc)}" -I GROUP sh -c '
    mkdir "$ROOT/GROUP"
    start=$(date +%s)
    XDG_CACHE_HOME=$ROOT/GROUP/cache TMP=$ROOT/GROUP sh tests/run/GROUP.sh > "$ROOT/GROUP.log" 2>&1 || touch "$ROOT/GROUP.failed"
    printf "%s, %d s: %s\n" GROUP $(($(date +%s) - start)) "$(cat "$ROOT/GROUP.log")"'
failed=$(cd "$ROOT" && ls *.failed 2> /dev/null | sed 's/\.failed$//' | tr '\n' ' ')
[ -z "$failed" ] || echo "failed: $failed"
for group in $groups; do tail -n 1 "$ROOT/$group.log"; done |
    awk '{ passed += $1; failed += $3 } END { printf "%d passed, %d failed\n", passed, failed }'
[ -z "$failed" ]
