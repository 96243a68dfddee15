"""Data for a model of the corpus: small sizes, normal inputs, integers within their declared ranges. The text is one that bpc
printed (--emit bp), so that each input stands on a line of its own."""
import json
import random
import re


def array(shape, draw):
    return [array(shape[1:], draw) for _ in range(shape[0])] if shape else draw()


def write_data(text, path):
    """Draws values for every input of the model, writes them as JSON, and returns them by name."""
    random.seed(1)
    sizes, data = {}, {}
    for name, shape, low, high in re.findall(r"^input (\w+)(?:\[([^\]]*)\])?(?: in (\S+)\.\.(\S+))?$", text, re.M):
        extents = []
        for axis in (shape or "").split(","):
            axis = axis.strip()
            if axis:
                extents.append(int(axis) if axis.isdigit() else sizes.setdefault(axis, 5 - len(sizes)))
        size = lambda e: int(e) if e.isdigit() else sizes.get(e, 0) if re.fullmatch(r"\w+", e) else eval(e, {}, sizes)
        draw = (lambda: random.randrange(size(low), size(high))) if high else (lambda: round(random.gauss(0, 1), 3))
        data[name] = array(extents, draw)
    with open(path, "w") as f:
        json.dump(data, f)
    return data


def flat(value):
    return [x for v in value for x in flat(v)] if isinstance(value, list) else [value]
