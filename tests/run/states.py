"""The states of tests/models/states.bp after some steps, from their equations, against those that training saved."""
import json, math, struct, sys, zipfile

folder, steps = sys.argv[1], int(sys.argv[2])


def load(path):
    """The f64 arrays of an NPZ file, flat."""
    arrays = {}
    with zipfile.ZipFile(path) as z:
        for name in z.namelist():
            data = z.read(name)
            start = 10 + struct.unpack("<H", data[8:10])[0]
            arrays[name[:-4]] = list(struct.unpack("<%dd" % ((len(data) - start)//8), data[start:]))
    return arrays


saved, x = load(folder + "/w.npz"), json.load(open(folder + "/x.json"))["x"]
w = saved["w"]
s = {"count": [0], "front": [1, 2, 3], "back": [4, 5, 6], "line": [0.1, 0.2, 0.3, 0.4], "average": [0, 0]}
for _ in range(steps):
    f = [math.tanh(sum(r[k]*w[k] + s["average"][k]*w[k] for k in range(2)) + 0.1*s["line"][0]) for r in x]
    loss = sum(v*v for v in f)/len(f) + 0.01*s["count"][0]*sum(p*w[0] - q*w[1] for p, q in zip(s["front"], s["back"]))
    s = {"count": [s["count"][0] + 1], "front": s["back"], "back": s["front"], "line": s["line"][1:] + [loss],
         "average": [0.9*s["average"][k] + 0.1*sum(r[k]*v for r, v in zip(x, f))/len(f) for k in range(2)]}
for name in s:
    if any(abs(p - q) > 1e-12*(1 + abs(q)) for p, q in zip(saved[name], s[name])):
        sys.exit("%s is %s, not %s" % (name, saved[name], s[name]))
