# Draws: the same seed gives the same numbers compiled and interpreted, another seed and another call others; what is drawn
# follows its distribution; training = 0 leaves dropout alone; a training run with draws is repeated by its seed.
. tests/run/common.sh
cat > "$TMP/draws.bp" <<'EOF'
import nn
dim m
input x[m]
random drawn_n[m, 8] ~ normal(2, 0.5)
random drawn_u[m] ~ uniform(-1, 3)
random drawn_b[m, 4] ~ bernoulli(0.25)
random drawn_s ~ normal(0, 1)
random drawn_at[m] ~ normal(x, 0)
n = drawn_n
u = drawn_u
b = drawn_b
s = drawn_s
scaled = drawn_at
d[i] = nn.dropout(x[i], 0.5)
loss L = mean(d)
output n, u, b, s, scaled, d
EOF
python3 -c 'import json; print(json.dumps({"x": [1 + k/2000 for k in range(2000)]}))' > "$TMP/x.json"
for real in f64 f32; do
    for training in 0 1; do
        derivative= # training functions are those with derivatives
        [ $training = 0 ] || derivative="--want gradient --wrt x"
        status_is 0 "compiled, training = $training" "$BPC" eval "$TMP/draws.bp" --data "$TMP/x.json" --real $real $derivative --seed 7
        cp "$TMP/out" "$TMP/compiled.$training"
        status_is 0 "interpreted, training = $training" "$BPC" eval "$TMP/draws.bp" --data "$TMP/x.json" --real $real $derivative --seed 7 --interpret
        cp "$TMP/out" "$TMP/interpreted.$training"
    done
    status_is 0 "another seed" "$BPC" eval "$TMP/draws.bp" --data "$TMP/x.json" --real $real --want gradient --wrt x --seed 8
    cp "$TMP/out" "$TMP/other"
    status_is 0 "$real: the numbers" python3 tests/run/draws.py "$TMP" $real
done

model=tests/models/dropout_network.bp
python3 - > "$TMP/d.csv" <<'EOF'
print("x[0],x[1],x[2],x[3],x[4],y")
for i in range(64):
    x = [((i*7 + k*13) % 17)/8.5 - 1 for k in range(5)]
    print(",".join("%.4f" % v for v in x + [x[0]*x[1] - x[2]]))
EOF
for seed in 3 3 4; do
    status_is 0 "training with draws" "$BPC" train "$model" --data "$TMP/d.csv" --seed $seed -o "$TMP/w.safetensors"
    cp "$TMP/out" "$TMP/train.$seed.${again:-first}"
    again=again
done
if cmp -s "$TMP/train.3.first" "$TMP/train.3.again"; then pass; else fail "training with draws" "the same seed gave another loss"; fi
if cmp -s "$TMP/train.3.first" "$TMP/train.4.again"; then fail "training with draws" "another seed gave the same loss"; else pass; fi

cat > "$TMP/wrong.bp" <<'EOF'
param p = 0.5
random e ~ normal(p, 1)
loss L = e^2
EOF
status_is 1 "a draw that depends on a param" "$BPC" "$TMP/wrong.bp" -o -
says "a draw that depends on a param" "shift and scale the draw" err
finish
