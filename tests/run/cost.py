"""bpc cost --json against numbers worked out by hand, beside each model.

    cost.py BPC TMP
"""
import json, math, subprocess, sys

BPC, TMP = sys.argv[1:3]


def cost(text, *options):
    with open(TMP + "/hand.bp", "w") as f:
        f.write(text)
    run = subprocess.run([BPC, "cost", TMP + "/hand.bp", "--json", *options], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def same(name, got, expected):
    assert got == expected, "%s: %r, not %r" % (name, got, expected)


def paths(said):
    return int(said["graph"]["paths"]["exact"])


def from_one(said, name):
    return int(said["graph"]["from"][name]["paths"]["exact"])


# The notes' network (section 2.1): 1 input, 2 sigmoid units, 1 output. Nodes: 7 parameters; z, a (2 each), yhat for each example;
# L. Edges for each example: w, b -> z (4), z -> a (2), v, a, c -> yhat (5), yhat -> L (1). Each parameter has one path for each
# example. Their edges: from w and b 4 (z, a, yhat, L), from v and c 2: (4*4 + 3*2)*m.
# Flops for each example: z a product and a sum (2*2), sigmoid 20 (2*20), the sum of products 2*2, c 1, the error, its square and
# the sum 3; and the product with 1/(2*m).
notes = """
dim   m
input x[m], y[m]
param w[2], b[2], v[2], c
z[i,k]         = w[k]*x[i] + b[k]
a[i,k]         = sigmoid(z[i,k])
output yhat[i] = sum[k](v[k]*a[i,k]) + c
loss L         = 1/(2*m) * sum[i]((yhat[i] - y[i])^2)
"""
notes = notes.replace("w[2], b[2], v[2], c", "w[2] = 1, b[2] = 1, v[2] = 1, c = 1")


def test_notes():
    for m in (1, 3, 1000):
        said = cost(notes, "-D", "m=%d" % m)
        same("parameters", said["graph"]["parameters"]["value"], 7)
        same("nodes", said["graph"]["nodes"]["value"], 8 + 5*m)
        same("edges", said["graph"]["edges"]["value"], 12*m)
        same("paths", paths(said), 7*m)
        same("edges of paths", int(said["graph"]["path_edges"]["exact"]), 22*m)
        same("flops", said["modes"]["value"]["flops"]["value"], 52*m + 1)
        same("every path", said["modes"]["paths"]["flops"]["value"], 52*m + 1 + 22*m)
        same("from c", from_one(said, "c"), m)


def test_notes_symbolic():
    said = cost(notes)
    same("sizes", (said["sizes"], said["assumed"]), ({"m": 64}, True))
    same("nodes", said["graph"]["nodes"], {"value": 5*64 + 8, "formula": "5*m + 8"})
    same("edges", said["graph"]["edges"]["formula"], "12*m")
    same("paths", said["graph"]["paths"]["formula"], "7*m")
    same("flops", said["modes"]["value"]["flops"], {"value": 52*64 + 1, "formula": "52*m + 1"})
    same("every path", said["modes"]["paths"]["flops"]["formula"], "74*m + 1")
    # What the caller gives: x, y, yhat (4 bytes each for m), 7 parameters; L is a value of the outputs.
    given = said["modes"]["value"]["memory"]["value"] - said["modes"]["value"]["workspace"]["value"]
    same("memory", given, 4*(3*64 + 7))


# L = sum of w[i]*x[i]: a product and a sum for each i. The gradient is x, which costs nothing more; a jvp has the same product and
# sum for the tangent, 10 directions ten of them. Each path is one edge. The value reads w and x, 4 bytes each; the gradient writes as much again as w.
def test_modes():
    said = cost("dim n = 1000\nparam w[n] ~ normal(0, 1)\ninput x[n]\nloss L = sum[i](w[i]*x[i])\n", "--directions", "10")
    flops = {name: mode["flops"]["value"] for name, mode in said["modes"].items()}
    same("flops", flops, {"value": 2000, "reverse": 2000, "jvp": 4000, "directions": 22000, "forward": 4000*1000, "hvp": 2000, "paths": 2000 + 1000})
    same("ratio", said["modes"]["jvp"]["ratio"], 2)
    same("crossover", said["crossover"]["inputs_per_output"], 0.5)
    same("crossover in blocks", said["crossover"]["inputs_per_output_in_blocks"], 2000*10/22000)
    same("bytes", said["modes"]["value"]["bytes"]["value"], 8000)
    same("memory", said["modes"]["reverse"]["memory"]["value"], 12000)
    same("intensity", said["modes"]["value"]["intensity"], 2000/8000)
    twice = cost("dim n = 1000\nparam w[n] ~ normal(0, 1)\ninput x[n]\nloss L = sum[i](w[i]*x[i])\n", "--real", "f64")
    same("f64", twice["modes"]["value"]["bytes"]["value"], 16000)


# A matrix product: 2*n*m*k flops.
def test_product():
    said = cost("dim m, n, k\ninput x[m,k]\nparam c = 1\nparam W[30,20] ~ normal(0, 1)\ninput v[n,k]\n"
                "output y[i,j] = sum[p](x[i,p]*v[j,p])\nloss L = c*sum(y)\n")
    same("flops", said["modes"]["value"]["flops"]["formula"], "2*m*n*k + m*n + 1")


# 5 layers of 100 (the notes' section 1.2): w is read by the 100 units of layer 1, each of those by 100, …, and L reads 100.
# A weight of the matrix between layers l and l+1 is read by one unit of layer l+1, from which 100^(4-l) paths go on.
def test_five_layers():
    with open("examples/notes/five_layers.bp") as f:
        said = cost(f.read())
    same("from w", from_one(said, "w"), 10**10)
    same("from W", from_one(said, "W"), sum(10**4 * 100**(4 - l) for l in range(1, 5)))
    same("edges", said["graph"]["edges"]["value"], 100 + 4*2*10**4 + 100 + 1)


# Layers by hand instead of by a recurrence: the same numbers, by formulas instead of element by element.
def test_layers_unrolled():
    text = "input x[7], y\nparam w = 1\nparam V[7,7] ~ normal(0,1)\n" + "a0[k] = sigmoid(w*x[k])\n"
    for l in range(1, 60):
        text += "a%d[k] = sigmoid(sum[j](V[k,j]*a%d[j]))\n" % (l, l - 1)
    said = cost(text + "loss L = sum(a59)\n")
    same("from w", from_one(said, "w"), 7**60)
    same("from V", from_one(said, "V"), sum(7*7**(l + 1) for l in range(59)))


# h[t] reads w and h[t-1]: from w, 1 + the paths of before; of L = sum of all h, T*(T+1)/2.
def test_recurrence():
    text = "dim T\ninput x[T]\nparam w = 0.5\nh[t] = tanh(w*h[t-1 | 1] + x[t])\n"
    same("last", paths(cost(text + "loss L = h[T-1]\n", "-D", "T=5000")), 5000)
    same("all", paths(cost(text + "loss L = sum(h)\n", "-D", "T=500")), 500*501//2)
    back = "dim T\ninput x[T]\nparam w = 0.5\nh[t] = tanh(w*h[t+1 | 1] + x[t])\nloss L = h[0]\n"
    same("backward", paths(cost(back, "-D", "T=5000")), 5000)


# p is read by f[0] and f[1]; f[t] reads both before it: Fibonacci's numbers.
def test_fibonacci():
    said = cost("dim T = 300\nparam p = 1\nf[0] = p\nf[1] = p\nf[t in 2..T] = f[t-1] + f[t-2]\nloss L = f[T-1]\n")
    a, b = 1, 1
    for _ in range(298):
        a, b = b, a + b
    same("paths", paths(said), b)


# A wide recurrence: each unit reads 10 weights, 10 units of before and a bias: p[t] = 11 + 10*p[t-1], p[-1] = 0; L reads 10.
# The number has 2000 digits.
def test_wide_recurrence():
    said = cost("dim T = 2000\nparam U[10,10] ~ normal(0,1), b[10] = 0\nh[t in 0..T,k] = tanh(sum[j](U[k,j]*h[t-1,j | 0]) + b[k])\nloss L = sum[k](h[T-1,k])\n")
    p = 0
    for _ in range(2000):
        p = 11 + 10*p
    same("paths", paths(said), 10*p)


# Far more digits than anyone wants: the size alone, as a logarithm. p[t] = 64*(1 + p[t-1]) with p[-1] = 0; L reads 64.
def test_too_long():
    said = cost("dim T = 100000\nparam U[64,64] ~ normal(0,1)\nh[t in 0..T,k] = tanh(sum[j](U[k,j]*h[t-1,j | 1]))\nloss L = sum[k](h[T-1,k])\n")
    same("exact", said["graph"]["paths"]["exact"], None)
    expected = 100001*math.log10(64) + math.log10(64/63)  # 64 * (64 + 64^2 + … + 64^100000)
    assert abs(said["graph"]["paths"]["log10"] - expected) < 1e-5, said["graph"]["paths"]["log10"]


# A gather: whichever row is read, n*k elements are; each is one path. Its edges: n*k reads, and n*k in the sum.
def test_gather():
    text = "dim n\ninput tok[n] in 0..50\nparam E[50,8] ~ normal(0,1)\ne[i,k] = E[tok[i],k]\nloss L = sum(e)\n"
    said = cost(text)
    same("paths", said["graph"]["paths"]["formula"], "8*n")
    same("edges", said["graph"]["edges"]["formula"], "16*n")
    same("nodes", said["graph"]["nodes"]["formula"], "8*n + 401")


# A scatter by data counts with the data. Nodes 0, 0, 2 receive from e = 0, 1, 2: squares read 2*2 + 1*1 … L = sum of y[v]*y[dst]:
# from g[e]: one path into y[dst[e]], from which L reads: y[v] is read once by q[v] and as often as v is in dst by r[e].
def test_scatter():
    text = ("dim n, m\ninput dst[m] in 0..n, k[n]\nparam g = 2\ns[e in 0..m] = g*e\ny[v in 0..n] = sum[e where dst[e] == v](s[e])\n"
            "r[e in 0..m] = y[dst[e]]^2\nloss L = sum(r) + sum[v](k[v]*y[v])\n")
    said = cost(text, "-D", "n=3", "-D", "m=3")
    assert "data" in said["graph"]["paths"]["why"], said["graph"]["paths"]
    with open(TMP + "/data.json", "w") as f:
        json.dump({"dst": [0, 0, 2], "k": [1, 1, 1]}, f)
    said = cost(text, "--data", TMP + "/data.json")
    # into y: 2, 0, 1 paths; r reads y[0], y[0], y[2]: 2 + 2 + 1; the other sum reads each once: 3
    same("paths", paths(said), 8)
    same("sizes", said["sizes"], {"n": 3, "m": 3})


# Triangles: sum over j <= i, j < i, j != i.
def test_triangles():
    model = "dim n\ninput x[n,n]\nparam s = 1\nr[i] = sum[%s](s*x[i,j])\nloss L = sum(r)\n"
    for range_, formula in (("j in 0..i+1", "(n^2 + n)/2"), ("j in i+1..n", "(n^2 - n)/2"), ("j where j != i", "n^2 - n"), ("j where j == i", "n")):
        said = cost(model % range_)
        same("paths", said["graph"]["paths"]["formula"], formula)
    said = cost("dim n\ninput x[n,n,n]\nparam s = 1\nloss L = sum[i](sum[j in 0..i](sum[k in 0..j](s*x[i,j,k])))\n")
    same("tetrahedron", said["graph"]["paths"]["formula"], "(n^3 - 3*n^2 + 2*n)/6")
    same("its number", paths(said), 64*63*62//6)


# A boundary: x[i-1 | 0] reads n-1 elements; a convolution of 3 over n reads 3*(n-2).
def test_boundaries():
    said = cost("dim n\ninput x[n]\nparam s = 1\nz[i] = s*x[i]\nw[i] = z[i] + z[i-1 | 0]\nloss L = sum(w)\n")
    same("lag", paths(said), 64 + 63)
    same("edges", said["graph"]["edges"]["formula"], "4*n - 1")
    said = cost("dim n\ninput x[n]\nparam k[3] = 1\ny[i] = sum[p](k[p]*x[i+p])\nloss L = sum(y)\n")
    same("convolution", said["graph"]["paths"]["formula"], "3*n - 6")
    same("pieces", paths(cost("dim n = 7\nparam a = 1, b = 1\nd[0] = a\nd[i in 1..n-1] = b\nd[n-1] = 2*a\nloss L = sum(d)\n")), 7)


# What floor and a branch by an index do not let through.
def test_nothing_passes():
    same("floor", paths(cost("param a = 1, b = 1\nloss L = floor(a) + b\n")), 1)
    same("branch", paths(cost("dim n = 10\nparam a = 1, b = 1\nd[i in 0..n] = if i < 3 then a else b*a\nloss L = sum(d)\n")), 3 + 2*7)
    same("by data", paths(cost("dim n = 10\ninput x[n]\nparam a = 1, b = 1\nd[i] = if x[i] < 3 then a else b\nloss L = sum(d)\n")), 20)


# A square of what needs fewer indices than the sum around it: one node, read once for each of r.
def test_square():
    said = cost("param c[4] = 1\nt[i in 0..4] = sum[r in 0..5]((2*c[i])^2)\nloss L = sum(t)\n")
    same("paths", paths(said), 4*5)


# What data decide counts in any case; when they are given, where they decide for it.
def test_decided_by_data():
    text = "dim n\ninput k[n] in 0..9, x[n]\nparam c[3] = 1, f = 1\nt[i] = c[k[i] | f]\ns[i] = if x[i] > 0 then f else 2\nloss L = sum(t) + sum(s)\n"
    same("unknown", paths(cost(text, "-D", "n=4")), 4 + 4 + 4)
    with open(TMP + "/data.json", "w") as f:
        json.dump({"k": [0, 2, 3, 8], "x": [1, -1, -1, -1]}, f)
    said = cost(text, "--data", TMP + "/data.json")
    same("given", (from_one(said, "c"), from_one(said, "f")), (2, 2 + 1))


# A recurrence of 100 steps, a product, a sum and tanh each (22 flops). Cut into 2 segments of 50, the first is computed again; into 10
# of 10, all but the last. What is kept lies in the workspace: all 100 states, or 10 and a segment.
def test_checkpoints():
    said = cost("dim T = 100\ninput x[T]\nparam w = 0.5\nh[t] = tanh(w*h[t-1 | 0] + x[t])\nloss L = sum(h)\n")
    rows = {row["checkpoint"]: row for row in said["checkpoints"]}
    same("none", (rows["none"]["flops"], rows["none"]["steps"]), (said["modes"]["reverse"]["flops"]["value"], 100))
    same("one", (rows["1"]["segments"], rows["1"]["flops"] - rows["none"]["flops"]), (2, 50*22))
    same("sqrt", (rows["sqrt"]["segments"], rows["sqrt"]["steps"], rows["sqrt"]["flops"] - rows["none"]["flops"]), (10, 10, 90*22))
    same("less memory", rows["none"]["workspace"] > rows["1"]["workspace"] > rows["sqrt"]["workspace"] >= rows["least"]["workspace"], True)
    same("no recurrence", cost("param w = 1\nloss L = w^2\n")["checkpoints"], [])


# Linear algebra: every element of x hangs on every one of A and b. n^3*2/3 + 2*n^2 flops to solve.
def test_calls():
    said = cost("param A[9,9] ~ identity, b[9] = 1\nx = solve(A, b)\nloss L = sum(x)\n")
    same("paths", paths(said), 9*(81 + 9))
    same("flops", said["modes"]["value"]["flops"]["value"], 2*9**3/3 + 2*81 + 9)


# Several outputs: no loss. m outputs of n inputs.
def test_outputs():
    said = cost("dim n = 6, m = 3\ninput q[n]\nparam W[m,n] ~ normal(0,1)\noutput p = W @ q\n", "--wrt", "q")
    same("outputs", (said["graph"]["outputs"]["value"], said["graph"]["parameters"]["value"]), (3, 6))
    same("paths", paths(said), 18)
    same("modes", sorted(said["modes"]), ["backward", "directions", "forward", "jvp", "paths", "reverse", "value"])
    same("backward", said["modes"]["backward"]["flops"]["value"], 3*said["modes"]["reverse"]["flops"]["value"])
    same("intermediates", paths(cost("param w = 1\na = 2*w\nb = a + w\nloss L = a*b\n", "--wrt", "a")), 2)


failed = 0
for name, test in sorted(globals().items()):
    if name.startswith("test_"):
        try:
            test()
        except AssertionError as what:
            failed += 1
            print("%s: %s" % (name, what))
print("%d failed" % failed)
sys.exit(failed > 0)
