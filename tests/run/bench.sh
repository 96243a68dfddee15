# bpc bench: every mode is measured, printed, counted and drawn; an interrupt keeps what there is; wrong calls are told so. What
# it measures is not looked at: that is the machine's.
. tests/run/common.sh
notes=tests/models/notes_regression.bp
layers=examples/forward-vs-reverse/layers.bp
quick="--seconds 0.01"

status_is 0 "a table" "$BPC" bench "$notes" $quick
for mode in "value" "reverse: gradient" "hvp: Hessian times a direction" "forward: one jvp" "forward: 7 directions, one by one" \
    "forward: 7 directions, 8 at once" "every path summed \(448\)"; do
    says "a table" "^$mode +[0-9.]+ [nµm]?s +[0-9.]+ [nµm]?s – [0-9.]+ [nµm]?s +[0-9.]+ " out
done
says "a table" "^this machine, one thread: [0-9.]+ .?FLOP/s at most, [0-9.]+ .?B/s in a cache, [0-9.]+ .?B/s in memory" out
says "a table" "^m = 64, 7 to differentiate by, one output" out
if grep -q WARNING "$TMP/out"; then fail "a table" "the modes disagree"; else pass; fi

status_is 0 "JSON" "$BPC" bench "$notes" $quick --json --real f64 --directions 3
cp "$TMP/out" "$TMP/bench.json"
status_is 0 "JSON is complete" python3 tests/run/bench.py json "$TMP/bench.json"
status_is 0 "data" "$BPC" bench examples/notes/regression.bp --data examples/notes/regression.json $quick --modes reverse
says "data" "^m = 3, 7 to differentiate by" out
if grep -q "^forward" "$TMP/out"; then fail "modes" "more than was asked for"; else pass; fi

status_is 0 "a sweep" "$BPC" bench "$layers" -D h=3 -D m=5 --wrt x --sweep n=1..4,6 $quick --json --plot "$TMP/bench.svg"
cp "$TMP/out" "$TMP/sweep.json"
says "progress" "n = 6 measured \(4 of 4\)" err
status_is 0 "a sweep has its points" python3 tests/run/bench.py sweep "$TMP/sweep.json"
status_is 0 "the plot has them too" python3 tests/run/bench.py plot "$TMP/bench.svg"
printf 'dim width = 4\nconst s = 2\ninput x[width]\nparam w[width] ~ normal(0, 1)\nloss L = sum(tanh(s*w*x))\n' > "$TMP/fixed.bp"
for sweep in width=4,8 s=0.5,1.5; do
    status_is 0 "a sweep over $sweep" "$BPC" bench "$TMP/fixed.bp" --sweep $sweep $quick --modes reverse,forward
    says "a sweep over $sweep" "^${sweep%%=*} = ${sweep##*,}, " out
    says "a sweep over $sweep" "mode" out
done

# Code built with all that the compiler can do computes the model still: recurrences that are fused with their neighbours.
for model in random_walk causal_decay runge_kutta test_functions; do
    status_is 0 "$model for this machine" "$BPC" bench "tests/models/$model.bp" $quick --modes reverse,jvp
    if grep -q WARNING "$TMP/out"; then fail "$model for this machine" "$(grep WARNING "$TMP/out")"; else pass; fi
done

# Ctrl-C after the first point: partial results, status 130, the plot of what there is, nothing left in the folder.
mkdir "$TMP/here"
(cd "$TMP/here" && exec "$BPC" bench "$OLDPWD/$layers" -D h=3 -D m=5 --wrt x --sweep n=1..8 --seconds 2 --json --plot ../partial.svg > "$TMP/partial.json" 2> "$TMP/partial.err") &
pid=$!
tries=0
while ! grep -q "1 of 4" "$TMP/partial.err" 2> /dev/null && [ $tries -lt 600 ]; do
    sleep 0.05
    tries=$((tries + 1))
done
kill -INT $pid
wait $pid
status=$?
if [ $status = 130 ]; then pass; else fail "an interrupt" "status $status, not 130"; fi
status_is 0 "an interrupt keeps what there is" python3 tests/run/bench.py partial "$TMP/partial.json"
status_is 0 "an interrupt draws what there is" python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$TMP/partial.svg"
grep -q "interrupted; this is what there is" "$TMP/partial.err" && pass || fail "an interrupt" "it does not say so"
[ -z "$(ls -A "$TMP/here")" ] && pass || fail "an interrupt" "files are left: $(ls -A "$TMP/here")"

# Too many paths are a note, not a wait.
status_is 0 "many paths" "$BPC" bench tests/models/lstm.bp $quick --modes paths
says "many paths" "every path summed .*not measured: .* more than the 10⁸ that are tried" out

for model in tests/models/lstm.bp examples/notes/classifier.bp tests/models/pieces.bp tests/models/residual.bp; do
    status_is 0 "paths of $model" "$BPC" bench "$model" $quick --modes paths --json
    cp "$TMP/out" "$TMP/paths.json"
    "$BPC" cost "$model" --json > "$TMP/cost.json"
    status_is 0 "paths of $model are those that cost counts" python3 tests/run/bench.py paths "$TMP/paths.json" "$TMP/cost.json"
done

printf 'dim m\ninput x[m] in 0..4\nparam w = 1.0\noutput y[i] = x[i] + 1\n' > "$TMP/noloss.bp"
status_is 1 "nothing to differentiate" "$BPC" bench "$TMP/noloss.bp"
says "nothing to differentiate" "no real output to differentiate" err
printf 'dim m\ninput x[m]\noutput y[i] = x[i] + 1\n' > "$TMP/noparams.bp"
status_is 1 "nothing to differentiate by" "$BPC" bench "$TMP/noparams.bp"
says "nothing to differentiate by" "no parameters; say with --wrt" err
status_is 2 "an unknown name in --sweep" "$BPC" bench "$TMP/fixed.bp" --sweep widht=1,2
says "an unknown name in --sweep" "has no dim or const 'widht'; did you mean 'width'" err
for wrong in n n=1,x n=0 n=8..4 n=2.5; do
    status_is 2 "--sweep $wrong" "$BPC" bench "$layers" --wrt x --sweep $wrong
    says "--sweep $wrong" "sweep wants NAME=VALUE" err
done
status_is 2 "swept and given" "$BPC" bench "$layers" --wrt x -D n=4 --sweep n=8,16
says "swept and given" "'n' is both swept over and given by -D" err
status_is 2 "a plot of one point" "$BPC" bench "$notes" --plot "$TMP/one.svg"
says "a plot of one point" "add one, such as --sweep" err
status_is 2 "a plot to a folder that is not there" "$BPC" bench "$layers" --wrt x --sweep n=1,2 --plot "$TMP/none/b.svg"
status_is 2 "an unknown mode" "$BPC" bench "$notes" --modes revers
says "an unknown mode" "did you mean 'reverse'" err
status_is 2 "a swept size that the data say" "$BPC" bench "$notes" --data examples/notes/regression.json --sweep m=4,8
says "a swept size that the data say" "is that of the data" err
status_is 2 "standard input" "$BPC" bench - < "$notes"
status_is 1 "sizes too large" "$BPC" bench "$notes" -D m=100000000000
says "sizes too large" "too large to run: .* this machine has" err
status_is 2 "a cc that fails" env CC=false XDG_CACHE_HOME="$TMP/none" "$BPC" bench "$notes"
says "a cc that fails" "the C compiler 'false' failed" err
finish
