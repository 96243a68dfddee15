# Unit tests: every program that the build calls test_*.
. tests/run/common.sh
for program in "$BUILD"/test_*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    status_is 0 "$(basename "$program")" "$program"
done
finish
