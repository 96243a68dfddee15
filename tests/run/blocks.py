# Are the numbers of two files, a line each, the same but for rounding (of sums in another order)?
import sys

one, two = ([float(line) for line in open(name)] for name in sys.argv[1:3])
size = max(map(abs, one), default=0)
off = [(k, a, b) for k, (a, b) in enumerate(zip(one, two)) if not abs(a - b) <= 1e-11 * (1 + size)]
if len(one) != len(two) or not one or off:
    sys.exit(f"{len(one)} and {len(two)} numbers, {len(off)} differ: {off[:3]}")
