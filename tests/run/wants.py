"""y[i] = sum[j](W[i,j]*x[j]^2),  L = sum[i](y[i]^2): its Jacobians, Hessian, and products with them by formula.

    wants.py BPC FOLDER [options of eval]     exit status 1 with a message where one is wrong
"""
import json
import subprocess
import sys

bpc, folder, *options = sys.argv[1:]
MODEL = """real f64
param x[3] = [0.5, -1.5, 2], W[2, 3] = [[1, -2, 0.5], [0.25, 3, -1]]
output y[i] = sum[j](W[i,j]*x[j]^2)
loss L = sum[i](y[i]^2)
"""
x, W = [0.5, -1.5, 2], [[1, -2, 0.5], [0.25, 3, -1]]
I, J = range(2), range(3)
y = [sum(W[i][j] * x[j] ** 2 for j in J) for i in I]
same = lambda a, b: float(a == b)

jacobian = {
    "y": {"x": [[2 * W[i][j] * x[j] for j in J] for i in I], "W": [[[same(i, a) * x[b] ** 2 for b in J] for a in I] for i in I]},
    "L": {"x": [sum(4 * y[i] * W[i][j] * x[j] for i in I) for j in J], "W": [[2 * y[a] * x[b] ** 2 for b in J] for a in I]},
}
xx = [[sum(8 * W[i][j] * x[j] * W[i][l] * x[l] for i in I) + same(j, l) * sum(4 * y[i] * W[i][j] for i in I) for l in J] for j in J]
xW = [[[4 * x[b] ** 2 * W[a][j] * x[j] + same(j, b) * 4 * y[a] * x[j] for b in J] for a in I] for j in J]
Wx = [[[xW[j][a][b] for j in J] for b in J] for a in I]
WW = [[[[same(a, c) * 2 * x[b] ** 2 * x[d] ** 2 for d in J] for c in I] for b in J] for a in I]
hessian = {"x": {"x": xx, "W": xW}, "W": {"x": Wx, "W": WW}}

dx, dW = [1, 2, -1], [[0.5, 0, 1], [-1, 2, 0.25]]
hvp = {
    "x": [sum(xx[j][l] * dx[l] for l in J) + sum(xW[j][a][b] * dW[a][b] for a in I for b in J) for j in J],
    "W": [[sum(Wx[a][b][j] * dx[j] for j in J) + sum(WW[a][b][c][d] * dW[c][d] for c in I for d in J) for b in J] for a in I],
}
jvp = {"y": [sum(jacobian["y"]["x"][i][j] * dx[j] for j in J) + sum(jacobian["y"]["W"][i][a][b] * dW[a][b] for a in I for b in J) for i in I],
       "L": sum(jacobian["L"]["x"][j] * dx[j] for j in J) + sum(jacobian["L"]["W"][a][b] * dW[a][b] for a in I for b in J)}
u = [3, -0.5]
vjp = {"x": [sum(u[i] * jacobian["y"]["x"][i][j] for i in I) for j in J], "W": [[u[a] * x[b] ** 2 for b in J] for a in I]}

path = folder + "/wants.bp"
open(path, "w").write(MODEL)
for name, value in (("data", {}), ("direction", {"x": dx, "W": dW}), ("weight", {"y": u})):
    json.dump(value, open("%s/%s.json" % (folder, name), "w"))


def evaluate(want, *more):
    words = [bpc, "eval", path, "--data", folder + "/data.json", "--want", want, *options, *more]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("%s: status %d: %s" % (" ".join(words), done.returncode, done.stderr))
    return json.loads(done.stdout)[want]


def compare(where, got, want):
    if isinstance(want, dict):
        if sorted(got) != sorted(want):
            sys.exit("%s has members %s, not %s" % (where, sorted(got), sorted(want)))
        for name in want:
            compare(where + "." + name, got[name], want[name])
    elif isinstance(want, list):
        if not isinstance(got, list) or len(got) != len(want):
            sys.exit("%s has another shape: %s" % (where, got))
        for k, value in enumerate(want):
            compare("%s[%d]" % (where, k), got[k], value)
    elif abs(got - want) > 1e-12 * (1 + abs(want)):
        sys.exit("%s is %r, not %r" % (where, got, want))


compare("jacobian", evaluate("jacobian"), jacobian)
compare("hessian", evaluate("hessian"), hessian)
compare("gradient", evaluate("gradient"), jacobian["L"])
compare("jvp", evaluate("jvp", "--seed-data", folder + "/direction.json"), jvp)
compare("hvp", evaluate("hvp", "--seed-data", folder + "/direction.json"), hvp)
compare("vjp", evaluate("vjp", "--of", "y", "--seed-data", folder + "/weight.json"), vjp)
