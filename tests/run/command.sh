# The command: exit statuses, messages, and that nothing is lost when the machine fails.
. tests/run/common.sh
model=tests/models/notes_regression.bp
data=examples/notes/regression.json

status_is 0 "help" "$BPC" --help
says "help" "bpc train model.bp" out
status_is 0 "version" "$BPC" --version
status_is 0 "compile --help" "$BPC" compile --help
says "compile --help" "usage: bpc \\[options\\] model.bp" out
for verb in eval check train bench; do
    status_is 0 "$verb --help" "$BPC" $verb --help
    says "$verb --help" "usage: bpc $verb" out
done
status_is 2 "no such option" "$BPC" eval "$model" --dta "$data"
says "no such option" "did you mean '--data'" err
status_is 2 "no such verb" "$BPC" evla
says "no such verb" "did you mean 'bpc eval'" err
status_is 2 "no model" "$BPC" eval
status_is 2 "no such file" "$BPC" nothing.bp
says "no such file" "No such file" err
status_is 2 "a bad number" "$BPC" train "$model" --epochs many
says "a bad number" "wants a whole number" err

status_is 0 "to standard output" "$BPC" "$model" -o -
status_is 2 "a full disk" "$BPC" "$model" -o /dev/full
cp "$model" "$TMP/old.bp"
echo "old" > "$TMP/kept.c"
printf 'loss L = nothing\n' > "$TMP/wrong.bp"
status_is 1 "a wrong model" "$BPC" "$TMP/wrong.bp" -o "$TMP/kept.c"
[ "$(cat "$TMP/kept.c")" = old ] && pass || fail "a wrong model" "the old file is gone"
status_is 2 "no such folder" "$BPC" "$model" -o "$TMP/none/model.c"

status_is 2 "a cc that is missing" env CC=no-such-compiler "$BPC" eval "$model" --data "$data"
says "a cc that is missing" "cannot run the C compiler" err
status_is 2 "a cc that fails" env CC=false "$BPC" eval "$model" --data "$data" --real f64
says "a cc that fails" "failed" err
status_is 0 "interpreted without cc" env CC=no-such-compiler "$BPC" eval "$model" --data "$data" --interpret

printf '{"x": [1, 2], "y": [1]}' > "$TMP/short.json"
status_is 1 "sizes that differ" "$BPC" eval "$model" --data "$TMP/short.json" --interpret
printf 'param w = 1\noutput y = 2*w\n' > "$TMP/noloss.bp"
status_is 1 "no loss" "$BPC" eval "$TMP/noloss.bp" --want gradient --interpret
says "no loss" "no loss" err
status_is 2 "unknown wrt" "$BPC" eval "$model" --data "$data" --want gradient --wrt yhatt --interpret
says "unknown wrt" "did you mean 'yhat'" err
status_is 2 "weights to a device" "$BPC" train "$model" --data "$data" --epochs 1 -o /dev/full
says "weights to a device" "not an ordinary file" err
status_is 0 "curves" "$BPC" train examples/iris/iris.bp --data examples/iris/iris.csv --split 0.2 --epochs 3 --log "$TMP/run.csv" --plot "$TMP/run.svg"
status_is 0 "curves are those of the log" python3 tests/run/curves.py "$TMP/run.csv" "$TMP/run.svg"
status_is 2 "curves to a folder that is not there" "$BPC" train "$model" --data "$data" --epochs 1 --plot "$TMP/none/run.svg"
[ -c /dev/full ] && pass || fail "weights to a device" "/dev/full is no device any more"
printf 'input x[4]\nparam a = 0.7\nh[t] = sin(a*h[t-1 | 0.3] + x[t])\nloss L = h[3]^2 + h[1]\n' > "$TMP/recurrent.bp"
status_is 2 "check by what depends on itself" "$BPC" check "$TMP/recurrent.bp" --wrt h
says "check by what depends on itself" "'h' depends on itself" err
status_is 0 "check by an intermediate and a param that it depends on" "$BPC" check tests/models/straight_through.bp --wrt z,q,u,W --tolerance 1e-8
printf 'real f64\nparam a = 0.4, b = 0\nloss L = min(a*a, stop(a)*a) + abs(b) + a\n' > "$TMP/tie.bp"
echo '{}' > "$TMP/tie.json"
status_is 0 "check exactly at a tie and at a kink" "$BPC" check "$TMP/tie.bp" --data "$TMP/tie.json"
says "check exactly at a tie" '^a .*1 at a kink' out
says "check exactly at a kink" '^b .*1 at a kink' out
# Several models: a line each, and a count.
status_is 0 "check of two" "$BPC" check --interpret --real f64 tests/models/rosenbrock.bp tests/models/lstm.bp
says "check of two" '^2 models: 2 hold, 0 do not' out
says "check of two" '^tests/models/lstm.bp .* ok$' out
status_is 2 "check of two, one missing" "$BPC" check --interpret tests/models/rosenbrock.bp "$TMP/none.bp"
says "check of two, one missing" '^2 models: 1 hold, 1 do not' out
status_is 2 "two for eval" "$BPC" eval tests/models/rosenbrock.bp tests/models/lstm.bp
finish
