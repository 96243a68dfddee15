#!/usr/bin/env python3
"""Models that are too deep, too large or too wrong: bombs.py FOLDER writes them.

Each must end within seconds and bounded memory. Those whose names begin with wrong_ are refused with a message, the others
compile, or not: what they ask for is only large."""
import sys

N = 200000
BOMBS = {
    "wrong_parens": "loss L = " + "("*N + "1" + ")"*N,
    "wrong_parens_open": "loss L = " + "("*N,
    "wrong_brackets": "loss L = " + "x["*N,
    "wrong_ifs": "param a = 1\nloss L = " + "if a > 0 then "*50000 + "a" + " else 0"*50000,
    "wrong_minus": "param a = 1\nloss L = " + "-"*N + "a",
    "wrong_powers": "param a = 1\nloss L = " + "a^"*100000 + "a",
    "wrong_calls": "param a = 1\nloss L = " + "exp("*100000 + "a" + ")"*100000,
    "wrong_stack": "loss L = sum(" + "["*100000 + "1" + "]"*100000 + ")",
    "wrong_braces": "def f(x) {\n"*50000 + "x\n" + "}\n"*50000,
    "wrong_dims": "dim n = 9000000000000000000, m = n*n\nparam a[n, n] = 0\nloss L = sum(a)",
    "wrong_const": "const a[1000000, 1000000] = 1\nparam b = 1\nloss L = b*sum(a)",
    "wrong_name": "param " + "a"*1000000 + " = 1\nloss L = " + "a"*1000000,
    "wrong_rank": "input x[" + ", ".join(["2"]*1000) + "]\nparam a = 1\nloss L = a*sum(x)",
    "wrong_million_errors": "".join("y%d = q%d + \n" % (k, k) for k in range(1000000)),
    "wrong_unknown": "".join("y%d = q%d\n" % (k, k) for k in range(300000)),
    "wrong_duplicates": "y = 1\n"*300000,
    "wrong_doubling": "def f0(x) = x + x\n" + "".join("def f%d(x) = f%d(x) + f%d(x)\n" % (k, k-1, k-1) for k in range(1, 60)) + "param a = 1\nloss L = f59(a)",
    "wrong_nesting_defs": "def f0(x) = exp(x)*sin(x)\n" + "".join("def f%d(x) = f%d(f%d(x))\n" % (k, k-1, k-1) for k in range(1, 40)) + "param a = 1\nloss L = f39(a)",
    "wrong_nuls": "\0"*1000000,
    "wrong_quotes": "'"*1000000,
    "wrong_long_line": "x + 1" + " + 1"*2000000,
    "wrong_recursion": "def f(x) = g(x)\ndef g(x) = f(x)\nparam a = 1\nloss L = f(a)",
    "big_param": "dim n = 1000000, m = 1000000\nparam a[n, m] ~ normal(0, 1)\nloss L = sum(a)",
    "big_product": "dim n = 3\nparam A[n, n] = 1\nB0 = A\n" + "".join("B%d = B%d @ B%d\n" % (k, k-1, k-1) for k in range(1, 60)) + "loss L = sum(B59)",
    "big_outer": "param v[1000] = 1\na = outer(v, v)\nb = reshape(a, [1000000])\nc = outer(b, b)\nd = reshape(c, [1000000000000])\noutput e = outer(d, d)\nloss L = sum(e)",
    "big_stack": "layer f(n) {\n param W[n, n] ~ xavier\n apply(x) = W @ x\n}\nuse b[2000000000] = f(1000)\nparam x[1000] = 1\nloss L = sum(b[0](x))",
    "big_indices": "param a = 1\nloss L = a*sum[" + ", ".join("i%d in 0..1" % k for k in range(1000000)) + "](1)",
    "big_comment": "#"*20000000,
    "big_gradients": "param a = 0.5\ng0 = sin(a)*a\n" + "".join("g%d = grad(g%d, a)\n" % (k, k-1) for k in range(1, 30)) + "loss L = g29",
}
for name, text in BOMBS.items():
    with open("%s/%s.bp" % (sys.argv[1], name), "w") as f:
        f.write(text + "\n")
