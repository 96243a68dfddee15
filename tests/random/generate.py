#!/usr/bin/env python3
"""A random well-typed model: generate.py SEED prints one.

Tensors over the axes m (run-time), n = 3 and k = 4, built by a few dozen equations of every construct: elementwise
operators, reductions over indices and arrays, matrix products, softmax, running sums, shifted reads with a fill, gathers,
filters, selects, triangular ranges, bounds that are data, segment sums, pieces, slices, recurrences forwards, backwards,
over two axes, of two tensors, through a table of parents, defs, layers and stacks of them, what is stopped, and derivatives
inside the model. Values are kept tame by squashing, so that finite differences hold.
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
        self.lines.append("const nup[n] = [-1, 0, 0], kup[k] = [-1, 0, 1, 1]")
        self.tensors += [("x", "m"), ("u", "mn")]
        for name, axes in (("a", ""), ("b", "n"), ("c", "k"), ("W", "nk"), ("V", "kn"), ("S", "kk")):
            shape = "[" + ", ".join(axes) + "]" if axes else ""
            self.lines.append("param %s%s ~ normal(0, 0.6)" % (name, shape))
            self.tensors.append((name, axes))
        self.functions()

    # Defs of one and two scalars or vectors, and layers; a file has some of them.
    def functions(self):
        self.scalar_defs, self.vector_defs, self.layers = [], [], {}
        if self.random.random() < 0.3:
            self.lines.append("def squash(p, q = 0.5) = tanh(p*q + %s)" % self.pick("0.3*p", "q", "sin(p)", "p/(1 + q^2)"))
            self.scalar_defs += ["squash(%s, %s)", "squash(%s)*(%s)"]
        if self.random.random() < 0.3:
            self.lines.append("def blend(v, s) {\n  w = softmax(v)\n  r[i] = w[i]*s + v[i]^2\n  %s\n}" % self.pick("r", "tanh(r)", "r/(1 + norm(r)^2)", "cumsum(r)"))
            self.vector_defs.append("blend(%s, %s)")
        if self.random.random() < 0.3:
            self.lines.append("layer lin(p, q) {\n  param M[q, p] ~ normal(0, 0.5)\n  param c[q] = 0.1\n  apply(x) = %s(M @ x + c)\n}"
                              % self.pick("tanh", "softplus", "relu", ""))
            self.lines.append("use nk = lin(n, k), kn = lin(k, n), stack[3] = lin(n, n)")
            self.layers = {"k": ["nk(%s)"], "n": ["kn(%s)"]}

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
        table = "label" if axes == "k" else "group"
        if self.random.random() < 0.2:
            return "%s[%s[%s] - 1 | %s]" % (one, table, m, self.pick("0", "a", "0.5"))
        return "%s[%s[%s]]" % (one, table, m)

    def unary(self, e):
        return self.pick("tanh(%s)", "sigmoid(%s)", "sin(%s)", "cos(%s)", "relu(%s)", "abs(%s)", "softplus(%s)", "atan(%s)",
                         "exp(-(%s)^2)", "log(1.5 + sin(%s))", "sqrt(1.1 + cos(%s))", "((%s)/(1 + abs(%s)))", "gelu(%s)",
                         "leaky_relu(%s)", "expm1(tanh(%s))", "stop(%s)").replace("%s", e)

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
        if kind < 0.62 and self.scalar_defs:
            call = self.random.choice(self.scalar_defs)
            return call % (more(), more())
        if kind < 0.67:
            return self.pick("clamp(%s, -0.4, 0.3 + (%s)^2)", "(1.3 + tanh(%s))^tanh(%s)", "(%s)^2*cos(%s)", "elu(%s)*silu(%s)",
                             "(1 + (%s)^2)^-0.5*(%s)", "log1p((%s)^2)*(%s)", "stop(%s)*(%s)", "erf(%s) - (%s)^3/4") % (more(), more())
        if kind < 0.71:
            return self.pick("max(%s, %s)", "min(%s, %s)", "atan2(%s, 2 + abs(%s))", "%s/(1.5 + (%s)^2)") % (more(), more())
        if kind < 0.78:
            return "(if %s then %s else %s)" % (self.condition(scope, depth), more(), more())
        return self.reduction(scope, depth)

    def condition(self, scope, depth):
        one = lambda: "%s %s %s" % (self.expression(scope, depth - 1), self.pick("<", ">", "<="), self.pick("0.1", "-0.2", "0.4"))
        kind = self.random.random()
        if kind < 0.7:
            return one()
        if kind < 0.8:
            return "%s and not %s" % (one(), one())
        indices = [i for v in scope.values() for i in v]
        if kind < 0.9 and indices:
            return "%s %s %s" % (self.random.choice(indices), self.pick("<", "==", "!="), self.pick("1", "2", "0"))
        return "-0.3 < %s or %s" % (one(), one())

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
        elif kind < 0.5 and scope.get("m") and axis in "nk":
            m = self.random.choice(scope["m"])
            table = "label" if axis == "k" else "group"
            bound = self.pick("%s in 0..%s[%s]", "%s in 0..%s[%s] + 1") % (index, table, m)
        elif kind < 0.58:
            bound += " where %s %% 2 == 0" % index
        scale = {"sum": "0.5*", "prod": "", "max": "", "min": "", "logsumexp": "", "mean": ""}
        what = self.pick("sum", "sum", "sum", "mean", "max", "min", "logsumexp", "prod", "norm", "var")
        if what in ("norm", "var"):
            return "%s[%s in 0..%s](%s%s)" % (what, index, axis, "1.2 + 0.5*" if what == "norm" else "", body)
        if ("where" in bound or "group" in bound or "label" in bound) and what in ("mean", "max", "min", "logsumexp"):
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
        if kind < 0.72 and self.layers:
            return self.layers[axis][0] % more(other)
        if kind < 0.74 and self.vector_defs:
            return self.random.choice(self.vector_defs) % (more(), self.pick("a", "0.7", "sum(%s)" % more(other)))
        if kind < 0.78:
            return self.pick("softmax(%s)", "softmax(%s)", "exp(log_softmax(%s))") % more()
        if kind < 0.82:
            return "cumsum(%s)" % more()
        if kind < 0.85:
            return self.rearranged(axis, more)
        if kind < 0.9:
            return "(if %s > 0.1 then %s else %s)" % (more(), more(), more())
        scalar = self.pick("dot(%s, %s)" % (more(), more()), "sum(%s)" % more(), "max(%s)" % more(), "logsumexp(%s)" % more(other),
                           "mean(%s)" % more(other), "norm(1.5 + %s)" % more(), "prod(1 + 0.1*tanh(%s))" % more())
        return "(%s*(%s))" % (scalar, more())

    # Arrays put together from pieces of others.
    def rearranged(self, axis, more):
        if axis == "k":
            return self.pick("concat([%s], %s)" % (self.pick("a", "0.3"), more("n")), "reshape(outer(b[0..2], %s[1..])[:, 0..2], [4])" % more("n"),
                             "(S' @ %s)" % more("k"), "(transpose(S) @ %s)" % more("k"), "(outer(c, %s) @ b)" % more("n"))
        return self.pick("(%s)[1..]" % more("k"), "(%s)[0..n]" % more("k"), "[a, 0.5*a, sum(%s)]" % more("k"), "((W @ S) @ %s)" % more("k"),
                         "cross(b, %s)" % more("n"), "(diag(b) @ %s)" % more("n"))

    def array_equation(self):
        name = self.name()
        axis = self.pick("n", "k")
        outer = self.pick("m", "m", "", "n")
        scope = {outer: ["i"]} if outer else {}
        left = name + ("[i in 0..%s]" % outer if outer else "")
        self.lines.append("%s = tanh(%s)" % (left, self.vector(scope, axis, self.pick(1, 2, 3))))
        self.tensors.append((name, outer + axis))

    def segment(self):
        name, axis = self.name(), self.pick("n", "k")
        body = self.expression({"m": ["e"]}, 2)
        self.lines.append("%s[v in 0..%s] = tanh(sum[e in 0..m where %s[e] == v](%s))" % (name, axis, "label" if axis == "k" else "group", body))
        self.tensors.append((name, axis))

    # Recurrences over two axes, of two tensors, down a tree, through a stack of layers.
    def special_recurrence(self):
        name, kind = self.name(), self.random.random()
        fill = self.pick("0", "0.3", "a")
        if kind < 0.3:
            axes = self.pick("nk", "mk", "kk", "mn")
            body = self.expression({x: [i for i, y in zip("ij", axes) if y == x] for x in axes}, 2)
            how = self.pick("0.4*%s[i-1, j | %s] + 0.3*%s[i, j-1 | %s] + %s", "max(%s[i-1, j | %s], 0.5*%s[i, j-1 | %s]) + %s",
                            "logsumexp([%s[i-1, j | %s], %s[i-1, j-1 | %s], %s]) - 1")
            self.lines.append("%s[i in 0..%s, j in 0..%s] = tanh(%s)" % (name, axes[0], axes[1], how % (name, fill, name, fill, body)))
            self.tensors.append((name, axes))
        elif kind < 0.6:
            other, axis, lag = self.name(), self.pick("m", "n", "k"), self.pick(" - 1", " - 2", " + 1")
            one, two = self.expression({axis: ["i"]}, 1), self.expression({axis: ["i"]}, 1)
            self.lines.append("%s[i in 0..%s] = tanh(%s + 0.6*%s[i%s | %s])" % (name, axis, one, other, lag, fill))
            self.lines.append("%s[i in 0..%s] = sin(%s*%s[i] + 0.4*%s[i%s | 0])" % (other, axis, two, name, name, lag))
            self.tensors += [(name, axis), (other, axis)]
        elif kind < 0.8 or not self.layers:
            axis = self.pick("n", "k")
            body = self.expression({axis: ["i"]}, 1)
            self.lines.append("%s[i in 0..%s] = tanh(%s + 0.8*%s[%sup[i] | %s])" % (name, axis, body, name, axis, fill))
            self.tensors.append((name, axis))
        else:
            inner = self.vector({"m": ["i"]}, "n", 1)
            self.lines.append("%s[l in 0..3, i in 0..m] = stack[l](%s[l-1, i | %s])" % (name, name, inner))
            last = self.name()
            self.lines.append("%s[i in 0..m] = tanh(%s[2, i])" % (last, name))
            self.tensors.append((last, "mn"))

    # A derivative inside the model, of a scalar by a tensor or of elements by elements.
    def derivative(self):
        name, energy = self.name(), self.name()
        written = [(t, axes) for t, axes in self.tensors if t.startswith("t") and axes]
        if not written:
            return
        t, axes = self.random.choice(written[-4:])
        names = ["i", "j", "l"][:len(axes)]
        read = "%s[%s]" % (t, ", ".join(names))
        by, by_axes = self.random.choice([("b", "n"), ("c", "k"), ("a", ""), ("u", "mn"), ("x", "m"), ("W", "nk"), ("S", "kk")])
        bounds = ", ".join("%s in 0..%s" % p for p in zip(names, axes))
        kind = self.random.random()
        if kind < 0.15 and axes == "m":
            self.lines.append("%s[i in 0..m] = tanh(grad(%s[i], x[i]))" % (name, t))
            self.tensors.append((name, "m"))
            return
        self.lines.append("%s = mean[%s](%s)" % (energy, bounds, self.pick("(%s)^2", "sin(%s)", "exp(%s)/3") % read))
        if kind < 0.75:
            self.lines.append("%s = tanh(grad(%s, %s))" % (name, energy, by))
            self.tensors.append((name, by_axes))
        elif kind < 0.85:
            self.lines.append("%s = tanh(hessian(%s, b) @ b)" % (name, energy))
            self.tensors.append((name, "n"))
        else:
            self.lines.append("%s = jvp(%s, c, [1, 0.5, %s, -1])" % (name, t, self.pick("a", "0.2")))
            self.tensors.append((name, axes))

    def equation(self):
        kind = self.random.random()
        if kind < 0.2:
            return self.array_equation()
        if kind < 0.25:
            return self.segment()
        if kind < 0.35:
            return self.special_recurrence()
        if kind < 0.4:
            return self.derivative()
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
        self.lines.append("output y = " + self.tensors[-1][0])
        self.lines.append("loss L = " + " + ".join(terms))


def generate(seed):
    """The text of the model of this seed."""
    model = Model(seed)
    model.declare()
    for _ in range(model.random.randrange(2, 9)):
        model.equation()
    model.loss()
    return "\n".join(model.lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(generate(int(sys.argv[1])))
