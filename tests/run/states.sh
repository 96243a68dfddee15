# States: every update of a step sees the old values, and runs after it, in training alone; prediction reads them; data may
# give them; they are saved with the weights.
. tests/run/common.sh
python3 - "$TMP" <<'EOF'
import json, sys
x = [[((7*i + 3*k) % 11)/5 - 1 for k in range(2)] for i in range(6)]
json.dump({"x": x}, open(sys.argv[1] + "/x.json", "w"))
rows = [[((7*i + 5*k) % 13)/6 - 1 for k in range(4)] for i in range(90)]
with open(sys.argv[1] + "/c.csv", "w") as f:
    f.write("x[0],x[1],x[2],x[3],y\n")
    for r in rows:
        f.write(",".join("%.5f" % v for v in r) + ",%d\n" % max(range(3), key=lambda k: r[k]))
EOF
model=tests/models/states.bp
for epochs in 1 3; do
    status_is 0 "three steps" "$BPC" train "$model" --real f64 --data "$TMP/x.json" --optimizer "sgd(lr=0)" --batch 6 --epochs $epochs -o "$TMP/w.npz"
    status_is 0 "the states after $epochs" python3 tests/run/states.py "$TMP" $epochs
done
# Given states are read, compiled and interpreted; what is not given holds its initial value.
python3 - "$TMP" <<'EOF'
import json, sys
d = json.load(open(sys.argv[1] + "/x.json"))
d.update({"w": [0.5, -1], "count": 10, "average": [0.25, 0.5], "line": [2, 0, 0, 0]})
json.dump(d, open(sys.argv[1] + "/given.json", "w"))
EOF
for how in "" --interpret; do
    for training in 0 1; do
        status_is 0 "given states $how" "$BPC" eval "$model" --real f64 --data "$TMP/given.json" --training $training $how
        cp "$TMP/out" "$TMP/got"
        status_is 0 "given states $how: the loss" python3 - "$TMP" <<'EOF'
import json, math, sys
d, got = json.load(open(sys.argv[1] + "/given.json")), json.load(open(sys.argv[1] + "/got"))
w, a = d["w"], d["average"]
f = [math.tanh(r[0]*w[0] + r[1]*w[1] + a[0]*w[0] + a[1]*w[1] + 0.1*d["line"][0]) for r in d["x"]]
L = sum(v*v for v in f)/len(f) + 0.01*10*sum(p*w[0] - q*w[1] for p, q in zip([1, 2, 3], [4, 5, 6]))
assert abs(L - got["L"]) < 1e-12, (L, got["L"])
EOF
    done
done
# The running mean and variance of batch normalisation serve prediction.
model=tests/models/batchnorm_layer.bp
status_is 0 "batch normalisation learns" "$BPC" train "$model" --data "$TMP/c.csv" --split 0.2 --epochs 60 -o "$TMP/w.npz"
cp "$TMP/out" "$TMP/got"
status_is 0 "batch normalisation predicts" python3 - "$TMP" <<'EOF'
import re, sys
text = open(sys.argv[1] + "/got").read()
trained, held = re.findall(r"accuracy ([0-9.]+)", text)
assert float(trained) > 0.8 and float(held) > 0.6, text
EOF
finish
