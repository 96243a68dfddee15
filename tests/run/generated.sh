# The C of every model compiles alone without a warning, at every level; the header is valid C++; the same input gives the
# same bytes; --standalone needs no include path.
. tests/run/common.sh
strict="-std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wdouble-promotion -Werror"
for model in $(learning_models); do
    stem=$(basename "$model" .bp)
    for level in 0 2; do
        status_is 0 "$model -O$level" "$BPC" "$model" -O$level --mode both --want value,gradient,jvp -o "$TMP/$stem.c"
        [ "$got" = 0 ] || continue
        status_is 0 "$model -O$level: cc" $CC $strict -O$((level/2)) -Iruntime -c "$TMP/$stem.c" -o "$TMP/$stem.o"
    done
    [ "$got" = 0 ] || continue
    cp "$TMP/$stem.c" "$TMP/first.c"
    "$BPC" "$model" -O2 --mode both --want value,gradient,jvp -o "$TMP/$stem.c" 2> /dev/null
    status_is 0 "$model: same bytes" cmp "$TMP/first.c" "$TMP/$stem.c"
    printf '#include "%s.h"\nint main() { return 0; }\n' "$stem" > "$TMP/header.cc"
    status_is 0 "$model: header in C++" ${CXX:-c++} -std=c++11 -Wall -Wextra -Wpedantic -Werror -Iruntime -I"$TMP" -fsyntax-only "$TMP/header.cc"
    status_is 0 "$model: standalone" "$BPC" "$model" --standalone -o "$TMP/$stem.c"
    status_is 0 "$model: standalone cc" $CC $strict -fsyntax-only "$TMP/$stem.c"
done
finish
