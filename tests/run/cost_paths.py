"""Counts paths one scalar at a time, from the equations that --emit json prints, and compares with what bpc cost says.

Shares nothing with bpc: it reads the texts of the equations, walks every point of every domain, and adds up whole numbers.
Models whose equations do not show everything (calls of linear algebra, derivatives inside the model) are passed over; the last
line says how many were compared.

    cost_paths.py BPC TMP model.bp …
"""
import itertools, json, math, random, re, subprocess, sys

TOKEN = re.compile(r"\s*(\d+\.\d+(?:e[-+]?\d+)?|\d+e[-+]?\d+|\d+|//|<=|>=|==|!=|[^\W\d][\w.\u0300-\u036f]*|.)")
PASSES_NOTHING = {"floor", "ceil", "round", "sign", "step", "stop"}  # derivatives that are 0 everywhere
COMPARE = {"<", "<=", ">", ">=", "==", "!="}


class Skip(Exception):
    pass


class Parser:
    """Expressions as tuples: ("num", x), ("name", n), ("op", spelling, …), ("read", tensor, subs, fill), ("if", c, a, b)."""

    def __init__(self, text):
        self.tokens = TOKEN.findall(text)
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, *wanted):
        if self.peek() in wanted:
            self.at += 1
            return self.tokens[self.at - 1]
        return None

    def expect(self, what):
        if not self.take(what):
            raise Skip("syntax: %s at %s" % (what, self.tokens[self.at:self.at + 4]))

    def whole(self):
        e = self.expr()
        if self.peek() is not None:
            raise Skip("syntax: %s" % self.tokens[self.at:self.at + 4])
        return e

    def expr(self):
        if self.take("if"):
            c = self.expr()
            self.expect("then")
            a = self.expr()
            self.expect("else")
            return ("if", c, a, self.expr())
        return self.binary(0)

    LEVELS = [("or",), ("and",), None, tuple(COMPARE), ("+", "-"), ("*", "/", "//", "%")]

    def binary(self, level):
        if level == len(self.LEVELS):
            return self.unary()
        if self.LEVELS[level] is None:
            return ("op", "not", self.binary(level)) if self.take("not") else self.binary(level + 1)
        e = self.binary(level + 1)
        while True:
            op = self.take(*self.LEVELS[level])
            if not op:
                return e
            e = ("op", op, e, self.binary(level + 1))

    def unary(self):
        if self.take("-"):
            return ("op", "neg", self.unary())
        e = self.atom()
        return ("op", "^", e, self.unary()) if self.take("^") else e

    def items(self, close):
        """Expressions up to `close`, or up to a bar, which is left; and whether a bar is left."""
        found = []
        while not self.take(close):
            found.append(self.expr())
            if self.take(","):
                continue
            if self.peek() == "|":
                return found, True
            self.expect(close)
            break
        return found, False

    def atom(self):
        t = self.peek()
        self.at += 1
        if t is None:
            raise Skip("syntax: ends early")
        if t == "(":
            e = self.expr()
            self.expect(")")
            return e
        if t[0].isdigit():
            return ("num", float(t) if not t.isdigit() else int(t))
        if self.take("("):
            return ("op", t) + tuple(self.items(")")[0])
        if self.take("["):
            (subs, bar), fill = self.items("]"), None
            if bar:
                self.expect("|")
                fill = self.expr()
                self.expect("]")
            return ("read", t, tuple(subs), fill)
        return ("name", t)


