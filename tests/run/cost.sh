# bpc cost: numbers worked out by hand, paths counted anew one scalar at a time, and what wrong calls get.
. tests/run/common.sh
mkdir -p "$TMP/work"
status_is 0 "numbers by hand" python3 tests/run/cost.py "$BPC" "$TMP/work"
[ "$failures" = 0 ] || cat "$TMP/out"
status_is 0 "paths one by one" python3 tests/run/cost_paths.py "$BPC" "$TMP/work" tests/models/*.bp tests/language/*.bp
compared=$(sed -n 's/^\([0-9]*\) compared.*/\1/p' "$TMP/out")
if [ "${compared:-0}" -ge 150 ]; then pass; else fail "paths one by one" "only ${compared:-none} compared"; cat "$TMP/out"; fi
for seed in $(seq 1 40); do python3 tests/random/generate.py "$seed" > "$TMP/work/$seed.bp"; done
status_is 0 "paths of random models" python3 tests/run/cost_paths.py "$BPC" "$TMP/work" "$TMP"/work/[1-9]*.bp
[ "$failures" = 0 ] || cat "$TMP/out"

# Every model of the corpus: a table and JSON, by itself and of an intermediate.
for model in tests/models/*.bp examples/*/*.bp tests/adbench/*.bp; do
    "$BPC" cost "$model" > "$TMP/out" 2> "$TMP/err"
    status=$?
    if [ $status = 0 ] && grep -q '^  reverse' "$TMP/out"; then pass
    elif [ $status = 1 ] && grep -Eq 'has no (parameters|real output)' "$TMP/err"; then pass
    else fail "$model" "status $status"; head -3 "$TMP/err"; fi
done
model=examples/notes/regression.bp
status_is 0 "the table" "$BPC" cost $model
says "the table" "^  paths +448   7\\*m" out
says "the table: sizes" "m = 64 \\(assumed" out
says "the table: formula" "^  value +52\\*m \\+ 1" out
status_is 0 "given sizes" "$BPC" cost $model -D m=10
says "given sizes" "^  paths +70$" out
status_is 0 "sizes of the data" "$BPC" cost $model --data examples/notes/regression.json
says "sizes of the data" "^at m = 3$" out
status_is 0 "an intermediate" "$BPC" cost $model --wrt a
says "an intermediate" "^  inputs +128   2\\*m" out
status_is 0 "the notes' five layers" "$BPC" cost examples/notes/five_layers.bp
says "the notes' five layers" "^  w +1 +10,000,000,000 +10,000,000,000" out
"$BPC" cost $model --json > "$TMP/one" && "$BPC" cost $model --json > "$TMP/two"
if cmp -s "$TMP/one" "$TMP/two"; then pass; else fail "twice the same" "differs"; fi

status_is 0 "checkpoints" "$BPC" cost tests/models/rnn.bp
says "checkpoints" "^  sqrt +8 +8 +[0-9,]+ +1\\.[0-9]+ " out
status_is 0 "from standard input" sh -c "'$BPC' cost - < $model"
says "from standard input" "^  paths +448   7\\*m" out
status_is 0 "check from standard input" sh -c "'$BPC' check - --interpret < $model"

# The picture.
status_is 0 "--plot" "$BPC" cost examples/digits/digits.bp --plot "$TMP/cost.svg"
status_is 0 "well-formed" python3 -c "import sys, xml.etree.ElementTree as t; t.parse(sys.argv[1])" "$TMP/cost.svg"
for name in value reverse "forward, one by one" "forward, 8 at once" "this model" "forward = reverse"; do
    if grep -q "$name" "$TMP/cost.svg"; then pass; else fail "--plot" "'$name' is not in it"; fi
done
status_is 2 "--plot to nowhere" "$BPC" cost $model --plot "$TMP/none/cost.svg"
says "--plot to nowhere" "cannot write" err
[ -s "$TMP/out" ] && fail "--plot to nowhere" "something was printed" || pass

# Wrong calls and wrong models.
status_is 2 "unknown --wrt" "$BPC" cost $model --wrt yhatt
says "unknown --wrt" "did you mean 'yhat'" err
status_is 2 "unknown --of" "$BPC" cost $model --of nothing
says "unknown --of" "--of: the model has no tensor 'nothing'" err
printf 'input y[3] in 0..2\nparam w = 1\noutput z = w*y[0]\n' > "$TMP/whole.bp"
status_is 2 "--wrt integers" "$BPC" cost "$TMP/whole.bp" --wrt y
says "--wrt integers" "only real tensors have derivatives" err
printf 'input x\noutput z = 2*x\n' > "$TMP/bare.bp"
status_is 1 "no parameters" "$BPC" cost "$TMP/bare.bp"
says "no parameters" "no parameters; say with --wrt" err
printf 'param w = 1\nloss L = nothing\n' > "$TMP/wrong.bp"
status_is 1 "a wrong model" "$BPC" cost "$TMP/wrong.bp"
status_is 2 "no such file" "$BPC" cost nothing.bp
status_is 2 "no directions" "$BPC" cost $model --directions 0
says "no directions" "at least 1" err
printf '{"x": [1, 2], "y": [1]}' > "$TMP/short.json"
status_is 1 "sizes that differ" "$BPC" cost $model --data "$TMP/short.json"
printf 'dim n = 9\nparam a = 1, b = 1\nloss L = b^2\n' > "$TMP/loose.bp"
status_is 0 "a parameter that nothing reads" "$BPC" cost "$TMP/loose.bp"
printf 'param a = 1\ninput x\nloss L = x^2\n' > "$TMP/none.bp"
status_is 0 "nothing depends" "$BPC" cost "$TMP/none.bp"
says "nothing depends" "^  paths +0$" out
# A warning is said once, although the model is read twice.
status_is 0 "warnings" "$BPC" cost tests/models/deep_relu.bp
if [ "$(grep -c Wfan "$TMP/err")" = 1 ]; then pass; else fail "warnings" "$(grep -c Wfan "$TMP/err") times"; fi
finish
