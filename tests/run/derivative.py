"""The derivative that `bpc --emit bp` prints computes what `bpc eval --want gradient` does.

    derivative.py BPC MODEL FOLDER    exit status 1 with a message where it does not
"""
import json
import subprocess
import sys

from corpus import flat, write_data

bpc, model, folder = sys.argv[1:]


def run(*words):
    done = subprocess.run([bpc, *words], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("%s: status %d: %s" % (" ".join(words), done.returncode, done.stderr[:600]))
    return done.stdout


derivative = folder + "/derivative.bp"
text = run(model, "--real", "f64", "--emit", "bp", "-o", "-")
open(derivative, "w").write(text)
path = folder + "/derivative.json"
write_data(text, path)
want = json.loads(run("eval", model, "--real", "f64", "--data", path, "--want", "gradient", "--interpret"))["gradient"]
got = json.loads(run("eval", derivative, "--data", path, "--training", "1", "--interpret"))


for name, values in want.items():
    ours = flat(got.get(name.replace(".", "_") + "_bar", float("nan")))
    theirs = flat(values)
    scale = max([abs(x) for x in theirs] + [1e-3])
    for a, b in zip(ours, theirs):
        if not (abs(a - b) <= 1e-9 * scale or a != a and b != b):
            sys.exit("%s: %s is %r, not %r" % (model, name, a, b))