class Model:
    def __init__(self, bpc, path, sizes, data, options):
        text = subprocess.run([bpc, path, "--emit", "json", "-o", "-"] + options, capture_output=True, text=True)
        if text.returncode:
            raise Skip("does not compile with these sizes")
        graph = json.loads(text.stdout)
        if graph["dims"]:
            raise Skip("dims are left")
        self.tensor = {t["name"]: t for t in graph["tensors"]}
        self.data, self.given = data, False
        with open(path) as f:  # plain arrays of constants, which --emit json does not print
            for name, values in re.findall(r"(\w+)\[\w+\] *= *(\[[-\d., ]*\])", f.read()):
                if name in self.tensor:
                    data[name] = json.loads(values)
        for t in graph["tensors"]:
            t["size"] = [self.number(Parser(e).whole(), {}) for e in t["extent"]]
            for e in t["equations"]:
                e["at"] = [Parser(s).whole() for s in e["subscripts"]]
                e["value"] = self.scalars(Parser(e["body"]).whole())
                e["guard"] = Parser(e["where"]).whole() if "where" in e else None
                names = [r["index"] for r in e["domain"]]
                if len(set(names)) < len(names) or set(names) & set(self.tensor):
                    raise Skip("indices of one name")
                e["ranges"] = [(r["index"], [Parser(b).whole() for b in r["lo"]], [Parser(b).whole() for b in r["hi"]]) for r in e["domain"]]
            if t["role"] in ("written", "part") and not t["equations"]:
                raise Skip("%s has no equation" % t["name"])

    def scalars(self, e):
        """Names of tensors of rank 0 are reads."""
        if e is None or e[0] == "num":
            return e
        if e[0] == "name":
            return ("read", e[1], (), None) if e[1] in self.tensor else e
        if e[0] == "read":
            return ("read", e[1], tuple(self.scalars(s) for s in e[2]), self.scalars(e[3]))
        return (e[0],) + tuple(x if isinstance(x, str) else self.scalars(x) for x in e[1:])

    def undecided(self, e):
        """Do data decide that bpc cost was not given?"""
        if e is None or e[0] in ("num", "name"):
            return False
        if e[0] == "read":
            known = self.tensor[e[1]]["role"] == "const" or (self.given and self.tensor[e[1]]["role"] == "input")
            return not known or any(self.undecided(s) for s in e[2]) or self.undecided(e[3])
        return any(self.undecided(x) for x in e[1:] if isinstance(x, tuple))

    def number(self, e, env):
        kind = e[0]
        if kind == "num":
            return e[1]
        if kind == "name":
            if e[1] in env:
                return env[e[1]]
            if e[1] in self.tensor:
                return self.number(("read", e[1], (), None), env)
            raise Skip("what is %s?" % e[1])
        if kind == "if":
            return self.number(e[2] if self.number(e[1], env) else e[3], env)
        if kind == "read":
            values = self.data.get(e[1])
            at = [self.number(s, env) for s in e[2]]
            if not all(0 <= a < n for a, n in zip(at, self.tensor[e[1]]["size"])):
                if e[3] is None:
                    raise Skip("outside")
                return self.number(e[3], env)
            if values is None:
                raise Skip("%s is not known" % e[1])
            for a in at:
                values = values[a]
            return values
        a = [self.number(x, env) for x in e[2:]]
        op = {"+": lambda: a[0] + a[1], "-": lambda: a[0] - a[1], "*": lambda: a[0]*a[1], "//": lambda: a[0]//a[1], "%": lambda: a[0] % a[1],
              "/": lambda: a[0]/a[1], "neg": lambda: -a[0], "<": lambda: a[0] < a[1], "<=": lambda: a[0] <= a[1], ">": lambda: a[0] > a[1],
              ">=": lambda: a[0] >= a[1], "==": lambda: a[0] == a[1], "!=": lambda: a[0] != a[1], "and": lambda: bool(a[0] and a[1]),
              "or": lambda: bool(a[0] or a[1]), "not": lambda: not a[0], "abs": lambda: abs(a[0]), "max": lambda: max(a), "min": lambda: min(a),
              "^": lambda: a[0]**a[1]}.get(e[1])
        if not op:
            raise Skip("operator %s" % e[1])
        return int(op()) if isinstance(op(), bool) else op()

    def points(self, e):
        def walk(k, env):
            if k == len(e["ranges"]):
                if e["guard"] is None or self.number(self.scalars(e["guard"]), env):
                    yield dict(env)
                return
            index, lo, hi = e["ranges"][k]
            for i in range(max(self.number(self.scalars(b), env) for b in lo), min(self.number(self.scalars(b), env) for b in hi)):
                env[index] = i
                yield from walk(k + 1, env)
            env.pop(index, None)
        yield from walk(0, {})

    def reads(self, e, env, found):
        """The reads of real elements that are made at the point; each expression counts once, however often it stands there."""
        if e[0] == "read":
            size = self.tensor[e[1]]["size"]
            at = tuple(self.number(s, env) for s in e[2])
            inside = all(0 <= a < n for a, n in zip(at, size))
            if inside and self.tensor[e[1]]["type"] == "real":
                found[e] = (e[1], at)
            if e[3] is not None and (not inside or any(self.undecided(s) for s in e[2])):
                self.reads(e[3], env, found)
        elif e[0] == "if":
            if self.undecided(e[1]):
                self.reads(e[2], env, found)
                self.reads(e[3], env, found)
            else:
                self.reads(e[2] if self.number(e[1], env) else e[3], env, found)
        elif e[0] == "op" and e[1] not in PASSES_NOTHING | COMPARE | {"and", "or", "not"}:
            for x in e[2:]:
                self.reads(x, env, found)

    def edges(self):
        into = {}
        for t in self.tensor.values():
            if t["type"] != "real":
                continue
            for e in t["equations"]:
                for env in self.points(e):
                    at = tuple(self.number(self.scalars(s), env) for s in e["at"])
                    found = {}
                    self.reads(e["value"], env, found)
                    into.setdefault((t["name"], at), []).extend(found.values())
        return into

    def paths(self, params, of):
        """From each element of params to each element of `of`, by an order of the elements found with a stack."""
        into, count = self.edges(), {}
        total = 0
        for start in itertools.product(*(range(n) for n in self.tensor[of]["size"])):
            stack = [((of, start), False)]
            while stack:
                node, ready = stack.pop()
                if node in count:
                    continue
                if ready:
                    count[node] = int(node[0] in params) + sum(count[u] for u in into.get(node, []))
                    continue
                stack.append((node, True))
                stack.extend((u, False) for u in into.get(node, []) if u not in count)
            total += count[(of, start)]
        return total


