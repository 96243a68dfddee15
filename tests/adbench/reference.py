#!/usr/bin/env python3
"""ADBench's four objectives by themselves, in numpy, written from the formulas that define them, against what bpc computed.

    reference.py gmm data.json results.json       prints what differs; status 1 where anything does

Derivatives are compared along ten directions, by the complex step: the imaginary part of f(x + ih v)/h, exact to rounding."""
import json
import sys
import numpy as np

TINY = 1e-40
worst = 0.0


def same(name, got, wanted, tolerance=1e-10):
    global worst
    got, wanted = np.asarray(got, float), np.asarray(wanted, float)
    assert got.shape == wanted.shape, (name, got.shape, wanted.shape)
    error = np.max(np.abs(got - wanted))/max(np.max(np.abs(wanted)), 1e-30)
    worst = max(worst, error)
    if not error <= tolerance:
        print("%s: off by %.1e of its greatest" % (name, error))
        sys.exit(1)


def logsumexp(x):
    top = x.real.max(axis=-1, keepdims=True)
    return (top + np.log(np.exp(x - top).sum(axis=-1, keepdims=True)))[..., 0]


def gmm(p, d):
    from math import lgamma
    K, D = p["mu"].shape
    x, gamma, m = d["x"], 1.0, 0
    Q = np.zeros((K, D, D), dtype=complex)
    for k in range(K):
        at = D
        for j in range(D):
            Q[k, j, j] = np.exp(p["icf"][k, j])
            for i in range(j + 1, D):
                Q[k, i, j] = p["icf"][k, at]
                at += 1
    logdet = p["icf"][:, :D].sum(axis=1)
    y = np.einsum("kab,nkb->nka", Q, x[:, None] - p["mu"][None])
    N = D + m + 1
    C = N*D*(np.log(gamma) - np.log(2)/2) - (D*(D - 1)/4*np.log(np.pi) + sum(lgamma((N - j)/2) for j in range(D)))
    return (-len(x)*D/2*np.log(2*np.pi) + logsumexp(p["alpha"] + logdet - (y**2).sum(axis=2)/2).sum() - len(x)*logsumexp(p["alpha"])
            + (gamma**2/2*(Q**2).sum(axis=(1, 2)) - m*logdet).sum() - K*C)


def rotate(r, x):
    theta2 = (r*r).sum()
    if theta2 == 0:
        return x + np.cross(np.broadcast_to(r, x.shape), x)
    theta = np.sqrt(theta2)
    k = r/theta
    return x*np.cos(theta) + np.cross(np.broadcast_to(k, x.shape), x)*np.sin(theta) + np.outer(x @ k, k)*(1 - np.cos(theta))


def observation(cam, X, w, feature):
    q = rotate(cam[:3], (X - cam[3:6])[None])[0]
    q = q[:2]/q[2]
    r2 = (q*q).sum()
    return w*(cam[6]*q*(1 + cam[9]*r2 + cam[10]*r2**2) + cam[7:9] - feature)


def lstm(p, d):
    sigmoid = lambda z: 1/(1 + np.exp(-z))
    main, extra, total = p["main"], p["extra"], 0
    state = d["state"].astype(complex).copy()
    c, b = d["sequence"].shape
    for t in range(c - 1):
        u = d["sequence"][t]*extra[0]
        for j in range(len(main)):
            W, B, (hidden, cell) = main[j, 0], main[j, 1], state[j].copy()
            forget, inn, out, change = sigmoid(u*W[0] + B[0]), sigmoid(hidden*W[1] + B[1]), sigmoid(u*W[2] + B[2]), np.tanh(hidden*W[3] + B[3])
            state[j, 1] = cell*forget + inn*change
            u = state[j, 0] = out*np.tanh(state[j, 1])
        y = u*extra[1] + extra[2]
        total = total + (d["sequence"][t + 1]*(y - np.log(2 + np.exp(y).sum()))).sum()
    return -total/((c - 1)*b)


def hand(p, d):
    theta = p["theta"]
    parent = [-1] + [0 if k % 4 == 0 else k for k in range(20)] + [0]
    absolute = []
    for b in range(22):
        x = z = 0*theta[0]
        if 1 <= b <= 20 and (b - 1) % 4:
            finger, joint = divmod(b - 1, 4)
            x = theta[6 + 4*finger + (0, 0, 2, 3)[joint]]
            if joint == 1:
                z = theta[7 + 4*finger]
        turn = np.eye(4, dtype=complex)
        Rx = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
        Rz = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
        turn[:3, :3] = Rz @ Rx
        relative = d["base"][b] @ turn
        absolute.append(relative if parent[b] < 0 else absolute[parent[b]] @ relative)
    posed = []
    for v, bones, shares in zip(d["rest"], d["bone"], d["share"]):
        posed.append(sum(s*(absolute[int(b)] @ d["inverse"][int(b)] @ np.append(v, 1))[:3] for b, s in zip(bones, shares)))
    return d["seen"] - (rotate(theta[:3], np.array(posed)) + theta[3:6])


def directional(f, p, names, v):
    return np.imag(f({**p, **{n: p[n] + 1j*TINY*v[n] for n in names}}))/TINY


def main():
    kind, data, results = sys.argv[1], *(json.load(open(path)) for path in sys.argv[2:4])
    d = {name: np.array(value, dtype=float) for name, value in data.items()}
    random = np.random.RandomState(1)
    if kind == "ba":
        p = len(d["weight"])
        cams, X = d["cams"][d["of_camera"].astype(int)], d["points"][d["of_point"].astype(int)]
        same("r", results["r"], [observation(cams[o], X[o], d["weight"][o], d["feature"][o]) for o in range(p)])
        same("e", results["e"], 1 - d["weight"]**2)
        same("e_w", results["e_w"], -2*d["weight"])
        for o in range(p):
            step = lambda k, n: 1j*TINY*(np.arange(n) == k)
            by = lambda n, f: np.array([np.imag(f(step(k, n)))/TINY for k in range(n)]).T
            same("r_cam", results["r_cam"][o], by(11, lambda h: observation(cams[o] + h, X[o], d["weight"][o], d["feature"][o])))
            same("r_X", results["r_X"][o], by(3, lambda h: observation(cams[o], X[o] + h, d["weight"][o], d["feature"][o])))
            same("r_w", results["r_w"][o], by(1, lambda h: observation(cams[o], X[o], d["weight"][o] + h[0], d["feature"][o]))[:, 0])
    elif kind == "hand":
        f = lambda p: hand(p, d)
        same("r", results["r"], f(d).real)
        for _ in range(10):
            v = random.standard_normal(26)
            same("J", np.array(results["J"]) @ v, directional(f, d, ["theta"], {"theta": v}))
    else:
        names = {"gmm": ["alpha", "mu", "icf"], "lstm": ["main", "extra"]}[kind]
        f = lambda p: {"gmm": gmm, "lstm": lstm}[kind](p, d)
        same("L", results["L"], f(d).real)
        for _ in range(10):
            v = {n: random.standard_normal(d[n].shape) for n in names}
            same("gradient", sum((np.array(results["gradient"][n])*v[n]).sum() for n in names), directional(f, d, names, v))
    print("%s: within %.1e" % (kind, worst))


main()
