# Models of n equations, for growth.sh:  growth.py KIND N > model.bp
#
#   chain     scalars, each of the two before it          tensors   small tensors, each of the one before it
#   pieces    one tensor, an equation for each element    nests     outputs over a size known when the code runs
#   sums      sums over such a size
import sys


def chain(n):
    yield "param a = 0.3, b = 0.2\nx0 = a\nx1 = b"
    for k in range(2, n):
        yield f"x{k} = sin(x{k-1})*a + b*x{k-2}" if k % 2 else f"x{k} = x{k-1}*b - 0.5*cos(x{k-2})"
    yield f"loss L = x{n-1}^2"


def tensors(n):
    yield "param W[3,3] = [[0.1,0.2,0.3],[0.3,0.1,0.2],[0.2,0.1,-0.4]], c[3] = [0.1,0.2,0.3]\nt0[i] = c[i]"
    for k in range(1, n):
        yield f"t{k}[i] = tanh(sum[j](W[i,j]*t{k-1}[j]) + c[i])"
    yield f"loss L = sum[i](t{n-1}[i]^2)"


def pieces(n):
    yield "param a = 0.3, b = 0.2\nT[0] = a"
    for k in range(1, n):
        yield f"T[{k}] = sin(T[{k-1}]*a) + b"
    yield f"loss L = T[{n-1}]^2"


def nests(n):
    yield f"dim m\ninput x[m]\nparam a[{n}] ~ normal(0, 0.1)"
    for k in range(n):
        yield f"output z{k}[i] = sin(a[{k}]*x[i]) + x[i]*{k}"
    yield f"loss L = sum[i](z{n-1}[i])"


def sums(n):
    yield f"dim m\ninput x[m]\nparam a[{n}] ~ normal(0, 0.1)\nl0 = 0"
    for k in range(1, n):
        yield f"l{k} = sum[i](sin(a[{k}]*x[i])) + l{k-1}"
    yield f"loss L = l{n-1}"


print("\n".join(globals()[sys.argv[1]](int(sys.argv[2]))))
