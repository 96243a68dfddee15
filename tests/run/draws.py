"""The numbers of draws.sh: what was drawn twice agrees, and has the moments of its distribution."""
import json, math, sys

folder, real = sys.argv[1:]
tolerance = 2e-6 if real == "f32" else 1e-14


def read(name):
    with open(folder + "/" + name) as f:
        return json.load(f)


def flat(v):
    return [e for row in v for e in flat(row)] if isinstance(v, list) else [v]


def check(what, good):
    if not good:
        sys.exit("draws: " + what)


def moments(values):
    mean = sum(values)/len(values)
    return mean, math.sqrt(sum((v - mean)**2 for v in values)/len(values))


x = [1 + k/2000 for k in range(2000)]
for training in "01":
    a, b = read("compiled." + training), read("interpreted." + training)
    check("the same outputs", set(a) == set(b))
    gradients = [v.pop("gradient", {}).get("x", []) for v in (a, b)]
    check("the gradient is 2/m where kept", all(abs(p - q) <= 1e-9 for p, q in zip(*gradients)))
    for name in a:
        pairs = list(zip(flat(a[name]), flat(b[name])))
        check("compiled and interpreted agree on " + name, all(abs(p - q) <= tolerance*(1 + abs(q)) for p, q in pairs))

values, other = read("compiled.1"), read("other")
n, u, b, d = (flat(values[k]) for k in "nubd")
mean, deviation = moments(n)
check("normal(2, 0.5): mean %g, deviation %g" % (mean, deviation), abs(mean - 2) < 0.02 and abs(deviation - 0.5) < 0.02)
mean, deviation = moments(u)
check("uniform(-1, 3): mean %g" % mean, abs(mean - 1) < 0.15 and abs(deviation - 4/math.sqrt(12)) < 0.1 and min(u) > -1 and max(u) < 3)
mean, _ = moments(b)
check("bernoulli(0.25): mean %g" % mean, abs(mean - 0.25) < 0.03 and set(b) == {0, 1})
check("arguments over the axes", all(abs(p - q) < 1e-6 for p, q in zip(values["scaled"], x)))
kept = sum(v != 0 for v in d)/len(d)
check("dropout keeps half: %g" % kept, abs(kept - 0.5) < 0.05)
check("dropout scales what it keeps", all(v == 0 or abs(v - 2*w) < 1e-5 for v, w in zip(d, x)))
check("nothing is dropped in prediction", all(abs(v - w) < 1e-6 for v, w in zip(read("compiled.0")["d"], x)))
check("draws do not depend on training", all(abs(p - q) < 1e-6 for p, q in zip(flat(read("compiled.0")["n"]), n)))
check("another seed draws others", all(p != q for p, q in zip(flat(other["n"]), n)))
check("neighbours are not related", abs(sum((p - 2)*(q - 2) for p, q in zip(n, n[1:]))/len(n)) < 0.01)