def cost(bpc, path, options):
    run = subprocess.run([bpc, "cost", path, "--json"] + options, capture_output=True, text=True)
    if run.returncode:
        raise Skip(run.stderr.strip().splitlines()[-1] if run.stderr else "status %d" % run.returncode)
    return json.loads(run.stdout)


def random_data(graph):
    """Values for every input: integers within their ranges are asked for by bpc; small ones fit all."""
    draw = random.Random(3)

    def fill(size, whole):
        return [fill(size[1:], whole) for _ in range(size[0])] if size else draw.randrange(2) if whole else draw.uniform(0.5, 1.5)

    return {t["name"]: fill(t["size"], t["type"] == "int") for t in graph.tensor.values() if t["role"] == "input"}


def compare(bpc, tmp, path):
    emitted = subprocess.run([bpc, path, "--emit", "json", "-o", "-"], capture_output=True, text=True)
    if emitted.returncode:
        raise Skip("does not compile as it stands")
    graph = json.loads(emitted.stdout)
    sizes = ["-D%s=%d" % (d, n) for d, n in zip(graph["dims"], itertools.cycle((5, 4, 3)))]
    model = Model(bpc, path, sizes, {}, sizes)
    loss = [n for n, t in model.tensor.items() if t["loss"]]
    params = [n for n, t in model.tensor.items() if t["role"] == "param"]
    if not loss or not params:
        raise Skip("no loss or no parameters")
    inputs = random_data(model)
    model.data.update(inputs)
    with open(tmp + "/data.json", "w") as f:
        json.dump(inputs, f)
    model.given = any(t["role"] == "input" and t["type"] == "int" for t in model.tensor.values())
    said = cost(bpc, path, sizes + (["--data", tmp + "/data.json"] if model.given else []))["graph"]
    if "exact" not in said["paths"]:
        model.given = True
        said = cost(bpc, path, sizes + ["--data", tmp + "/data.json"])["graph"]
    if "exact" not in said["paths"]:
        raise Skip("bpc: " + said["paths"]["why"])
    expected = model.paths(set(params), loss[0])
    assert int(said["paths"]["exact"]) == expected, "%s: %s paths, not %d" % (path, said["paths"]["exact"], expected)
    for name in params[:4]:
        one, expected = said["from"][name]["paths"], model.paths({name}, loss[0])
        assert int(one["exact"]) == expected, "%s: %s paths from %s, not %d" % (path, one["exact"], name, expected)


def main():
    bpc, tmp, compared, skipped, wrong = sys.argv[1], sys.argv[2], 0, [], 0
    for path in [p for p in sys.argv[3:] if p != "-v"]:
        try:
            compare(bpc, tmp, path)
            compared += 1
        except Skip as why:
            skipped.append("%s: %s" % (path, why))
        except AssertionError as what:
            print(what)
            wrong += 1
    print("%d compared, %d wrong, %d passed over" % (compared, wrong, len(skipped)))
    if "-v" in sys.argv[3:]:
        print("\n".join(skipped))
    sys.exit(wrong > 0)


main()
