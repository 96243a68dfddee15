#!/usr/bin/env python3
"""ADBench's text files as JSON for bpc.

    convert.py gmm gmm_d2_K5.txt        > gmm.json     also prints the -D options to stderr: -D d=2 -D K=5 …
    convert.py ba ba_test.txt           > ba.json
    convert.py lstm lstm_l2_c1024.txt   > lstm.json
    convert.py hand hand1_t26_c100.txt  > hand.json    the hand's model is in model/ beside the file
"""
import json
import os
import sys


class Numbers:
    """The numbers of a file, one after the other, and arrays of them in reading order."""
    def __init__(self, path):
        self.words = open(path).read().split()
        self.at = 0

    def whole(self):
        self.at += 1
        return int(self.words[self.at - 1])

    def array(self, *shape):
        if not shape:
            self.at += 1
            return float(self.words[self.at - 1])
        return [self.array(*shape[1:]) for _ in range(shape[0])]


def gmm(path):
    f = Numbers(path)
    d, K, n = f.whole(), f.whole(), f.whole()
    data = {"alpha": f.array(K), "mu": f.array(K, d), "icf": f.array(K, d*(d + 1)//2), "x": f.array(n, d)}
    return data, {"d": d, "K": K, "gamma": f.array(), "wishart": f.whole()}


def ba(path):
    f = Numbers(path)
    n, m, p = f.whole(), f.whole(), f.whole()
    camera, point, weight, feature = f.array(11), f.array(3), f.array(), f.array(2)
    return {"cams": [camera]*n, "points": [point]*m, "weight": [weight]*p, "feature": [feature]*p,
            "of_camera": [o % n for o in range(p)], "of_point": [o % m for o in range(p)]}, {}


def lstm(path):
    f = Numbers(path)
    l, c, b = f.whole(), f.whole(), f.whole()
    return {"main": f.array(l, 2, 4, b), "extra": f.array(3, b), "state": f.array(l, 2, b), "sequence": f.array(c, b)}, {"l": l, "b": b}


def hand(path):
    model = os.path.join(os.path.dirname(path), "model")
    bones = [line.split(":") for line in open(os.path.join(model, "bones.txt")) if line.strip()]
    vertices = [line.split(":") for line in open(os.path.join(model, "vertices.txt")) if line.strip()]
    square = lambda words: [[float(w) for w in words[4*k:4*k + 4]] for k in range(4)]
    f = Numbers(path)
    n, angles = f.whole(), f.whole()
    data = {"base": [square(b[2:18]) for b in bones], "inverse": [square(b[18:34]) for b in bones],
            "rest": [], "bone": [], "share": [], "seen": []}
    for _ in range(n):
        v = vertices[f.whole()]
        pairs = [(int(v[9 + 2*k]), float(v[10 + 2*k])) for k in range(int(v[8]))] + [(0, 0.)]*4
        data["rest"].append([float(w) for w in v[:3]])
        data["bone"].append([b for b, _ in pairs[:4]])
        data["share"].append([s for _, s in pairs[:4]])
        data["seen"].append(f.array(3))
    data["theta"] = f.array(angles)
    return data, {}


if __name__ == "__main__":
    values, sizes = {"gmm": gmm, "ba": ba, "lstm": lstm, "hand": hand}[sys.argv[1]](sys.argv[2])
    json.dump(values, sys.stdout)
    print(" ".join("-D %s=%s" % item for item in sizes.items()), file=sys.stderr)
