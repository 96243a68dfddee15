# Generated code in poisoned buffers of exactly the sizes it asks for, forward and backward against gradient, under the sanitizers; three models under valgrind.
. tests/run/common.sh
libraries=$(sed -n 's/^Libs.private: *//p' "$BUILD/bp.pc")
for model in $(learning_models); do
    stem=$(basename "$model" .bp)
    "$BPC" "$model" --prefix model -o "$TMP/model.c" 2> "$TMP/err" || { fail "$model" "does not compile"; continue; }
    # The arguments that forward and backward take: structs that would be empty do not exist.
    arguments=
    for member in dims inputs params state; do
        if grep -q "} model_$member;" "$TMP/model.h"; then arguments="$arguments r->$member,"; fi
    done
    outputs=
    if grep -q "} model_outputs;" "$TMP/model.h"; then outputs=" r->outputs,"; fi
    if grep -q "int model_forward(" "$TMP/model.h"; then
        printf '#define FORWARD%s%s r->workspace\n#define BACKWARD%s r->grads, r->workspace\n' "$arguments" "$outputs" "$arguments"
    fi > "$TMP/pair.h"
    build="$CC -std=c11 -D_POSIX_C_SOURCE=200809L -g -w -Iruntime -I$TMP $TMP/model.c tests/generated/poison.c $BUILD/libbp.a"
    status_is 0 "$model: build" $build -O0 -fsanitize=address,undefined -fno-sanitize-recover=all -o "$TMP/poison" $libraries -lm
    [ "$got" != 0 ] || ASAN_OPTIONS=detect_leaks=0 status_is 0 "$model: sanitized" "$TMP/poison"
    [ "$got" != 0 ] || ASAN_OPTIONS=detect_leaks=0 status_is 0 "$model: sanitized, all sizes 1" env SMALLEST=1 "$TMP/poison"
    case $stem in digits | lstm | edit_distance)
        status_is 0 "$model: build" $build -O2 -o "$TMP/poison" $libraries -lm
        [ "$got" != 0 ] || status_is 0 "$model: valgrind" valgrind -q --error-exitcode=9 "$TMP/poison"
        ;;
    esac
done
finish
