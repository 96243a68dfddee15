#!/usr/bin/env python3
"""A random well-typed model: generate.py SEED prints one.

Tensors over the axes m (run-time), n = 3 and k = 4, built by a few dozen equations of every construct: elementwise
operators, reductions over indices and arrays, matrix products, softmax, running sums, shifted reads with a fill, gathers, filters, selects, triangular
ranges, pieces, recurrences forwards and backwards. Values are kept tame by squashing, so that finite differences hold.
"""
import random
import sys


class Model:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = ["# made by tests/random/generate.py %d" % seed, "real f64", "dim m, n = 3, k = 4"]
        self.tensors = []  # (name, axes)
        self.count = 0

    def pick(self, *choices):
        return self.random.choice(choices)

    def declare(self):
        self.lines.append("input x[m], u[m, n], label[m] in 0..4, group[m] in 0..3")
        self.tensors += [("x", "m"), ("u", "mn")]
        for name, axes in (("a", ""), ("b", "n"), ("c", "k"), ("W", "nk"), ("V", "kn"), ("S", "kk")):
            shape = "[" + ", ".join(axes) + "]" if axes else ""
            self.lines.append("param %s%s ~ normal(0, 0.6)" % (name, shape))
            self.tensors.append((name, axes))

    def name(self):
        self.count += 1
        return "t%d" % self.count

    # An expression that reads tensors whose axes are among those of the indices at hand: {axis letter: [index names]}.
    def read(self, scope):
        fitting = [(t, axes) for t, axes in self.tensors if all(scope.get(x) for x in axes)]
        name, axes = self.random.choice(fitting[-10:] if self.random.random() < 0.6 else fitting)
        subs = []
        shifted = False
        for x in axes:
            index = self.random.choice(scope[x])
            if self.random.random() < 0.2:
                index += self.pick(" - 1", " + 1", " + 2")
                shifted = True
            subs.append(index)
        if not subs:
            return name
        fill = " | " + self.pick("0", "0.5", "a", "1") if shifted else ""
        return "%s[%s%s]" % (name, ", ".join(subs), fill)

    def gather(self, scope):
        if not scope.get("m"):
            return self.read(scope)
        m = self.random.choice(scope["m"])
        one = self.random.choice([t for t, axes in self.tensors if axes in ("k", "n")])
        axes = dict(self.tensors)[one]
        return "%s[%s[%s]]" % (one, "label" if axes == "k" else "group", m)

    def unary(self, e):
        return self.pick("tanh(%s)", "sigmoid(%s)", "sin(%s)", "cos(%s)", "relu(%s)", "abs(%s)", "softplus(%s)", "atan(%s)",
                         "exp(-(%s)^2)", "log(1.5 + sin(%s))", "sqrt(1.1 + cos(%s))", "((%s)/(1 + abs(%s)))", "gelu(%s)",
                         "leaky_relu(%s)", "expm1(tanh(%s))").replace("%s", e)

    def expression(self, scope, depth):
        if depth == 0:
            choice = self.random.random()
            if choice < 0.1:
                return self.pick("0.5", "2", "1.25", "-0.75")
            return self.gather(scope) if choice < 0.2 else self.read(scope)
        kind = self.random.random()
        more = lambda: self.expression(scope, depth - 1)
        if kind < 0.25:
            return self.unary(more())
        if kind < 0.6:
            return "(%s %s %s)" % (more(), self.pick("+", "-", "*", "*"), more())
        if kind < 0.66:
            return self.pick("max(%s, %s)", "min(%s, %s)", "atan2(%s, 2 + abs(%s))", "%s/(1.5 + (%s)^2)") % (more(), more())
        if kind < 0.74:
            return "(if %s %s %s then %s else %s)" % (more(), self.pick("<", ">", "<="), self.pick("0.1", "-0.2", "0.4"), more(), more())
        return self.reduction(scope, depth)

    def reduction(self, scope, depth):
        axis = self.pick("n", "k", "n", "m" if scope.get("m") is not None else "k")
        index = "r%d" % self.random.randrange(10 ** 6)
        inner = {x: list(v) for x, v in scope.items()}
        inner.setdefault(axis, []).append(index)
        body = self.expression({**inner, axis: [index] + inner[axis]}, depth - 1)
        bound = "%s in 0..%s" % (index, axis)
        same = [i for i in scope.get(axis, [])]
        kind = self.random.random()
        if same and kind < 0.25:
            bound = "%s in 0..%s+1" % (index, self.random.choice(same))
        elif same and kind < 0.45:
            bound = "%s in 0..%s where %s != %s" % (index, axis, index, self.random.choice(same))
        elif kind < 0.55:
            bound += " where %s %% 2 == 0" % index
        scale = {"sum": "0.5*", "prod": "", "max": "", "min": "", "logsumexp": "", "mean": ""}
        what = self.pick("sum", "sum", "sum", "mean", "max", "min", "logsumexp", "prod")
        if "where" in bound and what in ("mean", "max", "min", "logsumexp"):
            what = "sum"  # of perhaps nothing
        if what == "prod":
            return "prod[%s](0.9 + 0.2*tanh(%s))" % (bound, body)
        return "%s%s[%s](%s)" % (scale[what], what, bound, body)

    # An array of what is left over: a vector along axis n or k.
    def vector(self, scope, axis, depth):
        other = "k" if axis == "n" else "n"
        more = lambda x=axis: self.vector(scope, x, depth - 1)
        leaves = []
        for t, axes in self.tensors:
            if axes.endswith(axis) and all(scope.get(x) for x in axes[:-1]):
                leaves.append(t + ("[" + ", ".join(self.random.choice(scope[x]) for x in axes[:-1]) + "]" if axes[:-1] else ""))
        if depth == 0:
            return self.random.choice(leaves)
        kind = self.random.random()
        if kind < 0.2:
            return self.unary(more())
        if kind < 0.4:
            return "(%s %s %s)" % (more(), self.pick("+", "-", "*"), more())
        if kind < 0.6:
            return ("(W @ %s)" if axis == "n" else "(V @ %s)") % more(other)
        if kind < 0.7:
            return ("(%s @ V)" if axis == "n" else "(%s @ W)") % more(other)
        if kind < 0.78:
            return "softmax(%s)" % more()
        if kind < 0.84:
            return "cumsum(%s)" % more()
        if kind < 0.9:
            return "(if %s > 0.1 then %s else %s)" % (more(), more(), more())
        scalar = self.pick("dot(%s, %s)" % (more(), more()), "sum(%s)" % more(), "max(%s)" % more(), "logsumexp(%s)" % more(other),
                           "mean(%s)" % more(other), "norm(1.5 + %s)" % more(), "prod(1 + 0.1*tanh(%s))" % more())
        return "(%s*(%s))" % (scalar, more())

    def array_equation(self):
        name = self.name()
        axis = self.pick("n", "k")
        outer = self.pick("m", "m", "", "n")
        scope = {outer: ["i"]} if outer else {}
        left = name + ("[i in 0..%s]" % outer if outer else "")
        self.lines.append("%s = tanh(%s)" % (left, self.vector(scope, axis, self.pick(1, 2, 3))))
        self.tensors.append((name, outer + axis))

    def equation(self):
        if self.random.random() < 0.25:
            return self.array_equation()
        axes = self.pick("m", "mn", "n", "k", "mk", "nk", "", "mnk", "kk")
        names = ["i", "j", "l"][:len(axes)]
        scope = {}
        for x, i in zip(axes, names):
            scope.setdefault(x, []).append(i)
        name = self.name()
        left = name + ("[" + ", ".join("%s in 0..%s" % p for p in zip(names, axes)) + "]" if axes else "")
        body = self.expression(scope, self.pick(1, 2, 2, 3))
        if axes and self.random.random() < 0.3:
            body = self.recurrent(name, axes, names, body)
        elif axes and axes[0] in "nk" and self.random.random() < 0.2:
            rest = "".join(", %s in 0..%s" % p for p in list(zip(names, axes))[1:])
            first = {x: [i for i in v if i != "i"] for x, v in scope.items()}
            self.lines.append("%s[0%s] = tanh(%s)" % (name, rest, self.expression(first, 1)))
            left = "%s[i in 1..%s%s]" % (name, axes[0], rest)
        self.lines.append("%s = tanh(%s)" % (left, body))
        self.tensors.append((name, axes))

    def recurrent(self, name, axes, names, body):
        axis = self.random.randrange(len(axes))
        lag = self.pick(" - 1", " - 1", " - 2", " + 1")
        subs = [i + lag if p == axis else i for p, i in enumerate(names)]
        other = ""
        if len(axes) > 1 and axis != len(axes) - 1 and self.random.random() < 0.5:
            # a product with the state of the step before
            last = axes[-1]
            subs_q = [i + lag if p == axis else ("q" if p == len(axes) - 1 else i) for p, i in enumerate(names)]
            other = " + 0.4*sum[q in 0..%s](%s[%s | 0.1])" % (last, name, ", ".join(subs_q))
        return "%s + 0.7*%s[%s | %s]%s" % (body, name, ", ".join(subs), self.pick("0", "0.3", "a"), other)

    def loss(self):
        terms = []
        for name, axes in self.tensors[-6:]:
            names = ["i", "j", "l"][:len(axes)]
            read = name + ("[" + ", ".join(names) + "]" if axes else "")
            terms.append("mean[%s]((%s)^2)" % (", ".join("%s in 0..%s" % p for p in zip(names, axes)), read) if axes else read + "^2")
        self.lines.append("output y = t1")
        self.lines.append("loss L = " + " + ".join(terms))


def main():
    model = Model(int(sys.argv[1]))
    model.declare()
    for _ in range(model.random.randrange(2, 9)):
        model.equation()
    model.loss()
    print("\n".join(model.lines))


main()
