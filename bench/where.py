#!/usr/bin/env python3
"""Where the time of a model's gradient goes, by equation: perf's samples of the generated code, each put down to the comment above it.

    where.py MODEL [m=64] [--build DIR]          MODEL is a name of bench/models

Needs perf and addr2line. Lines of bp_math.h are exp, log, tanh and the like; what stands in the functions that the generated code
calls, such as matrix products, is in the first line.
"""
import argparse
import collections
import os
import subprocess

from bench import EXPERT_CC, FLAGS, LIBS, MODELS, command


def samples(folder, sizes):
    """Address and function of each sample, of the whole program."""
    record = ["perf", "record", "-q", "-o", folder + "/perf.data", folder + "/bench", sizes, "--repetitions", "5", "--seconds", "0.05"]
    command(record)
    lines = command(["perf", "script", "-i", folder + "/perf.data", "-F", "ip,sym"]).splitlines()
    return [words for words in (line.split() for line in lines) if len(words) > 1]


def equation(source, number):
    """The comment at or above a line."""
    while number > 0 and "/*" not in source[number]:
        number -= 1
    return source[number].strip()[:120]


def main():
    args = argparse.ArgumentParser()
    args.add_argument("model", choices=list(MODELS))
    args.add_argument("sizes", nargs="?")
    args.add_argument("--build", default="build")
    o = args.parse_args()
    folder = os.path.join(o.build, "bench", "where_" + o.model)
    os.makedirs(folder, exist_ok=True)
    command([o.build + "/bpc", "bench/models/%s.bp" % o.model, "--prefix", "model", "-o", folder + "/model.c"])
    command([EXPERT_CC, *FLAGS, "-g", "-fno-pie", "-no-pie", "-std=gnu11", "-Iruntime", "-Ibench/expert", "bench/bench.c", "bench/limits.c",
             folder + "/model.c", o.build + "/libbp.a", *LIBS, "-o", folder + "/bench"])
    found = samples(folder, o.sizes or MODELS[o.model])
    functions = collections.Counter(name for _, name, *_ in found)
    print(", ".join("%s %.0f%%" % (name, 100*n/len(found)) for name, n in functions.most_common(6)))

    inside = [at for at, name, *_ in found if name.startswith("model_gradient")]
    places = subprocess.run(["addr2line", "-e", folder + "/bench"], input="\n".join(inside), capture_output=True, text=True).stdout.split()
    source = open(folder + "/model.c").read().split("\n")
    counts = collections.Counter()
    for place in places:
        file, _, number = place.partition(":")
        if file.endswith("/model.c") and number.isdigit():
            counts[equation(source, int(number) - 1)] += 1
        elif number:
            counts[os.path.basename(file)] += 1
    for what, n in counts.most_common(8):
        print("%4.0f%%  %s" % (100*n/max(1, len(inside)), what))


if __name__ == "__main__":
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    main()
