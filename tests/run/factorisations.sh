# Linear algebra end to end: matrices large enough for LAPACK, with and without it, against the interpreter; what has no
# factorisation ends in a status and a sentence.
. tests/run/common.sh
python3 - "$TMP" <<'EOF'
import json, math, sys
n = 70
x = [[math.sin(3.7*i + k) + 0.01*i for k in range(2)] for i in range(n)]
json.dump({"x": x, "y": [math.cos(5*r[0]) + r[1] for r in x]}, open(sys.argv[1] + "/gp.json", "w"))
EOF
model=tests/models/gaussian_process.bp
for real in f64 f32; do
    status_is 0 "interpreted" "$BPC" eval "$model" --real $real --data "$TMP/gp.json" --want gradient --interpret
    cp "$TMP/out" "$TMP/oracle"
    for blas in cblas none; do
        status_is 0 "$real, --blas $blas" "$BPC" eval "$model" --real $real --data "$TMP/gp.json" --want gradient --blas $blas
        cp "$TMP/out" "$TMP/got"
        status_is 0 "$real, --blas $blas: the numbers" python3 - "$TMP" $real <<'EOF'
import json, sys
got, want = (json.load(open(sys.argv[1] + "/" + name)) for name in ("got", "oracle"))
for g, w in ((got, want), (got["gradient"], want["gradient"])):
    for name in w:
        if name != "gradient":
            assert abs(g[name] - w[name]) <= (1e-9 if sys.argv[2] == "f64" else 5e-3)*(1 + abs(w[name])), (name, g[name], w[name])
EOF
    done
done

printf 'input A[2, 2]\noutput d = det(A)\noutput x = solve(A, ones(2))\n' > "$TMP/solve.bp"
printf 'input A[2, 2]\noutput d = det(A)\n' > "$TMP/det.bp"
printf 'input A[2, 2]\noutput C = cholesky(A)\n' > "$TMP/cholesky.bp"
printf 'input A[2, 2]\noutput l = logdet(A)\n' > "$TMP/logdet.bp"
echo '{"A": [[1, 2], [2, 4]]}' > "$TMP/singular.json"
echo '{"A": [[1, 2], [2, 1]]}' > "$TMP/indefinite.json"
for model in solve logdet; do
    status_is 1 "$model of a singular matrix" "$BPC" eval "$TMP/$model.bp" --data "$TMP/singular.json"
    says "$model of a singular matrix" "$(sed -n 's/.*\[BP_E_DOMAIN\] = "\([^"]*\)".*/\1/p' runtime/bp.c | cut -c1-20)" err
done
status_is 1 "the root of an indefinite matrix" "$BPC" eval "$TMP/cholesky.bp" --data "$TMP/indefinite.json"
status_is 0 "the determinant of a singular matrix" "$BPC" eval "$TMP/det.bp" --data "$TMP/singular.json"
says "the determinant of a singular matrix" '"d": 0' out
status_is 0 "its derivative" "$BPC" eval "$TMP/det.bp" --data "$TMP/singular.json" --want gradient --of d --wrt A
says "its derivative" '\[\[4, -2\], \[-2, 1\]\]' out
status_is 1 "its second derivative" "$BPC" eval "$TMP/det.bp" --data "$TMP/singular.json" --want hessian --of d --wrt A
status_is 0 "the determinant of an indefinite matrix" "$BPC" eval "$TMP/det.bp" --data "$TMP/indefinite.json"
says "the determinant of an indefinite matrix" '"d": -3' out
finish
