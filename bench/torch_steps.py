#!/usr/bin/python3
"""One of the models of bench/models in PyTorch: the time of its value, its gradient, and a step of Adam besides.

    torch_steps.py MODEL m=64 [seconds a sample] [samples]
    torch_steps.py 64x128 m=1,2,4 …        a net of two layers and its sweep: `size 1`, then the line of its gradient, and so on

Prints the lines of bench.c, in microseconds: `time torch gradient MEDIAN LOWER UPPER`. OMP_NUM_THREADS says how many threads,
OPENBLAS_CORETYPE which kernels OpenBLAS takes. Adam is the better of PyTorch's two, one tensor or all tensors at a time.
"""
import math
import os
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def dense(sizes, act, last=None):
    layers = []
    for n, k in zip(sizes, sizes[1:]):
        layers += [nn.Linear(n, k), act()]
    return nn.Sequential(*layers[:-1], *([last()] if last else []))


def labels(m):
    return torch.randint(0, 10, (m,))


def tiny(m):
    net, x, y = dense([1, 2, 1], nn.Sigmoid, nn.Sigmoid), torch.randn(m, 1), torch.rand(m, 1)
    return net.parameters(), lambda: F.mse_loss(net(x), y)


def classifier(sizes, act):
    def build(m):
        net, x, y = dense(sizes, act), torch.randn(m, sizes[0]), labels(m)
        return net.parameters(), lambda: F.cross_entropy(net(x), y)
    return build


def deep(m):
    net, x, y = dense([256]*21, nn.Tanh), torch.randn(m, 256), torch.randn(m, 256)
    return net.parameters(), lambda: F.mse_loss(net(x), y)


def cnn(m):
    net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Flatten(), nn.Linear(400, 10))
    x, y = torch.randn(m, 1, 28, 28), labels(m)
    return net.parameters(), lambda: F.cross_entropy(net(x), y)


def lstm(m):
    T, D, H = 32, 32, 64
    W, U, b = torch.randn(D, 4*H).mul_(.1), torch.randn(H, 4*H).mul_(.1), torch.zeros(4*H)
    x, y = torch.randn(T, m, D), torch.randn(m, H)

    def loss():
        h, c = x.new_zeros(m, H), x.new_zeros(m, H)
        for a in (x @ W + b).unbind(0):         # all inputs in one product; unbind, as x[t] would fill zeros on the way back
            i, f, g, o = (a + h @ U).chunk(4, 1)
            c = torch.sigmoid(f)*c + torch.sigmoid(i)*torch.tanh(g)
            h = torch.sigmoid(o)*torch.tanh(c)
        return F.mse_loss(h, y)
    return [t.requires_grad_() for t in (W, U, b)], loss


class Block(nn.Module):
    def __init__(self, d, heads, hidden):
        super().__init__()
        self.heads, self.norm1, self.norm2 = heads, nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3*d), nn.Linear(d, d)
        self.up, self.down = nn.Linear(d, hidden), nn.Linear(hidden, d)

    def forward(self, x, mask):
        m, T, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(m, T, 3, self.heads, d//self.heads).permute(2, 0, 3, 1, 4)
        s = (q @ k.transpose(-1, -2))/math.sqrt(d//self.heads)
        w = F.softmax(s.masked_fill(mask, -math.inf), -1)
        x = x + self.out((w @ v).transpose(1, 2).reshape(m, T, d))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


def transformer(m):
    net, x, y = Block(64, 4, 256), torch.randn(m, 64, 64), torch.randn(m, 64, 64)
    mask = torch.triu(torch.ones(64, 64, dtype=torch.bool), 1)
    return net.parameters(), lambda: F.mse_loss(net(x, mask), y)


def logreg(m):
    x, y = torch.randn(m, 50), (torch.rand(m) < .5).float()
    w, b = torch.zeros(50).requires_grad_(), torch.zeros(()).requires_grad_()
    return [w, b], lambda: F.binary_cross_entropy_with_logits(x @ w + b, y)


def gmm(m, d=10, K=25):
    real = torch.float64
    x = torch.randn(m, d, dtype=real)
    alpha, mu = torch.randn(K, dtype=real), torch.randn(K, d, dtype=real)
    q, l = torch.randn(K, d, dtype=real).mul_(.3), torch.randn(K, d*(d - 1)//2, dtype=real).mul_(.3)
    below, diagonal = torch.tril_indices(d, d, -1), torch.arange(d)

    def loss():
        Q = torch.zeros(K, d, d, dtype=real).index_put((torch.arange(K)[:, None], diagonal, diagonal), q.exp())
        Q = Q.index_put((torch.arange(K)[:, None], below[0], below[1]), l)
        z = torch.bmm(x[None] - mu[:, None], Q.transpose(1, 2))
        s = alpha[:, None] + q.sum(1)[:, None] - .5*(z*z).sum(2)
        return m*torch.logsumexp(alpha, 0) - torch.logsumexp(s, 0).sum()
    return [t.requires_grad_() for t in (alpha, mu, q, l)], loss


MODELS = {"tiny": tiny, "small": classifier([64, 128, 10], nn.Tanh), "mlp": classifier([784, 512, 256, 10], nn.ReLU), "deep": deep,
          "cnn": cnn, "lstm": lstm, "transformer": transformer, "logreg": logreg, "gmm": gmm}


def measure(run, seconds, samples):
    run(), run()
    start = time.perf_counter()
    run()
    n = max(1, int(seconds/(time.perf_counter() - start)))
    taken, end = [], start + 50*seconds             # where threads hinder each other a call may take a second: then three samples do
    while len(taken) < samples and (len(taken) < 3 or time.perf_counter() < end):
        start = time.perf_counter()
        for _ in range(n):
            run()
        taken.append(1e6*(time.perf_counter() - start)/n)
    taken.sort()
    n = len(taken)
    return taken[n//2], taken[n//4], taken[n - 1 - n//4]


def measure_model(build, m, tasks, seconds, samples):
    params, loss = build(m)
    params = list(params)

    def value():
        with torch.no_grad():
            loss()

    def gradient():
        for p in params:
            p.grad = None
        loss().backward()

    def step(optimizer):
        def run():
            gradient()
            optimizer.step()
        return run
    ways = {"value": lambda: [value], "gradient": lambda: [gradient],
            "adam": lambda: [step(torch.optim.Adam(params, lr=1e-9, foreach=f)) for f in (False, True)]}
    for task in tasks:
        print("time torch", task, *("%.5g" % t for t in min(measure(w, seconds, samples) for w in ways[task]())), flush=True)


def main(name, sizes, seconds="0.02", samples="9"):
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(0)
    sizes = [int(m) for m in sizes.split("=")[1].split(",")]
    if name in MODELS:
        measure_model(MODELS[name], sizes[0], ("value", "gradient", "adam"), float(seconds), int(samples))
        return
    n, h = map(int, name.split("x"))
    for m in sizes:
        print("size", m)
        measure_model(classifier([n, h, 10], nn.Tanh), m, ("gradient",), float(seconds), int(samples))


if __name__ == "__main__":
    main(*sys.argv[1:])
