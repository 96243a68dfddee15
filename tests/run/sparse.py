"""Sparse Jacobian and Hessian of a model against the dense ones: the same numbers, sorted, and nothing but zeros elsewhere.

    sparse.py BPC MODEL FOLDER [options of eval]    exit status 1 with a message where they differ

Prints how many matrices were compared, and for those that --sparse refuses the reason."""
import json
import subprocess
import sys

from corpus import flat, write_data

bpc, model, folder, *options = sys.argv[1:]
LARGEST = 20000  # elements of a dense matrix


def run(*words):
    return subprocess.run([bpc, *words], capture_output=True, text=True)


def evaluate(*words):
    done = run("eval", model, "--real", "f64", "--data", folder + "/sparse.json", "--training", "1", *words)
    if done.returncode == 0:
        return json.loads(done.stdout), ""
    if "is not known because" in done.stderr:
        return None, done.stderr.split("because ")[1].split(";")[0]
    if "to differentiate" in done.stderr or "no parameters" in done.stderr:
        return None, "nothing to differentiate"
    sys.exit("%s %s: status %d: %s" % (model, " ".join(words), done.returncode, done.stderr[:600]))


def unpack(matrix, by_columns=False):
    """The dense matrix of a sparse one; its rows must ascend."""
    rows, columns, start, index, values = (matrix[k] for k in ("rows", "columns", "start", "index", "values"))
    if len(start) != rows + 1 or start[0] != 0 or start[-1] != len(index) or len(index) != len(values):
        sys.exit("%s: the pattern does not fit itself: %s" % (model, matrix))
    dense = [[0.0] * columns for _ in range(rows)]
    for i in range(rows):
        line = index[start[i]:start[i + 1]]
        if line != sorted(set(line)) or (line and not 0 <= line[0] <= line[-1] < columns):
            sys.exit("%s: row %d is not sorted: %s" % (model, i, line))
        for k in range(start[i], start[i + 1]):
            dense[i][index[k]] = values[k]
    return dense


def blocks(pairs, outer, inner, rows):
    """The dense matrix of eval's nested arrays: rows[name] elements of each outer tensor."""
    out = []
    for o in outer:
        lines = [[] for _ in range(rows[o])]
        for w in inner:
            numbers = flat(pairs[o][w])
            width = len(numbers) // rows[o] if rows[o] else 0
            for k in range(rows[o]):
                lines[k] += numbers[k * width:(k + 1) * width]
        out += lines
    return out


def compare(kind, sparse, dense):
    scale = max([abs(x) for line in dense for x in line if x == x] + [1e-3])
    for i, line in enumerate(dense):
        for j, x in enumerate(line):
            y = sparse[i][j]
            if not (abs(x - y) <= 1e-9 * scale or x != x and y != y or x == y):
                sys.exit("%s: %s[%d, %d] is %r by the sparse way, %r by the dense one" % (model, kind, i, j, y, x))


printed = run(model, "--real", "f64", "--emit", "bp", "-o", "-")
if printed.returncode != 0:
    print("0 compared")
    sys.exit()
data = write_data(printed.stdout, folder + "/sparse.json")
gradient, why = evaluate("--interpret", "--want", "gradient")
if gradient is None:
    print("0 compared; " + why)
    sys.exit()
params = list(gradient["gradient"])
sizes = {name: len(flat(value)) for name, value in list(gradient["gradient"].items()) + list(gradient.items()) if name != "gradient"}
compared, reasons = 0, []
total = sum(sizes[p] for p in params)
outputs = [name for name in gradient if name != "gradient"]
for kind in ("jacobian", "hessian"):
    rows = params if kind == "hessian" else outputs
    if total * sum(sizes[r] for r in rows) > LARGEST:
        continue
    sparse, why = evaluate("--want", kind, "--sparse", *options)
    if sparse is None:
        reasons.append(why)
        continue
    dense, _ = evaluate("--interpret", "--want", kind)
    if list(dense[kind]) != rows:
        rows = list(dense[kind])
    compare(kind, unpack(sparse[kind]), blocks(dense[kind], rows, params, sizes))
    compared += 1
print("%d compared%s" % (compared, "; " + ", ".join(reasons) if reasons else ""))
