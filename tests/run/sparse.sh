# Sparse Jacobians and Hessians: of every model of the corpus, interpreted and compiled, against the dense ones; the patterns that
# are known from mathematics; what --sparse refuses.
. tests/run/common.sh

# The compiled runs need no speed: tcc, where it is installed.
quick=$CC
command -v tcc > /dev/null && quick=tcc
compared=0
for model in tests/models/*.bp; do
    status_is 0 "$model interpreted" python3 tests/run/sparse.py "$BPC" "$model" "$TMP" --interpret
    grep -q '^0' "$TMP/out" && continue
    compared=$((compared + 1))
    CC=$quick status_is 0 "$model compiled" python3 tests/run/sparse.py "$BPC" "$model" "$TMP"
done
[ "$compared" -ge 60 ] && pass || fail "corpus" "only $compared models have sparse derivatives"

# name, model, options, data, and the entries that mathematics says are not zero, row by row
pattern() {
    printf '%s\n' "$2" > "$TMP/$1.bp"
    printf '%s\n' "$4" > "$TMP/$1.json"
    for how in --interpret -O0 -O2; do
        # shellcheck disable=SC2086 # options are words
        status_is 0 "$1 $how" "$BPC" eval "$TMP/$1.bp" --data "$TMP/$1.json" --sparse $3 $how
        tr -d ' \n' < "$TMP/out" > "$TMP/joined"
        if grep -qF "\"start\":$5,\"index\":$6," "$TMP/joined"; then pass; else fail "$1 $how" "start $5, index $6 is not in $(cat "$TMP/joined")"; fi
    done
}
pattern tridiagonal 'real f64
dim n
input x[n]
loss L = sum[i in 0..n-1](100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2)' '--want hessian --wrt x' '{"x": [1, 2, 3, 4]}' '[0,2,5,8,10]' '[0,1,0,1,2,1,2,3,2,3]'
pattern arrowhead 'real f64
dim n
input x[n]
loss L = sum[i](sin(x[0])*x[i]^3)' '--want hessian --wrt x' '{"x": [1, 2, 3, 4]}' '[0,4,6,8,10]' '[0,1,2,3,0,1,0,2,0,3]'
pattern stencil 'real f64
dim n, m
input u[n, m]
output r[i, j] = u[i,j]^3 - u[i-1,j|0] - u[i+1,j|0] - u[i,j-1|0] - u[i,j+1|0]' '--want jacobian --wrt u' '{"u": [[1, 2, 3], [4, 5, 6]]}' \
    '[0,3,7,10,13,17,20]' '[0,1,3,0,1,2,4,1,2,5,0,3,4,1,3,4,5,2,4,5]'
pattern per_example 'real f64
dim m
input x[m, 2]
output s[i] = sigmoid(x[i])' '--want jacobian --wrt x' '{"x": [[1, 2], [3, 4]]}' '[0,1,2,3,4]' '[0,1,2,3]'
pattern gather 'real f64
dim n, e
input x[n]
input a[e] in 0..n, b[e] in 0..n
output f[j] = x[a[j]]*x[b[j]]' '--want jacobian --wrt x' '{"x": [1, 2, 3], "a": [2, 0, 1], "b": [0, 1, 1]}' '[0,2,4,5]' '[0,2,0,1,1]'
pattern two_of_two 'real f64
dim n
input x[n], z
output y[i] = x[i]*z
output t = z^2' '--want jacobian --wrt z,x --of t,y' '{"x": [1, 2], "z": 3}' '[0,1,3,5]' '[0,0,1,0,2]'

printf 'real f64\ndim n\ninput x[n]\nh[t] = tanh(0.5*h[t-1 | 0] + x[t])\noutput y = h\n' > "$TMP/recurrence.bp"
status_is 1 recurrence "$BPC" "$TMP/recurrence.bp" --want jacobian --wrt x --sparse -o "$TMP/recurrence.c"
says recurrence 'not known because a recurrence is on the way; without --sparse it is dense' err

# The C itself: by rows and by columns, with and without libbp, sizes that do not fit.
printf 'real f64\ndim n\ninput x[n]\noutput y[i] = x[i]^2 + x[i-1 | 0]*x[i+1 | 1]\n' > "$TMP/band.bp"
for how in "" --standalone; do
    # shellcheck disable=SC2086
    status_is 0 "band $how" "$BPC" "$TMP/band.bp" --want value,jacobian --wrt x --sparse $how -o "$TMP/band.c"
    includes=$([ -n "$how" ] || echo "-Iruntime")
    # shellcheck disable=SC2086
    status_is 0 "band builds $how" $CC -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wdouble-promotion -Werror -g -fsanitize=address,undefined $includes \
        -I"$TMP" -o "$TMP/band" tests/generated/pattern.c "$TMP/band.c" $([ -n "$how" ] || echo "$BUILD/libbp.a") -lm
    status_is 0 "band runs $how" env ASAN_OPTIONS=detect_leaks=0 "$TMP/band"
done
finish
