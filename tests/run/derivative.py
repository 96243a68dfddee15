"""The derivative that `bpc --emit bp` prints computes what `bpc eval --want gradient` does.

    derivative.py BPC MODEL FOLDER    exit status 1 with a message where it does not
"""
import json
import random
import re
import subprocess
import sys

bpc, model, folder = sys.argv[1:]


def run(*words):
    done = subprocess.run([bpc, *words], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("%s: status %d: %s" % (" ".join(words), done.returncode, done.stderr[:600]))
    return done.stdout


def array(shape, draw):
    return [array(shape[1:], draw) for _ in range(shape[0])] if shape else draw()


derivative = folder + "/derivative.bp"
text = run(model, "--real", "f64", "--emit", "bp", "-o", "-")
open(derivative, "w").write(text)
random.seed(1)
sizes = {}
data = {}
for name, shape, low, high in re.findall(r"^input (\w+)(?:\[([^\]]*)\])?(?: in (\S+)\.\.(\S+))?$", text, re.M):
    extents = []
    for axis in (shape or "").split(","):
        axis = axis.strip()
        if axis:
            extents.append(int(axis) if axis.isdigit() else sizes.setdefault(axis, 5 - len(sizes)))
    size = lambda e: int(e) if e.isdigit() else sizes.get(e, 0) if re.fullmatch(r"\w+", e) else eval(e, {}, sizes)
    draw = (lambda: random.randrange(size(low), size(high))) if high else (lambda: round(random.gauss(0, 1), 3))
    data[name] = array(extents, draw)
path = folder + "/derivative.json"
json.dump(data, open(path, "w"))
want = json.loads(run("eval", model, "--real", "f64", "--data", path, "--want", "gradient", "--interpret"))["gradient"]
got = json.loads(run("eval", derivative, "--data", path, "--training", "1", "--interpret"))


def flat(value):
    return [x for v in value for x in flat(v)] if isinstance(value, list) else [value]


for name, values in want.items():
    ours = flat(got.get(name.replace(".", "_") + "_bar", float("nan")))
    theirs = flat(values)
    scale = max([abs(x) for x in theirs] + [1e-3])
    for a, b in zip(ours, theirs):
        if not (abs(a - b) <= 1e-9 * scale or a != a and b != b):
            sys.exit("%s: %s is %r, not %r" % (model, name, a, b))
