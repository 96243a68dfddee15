"""The gradient and the Jacobian of a model with --checkpoint are those without, bit by bit.

    checkpoint.py BPC MODEL FOLDER CUT…    exit status 1 with a message where it is not; prints whether the recurrence was cut"""
import json
import subprocess
import sys

from corpus import write_data

bpc, model, folder, *cuts = sys.argv[1:]


def run(*words):
    return subprocess.run([bpc, *words], capture_output=True, text=True)


printed = run(model, "--emit", "bp", "-o", "-")
if printed.returncode != 0:
    sys.exit()
write_data(printed.stdout, folder + "/checkpoint.json")
for real in ("f64", "f32"):
    wanted = None
    for cut in ["none"] + cuts:
        done = run("eval", model, "--real", real, "--data", folder + "/checkpoint.json", "--want", "gradient,jacobian", "--checkpoint", cut)
        if done.returncode != 0:
            sys.exit("%s: status %d: %s" % (model, done.returncode, done.stderr[:600]))
        if "can be cut" in done.stderr:
            print("not cut")
            sys.exit()
        got = done.stdout
        if wanted is None:
            wanted = got
        elif got != wanted:
            a, b = json.loads(wanted), json.loads(got)
            names = [n for n in a if a[n] != b[n]]
            sys.exit("%s, %s, --checkpoint %s: %s differ" % (model, real, cut, ", ".join(names)))
print("cut")
