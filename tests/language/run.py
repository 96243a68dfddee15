"""Runs the models of tests/language against numpy.

    run.py BPC FOLDER [NAME ...]

A model says in comments what it is given and what must come out, as numpy expressions that see each other:

    #py   some statement                 helpers
    #in   x = arange(6.).reshape(2, 3)   data for an input, parameter or state
    #out  y = x.sum(axis=1)              a result
    #grad w = 2*x                        the derivative of the loss (or of #of) with respect to w
    #of   y                              what #grad is the derivative of
    #opt  -D n=3                         further options
    #tol  1e-6                           relative error allowed (1e-9)
    #real f32                            precision (f64)
    #ways  --interpret,-O2               instead of all the ways below
    #nocheck                             a loss at a point where it has no derivative: bpc check is left out

Each is computed by the interpreter and by compiled code at -O0 and -O2 (WAYS="--interpret,-O1 --mode forward" says otherwise),
and every result must be what numpy says; every result that bpc prints must be named. A model with a loss also goes through bpc check."""
import json, math, os, re, subprocess, sys, tempfile
from concurrent.futures import ThreadPoolExecutor
import numpy as np


def ways(text):
    return [way.split() for way in text.split(",")]


WAYS = ways(os.environ.get("WAYS", "--interpret,-O0,-O2"))


def helpers():
    np.seterr(all="ignore")
    space = {}
    exec("from numpy import *", space)
    random = np.random.RandomState(7)
    def softmax(x, axis=-1):
        e = np.exp(x - np.max(x, axis=axis, keepdims=True))
        return e/e.sum(axis=axis, keepdims=True)
    def logsumexp(x, axis=None):
        top = np.max(x, axis=axis, keepdims=True)
        return np.squeeze(top + np.log(np.exp(x - top).sum(axis=axis, keepdims=True)), axis=axis)
    space.update(
        np=np, math=math, softmax=softmax, logsumexp=logsumexp, inf=np.inf, nan=np.nan,
        randn=lambda *shape: np.round(random.standard_normal(shape), 3),
        sigmoid=lambda x: 1/(1 + np.exp(-np.asarray(x, float))),
        relu=lambda x: np.maximum(x, 0),
        vec=lambda f: np.vectorize(f, otypes=[float]))
    return space


def plain(value):
    value = np.asarray(value)
    return value.astype(float).tolist() if value.dtype.kind in "fb" else value.tolist()


def read(path):
    """What the comments of a model say."""
    space = helpers()
    case = {"data": {}, "out": {}, "grad": {}, "of": None, "options": [], "tolerance": 1e-9, "real": "f64", "check": False, "ways": WAYS}
    nocheck = False
    for line in open(path, encoding="utf-8"):
        m = re.match(r"#(py|in|out|grad|of|opt|tol|real|ways|nocheck)\b *(.*)", line)
        if not m:
            case["check"] |= bool(re.match(r"loss +\w", line))
            continue
        kind, text = m.groups()
        if kind == "py":
            exec(text, space)
        elif kind in ("in", "out", "grad"):
            name, value = (part.strip() for part in text.split("=", 1))
            value = eval(value, space)
            if kind != "grad":
                space[name.replace(".", "_")] = value
            case[{"in": "data"}.get(kind, kind)][name] = plain(value)
        elif kind == "of":
            case["of"] = text
        elif kind == "opt":
            case["options"] += text.split()
        elif kind == "tol":
            case["tolerance"] = float(text)
        elif kind == "real":
            case["real"] = text
        elif kind == "ways":
            case["ways"] = ways(text)
        else:
            nocheck = True
    case["check"] &= not nocheck
    return case


def differs(got, wanted, tolerance):
    """How the two differ, in words, or None."""
    got, wanted = np.asarray(got, float), np.asarray(wanted, float)
    if got.shape != wanted.shape:
        return f"its shape is {list(got.shape)}, not {list(wanted.shape)}"
    bad = ~np.isclose(got, wanted, rtol=tolerance, atol=tolerance, equal_nan=True)
    if not bad.any():
        return None
    at = tuple(int(k) for k in np.argwhere(bad)[0])
    return f"{list(at) if at else ''} is {got[at]!r}, not {wanted[at]!r}"


def run(bpc, path):
    """The things wrong with one model, as lines."""
    try:
        case = read(path)
    except Exception as error:
        return [f"its comments: {error!r}"]
    wrong = []
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as data:
        json.dump(case["data"], data)
        data.flush()
        common = [path, "--data", data.name, "--real", case["real"]] + case["options"]
        want = []
        if case["grad"]:
            want = ["--want", "value,gradient", "--wrt", ",".join(case["grad"])]
            if case["of"]:
                want += ["--of", case["of"]]
        for how in case["ways"]:
            done = subprocess.run([bpc, "eval"] + common + want + how, capture_output=True, text=True, timeout=60)
            if done.returncode:
                wrong.append(f"{' '.join(how)}: status {done.returncode}: {done.stderr.strip()[:600]}")
                if done.returncode == 1:
                    break
                continue
            results = json.loads(done.stdout)
            gradient = results.pop("gradient", {})
            for name in set(results) ^ set(case["out"]):
                wrong.append(f"{' '.join(how)}: {name} is {'not said in comments' if name in results else 'not among the results'}")
            for kind, found, wanted in (("", results, case["out"]), ("gradient of ", gradient, case["grad"])):
                for name in set(found) & set(wanted):
                    message = differs(found[name], wanted[name], case["tolerance"])
                    if message:
                        wrong.append(f"{' '.join(how)}: {kind}{name} {message}")
            if set(gradient) != set(case["grad"]):
                wrong.append(f"{' '.join(how)}: gradients of {sorted(gradient)}, not {sorted(case['grad'])}")
        if case["check"] and not wrong:
            done = subprocess.run([bpc, "check"] + common, capture_output=True, text=True, timeout=120)
            if done.returncode:
                wrong.append("check: " + (done.stderr.strip() or done.stdout.strip())[:900])
    return wrong


def main():
    bpc, folder, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    names = names or sorted(f[:-3] for f in os.listdir(folder) if f.endswith(".bp") and not f.startswith("_"))
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda name: run(bpc, os.path.join(folder, name + ".bp")), names))
    for name, wrong in zip(names, results):
        print("FAIL" if wrong else "ok", name)
        for line in wrong:
            print("    " + line.replace("\n", "\n      "))


main()
