# What random models once got wrong, made small: the options of the check stand in the first line.
. tests/run/common.sh
for model in tests/random/found/*.bp; do
    # shellcheck disable=SC2046 # options are words
    status_is 0 "$model" "$BPC" check "$model" --tolerance 1e-8 $(head -n 1 "$model" | tr -d '#')
    [ "$got" = 0 ] || grep OFF "$TMP/out"
done
finish
