"""Every derivative of a model, compiled, against the interpreter's and against each other: the Jacobian and the Hessian entry by entry
(the Jacobian by both modes), jvp, vjp and hvp as their products with random vectors.

    products.py BPC MODEL FOLDER    exit status 1 with a message where one is off; prints what was compared"""
import json
import random
import subprocess
import sys

from corpus import flat, write_data

bpc, model, folder = sys.argv[1:]
LARGEST = 20000  # elements of a matrix
data_path, seed_path = folder + "/products.json", folder + "/seed.json"


def run(*words):
    return subprocess.run([bpc, *words], capture_output=True, text=True)


def evaluate(*words, data=None):
    if data is not None:
        json.dump(data, open(data_path, "w"))
    done = run("eval", model, "--real", "f64", "--data", data_path, "--training", "1", *words)
    if done.returncode == 0:
        return json.loads(done.stdout)
    if any(why in done.stderr for why in ("to differentiate", "no parameters")):
        print("nothing to differentiate")
        sys.exit()
    sys.exit("%s %s: status %d: %s" % (model, " ".join(words), done.returncode, done.stderr[:600]))


def shaped(value, draw):
    return [shaped(v, draw) for v in value] if isinstance(value, list) else draw()


def close(what, got, want, tolerance=1e-8):
    a, b = flat([got]), flat([want])
    scale = max([abs(x) for x in b if x == x and abs(x) != float("inf")] + [1e-3])
    for k, (x, y) in enumerate(zip(a, b)):
        if not (abs(x - y) <= tolerance * scale or x == y or (x != x and y != y)):
            sys.exit("%s: %s, entry %d is %r, not %r" % (model, what, k, x, y))


def dot(a, b):
    return sum(x * y for x, y in zip(flat([a]), flat([b])))


def rows(block, n, width):
    numbers = flat([block])
    return [numbers[k * width:(k + 1) * width] for k in range(n)]


printed = run(model, "--real", "f64", "--emit", "bp", "-o", "-")
if printed.returncode != 0:
    print("has no equations to print")
    sys.exit()
data = write_data(printed.stdout, data_path)
first = evaluate("--interpret", "--want", "gradient")
params, outputs = list(first["gradient"]), [n for n in first if n != "gradient"]
count = {n: len(flat([v])) for n, v in list(first["gradient"].items()) + [(o, first[o]) for o in outputs]}
total = sum(count[p] for p in params)
draw = lambda: round(random.gauss(0, 1), 3)
direction = {p: shaped(first["gradient"][p], draw) for p in params}
compared = []

if total * sum(count[o] for o in outputs) <= LARGEST:
    want = evaluate("--interpret", "--want", "jacobian")["jacobian"]
    names = list(want)
    for mode in ("forward", "reverse"):
        got = evaluate("--want", "jacobian", "--mode", mode)["jacobian"]
        for o in names:
            for p in params:
                close("jacobian of %s by %s, %s mode" % (o, p, mode), got[o][p], want[o][p])
    weight = {o: shaped(first[o], draw) for o in names}
    json.dump(direction, open(seed_path, "w"))
    jvp = evaluate("--want", "jvp", "--seed-data", seed_path)["jvp"]
    for o in names:
        sums = [sum(dot(rows(want[o][p], count[o], count[p])[k], direction[p]) for p in params) for k in range(count[o])]
        close("jvp of %s" % o, jvp[o], sums)
    json.dump(weight, open(seed_path, "w"))
    vjp = evaluate("--want", "vjp", "--of", ",".join(names), "--seed-data", seed_path)["vjp"]
    for p in params:
        sums = [0.0] * count[p]
        for o in names:
            for u, row in zip(flat([weight[o]]), rows(want[o][p], count[o], count[p])):
                sums = [s + u * x if u else s for s, x in zip(sums, row)]
        close("vjp by %s" % p, vjp[p], sums)
    compared.append("jacobian, jvp, vjp")

if total * total <= LARGEST:
    want = evaluate("--interpret", "--want", "hessian")["hessian"]
    got = evaluate("--want", "hessian")["hessian"]
    for a in params:
        for b in params:
            close("hessian of %s and %s" % (a, b), got[a][b], want[a][b])
    json.dump(direction, open(seed_path, "w"))
    hvp = evaluate("--want", "hvp", "--seed-data", seed_path)["hvp"]
    for a in params:
        sums = [sum(dot(rows(want[a][b], count[a], count[b])[k], direction[b]) for b in params) for k in range(count[a])]
        close("hvp by %s" % a, hvp[a], sums)
    compared.append("hessian, hvp")
print("compared: " + "; ".join(compared))
