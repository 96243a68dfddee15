# The language and its library, sentence by sentence. The models of tests/language against numpy (tests/language/run.py), each
# interpreted and compiled at -O0 and -O2; MODELS="filters pieces" chooses. Then what is not a value: names in C, what is
# checked at entry, warnings, options. tests/README.md says which sentence is where.
. tests/run/common.sh
python=python3
"$python" -c 'import numpy' 2> /dev/null || python=/usr/bin/python3
"$python" tests/language/run.py "$BPC" tests/language $MODELS > "$TMP/language"
passed=$(grep -c '^ok' "$TMP/language")
failures=$(grep -c '^FAIL' "$TMP/language")
[ "$failures" = 0 ] || { echo; sed -n '/^FAIL/,/^ok/p' "$TMP/language" | grep -v '^ok'; }
[ "$passed" != 0 ] || fail language "nothing ran"

model() { printf '%s\n' "$@" > "$TMP/model.bp"; }
data() { printf '%s\n' "$1" > "$TMP/data.json"; }
evaluate() { # wanted status, name, what it must say
    for how in --interpret -O0 -O2; do
        status_is "$1" "$2 $how" "$BPC" eval "$TMP/model.bp" --data "$TMP/data.json" $how
        [ -z "$3" ] || says "$2 $how" "$3" err
    done
}
compile() { status_is 0 "$1" "$BPC" "$TMP/model.bp" -o "$TMP/model.c"; }

# 1. In C names are transliterated; clashes and keywords get a suffix.
model 'dim m' 'input x[m]' 'param θ = 1, ŷ0 = 2, int = 3, x₁ = 4, theta = 5' 'loss L = θ*ŷ0*int*x₁*theta*sum(x)'
compile "names in C"
for name in '\*theta;' '\*yhat0;' '\*int_;' '\*x1;' '\*theta[^;]+;    /\* theta \*/'; do
    if grep -Eq -- "$name" "$TMP/model.h"; then pass; else fail "names in C" "no $name in the header"; fi
done
# 2. Precision of the file; default f32; --real overrides.
model 'input x' 'output y = 2*x'
compile "f32 by default"
if grep -q 'const float \*x;' "$TMP/model.h"; then pass; else fail "f32 by default" "no float in the header"; fi
status_is 0 "--real overrides" "$BPC" "$TMP/model.bp" --real f64 -o "$TMP/model.c"
if grep -q 'const double \*x;' "$TMP/model.h"; then pass; else fail "--real overrides" "no double in the header"; fi
# 2. Every value of integer data is checked against its range when the code is entered.
model 'dim m' 'input y[m] in 0..10' 'output s = sum(y)'
data '{"y": [3, 10]}'
evaluate 1 "range of data" 'y\[1\]: found 10'
# 2. Dims are at least 1.
status_is 1 "dims are at least 1" "$BPC" "$TMP/model.bp" -D m=0 -o "$TMP/model.c"
says "dims are at least 1" "at least 1" err
# 2. Rank 3 and more without fan_in, fan_out is a warning.
model 'param W[2, 3, 4] ~ xavier' 'loss L = sum(W)'
compile "fans of three axes"
says "fans of three axes" 'warning.*-Wfan' err
# 2. State is updated in training only, and the header has it.
model 'dim m' 'input x[m]' 'param w = 1' 'state s = 0' 'update s = s + 1' 'loss L = w*sum(x) + s'
compile "state"
if grep -q 'model_update' "$TMP/model.h"; then pass; else fail "state" "no model_update"; fi
# 3. What depends on run-time dims alone is checked once at entry.
model 'dim m' 'input x[m]' 'output y = x[2]'
data '{"x": [1, 2]}'
evaluate 1 "a read that dims decide" ''
model 'dim m' 'input x[m]' 'output d[0] = x[0]' 'output d[i in 1..m-1] = 2*x[i]' 'output d[m-1] = 3*x[m-1]'
data '{"x": [1]}'
evaluate 1 "pieces that overlap at m = 1" ''
# 3. Index data of a recurrence must be below the index.
model 'dim n' 'input up[n] in -1..100, w[n]' 'S[b] = w[b] + S[up[b] | 0]' 'output S'
data '{"up": [-1, 0, 3, 1], "w": [1, 2, 3, 4]}'
evaluate 1 "a parent after its child" ''
# 4. argmax of an empty range is an error.
model 'dim m' 'input x[m]' 'output k = argmax[i in 0..m-2](x[i])'
data '{"x": [1, 2]}'
evaluate 1 "argmax of nothing" 'argmax is of nothing|is of something'
model 'dim m' 'input x[m, 3], c[m] in 0..4' 'k[i] = argmax[j in 0..c[i]](x[i, j])' 'output k'
data '{"x": [[1, 2, 3], [1, 2, 3]], "c": [2, 0]}'
evaluate 1 "argmax of nothing by a bound that is data" 'argmax is of nothing|is of something'
data '{"x": [[1, 2, 3], [1, 2, 3]], "c": [2, 1]}'
evaluate 0 "argmax of something by a bound that is data" ''
says "argmax of something" '"k": \[1, 0\]' out
model 'dim m' 'input x[m, 3], c[m] in 0..4' 'k[i] = argmin[j in 0..c[i], l in 0..j where x[i, l] > 1](x[i, j] + x[i, l])' 'output k'
data '{"x": [[1, 2, 3], [2, 2, 3]], "c": [2, 3]}'
evaluate 1 "argmin of what a filter of data leaves: nothing" 'argmax is of nothing|is of something'
data '{"x": [[1, 2, 3], [2, 2, 3]], "c": [3, 2]}'
evaluate 0 "argmin of what a filter of data leaves: something" ''
# 4. No dependence is 0 with a warning.
model 'input x[3]' 'param w = 1' 'loss L = w^2' 'output g = grad(L, x)'
compile "no dependence"
says "no dependence" 'warning: this derivative is 0.*-Wzero-derivative' err
# The table names tests that exist, and every test.
for name in $(sed -n 's/^|.*| \([^|]*\) |$/\1/p' tests/README.md | grep -o '`[a-z_0-9]*`' | tr -d '`' | sort -u); do
    found=$(ls -d tests/language/$name.bp tests/errors/$name.bp tests/models/$name.bp tests/traps/$name.bp tests/run/$name.sh tests/$name 2> /dev/null)
    if [ -n "$found" ]; then pass; else fail tests/README.md "there is no test '$name'"; fi
done
for file in tests/language/*.bp; do
    name=$(basename "$file" .bp)
    if grep -q "\`$name\`" tests/README.md; then pass; else fail tests/README.md "'$name' is not in the table"; fi
done
finish
