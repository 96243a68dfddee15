#!/usr/bin/env python3
"""make bench: bpc against PyTorch, against C by hand and against the machine, in one run; tables on the terminal and in RESULTS.md.

    bench.py [--quick] [--rounds N] [--results FILE] [--build DIR] [MODEL ...]

Each model is compiled by bpc, then by cc (both timed), and linked with bench.c and the expert's C. Then rounds: the driver, PyTorch
under each kernel of OpenBLAS, on one thread and on two, and again, so that what disturbs the machine disturbs all; of the rounds
the median is kept. Needs nothing but Python, a C compiler and, for the columns of PyTorch, Debian's python3-torch.
"""
import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import time

CC = os.environ.get("CC", "cc")
EXPERT_CC = "gcc"                                # expert/ speaks its vectors; what bpc makes is compiled by CC
FLAGS = ["-O3", "-march=native", "-fopenmp-simd"]
EXPERT_FLAGS = ["-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-mprefer-vector-width=512", "-std=gnu11"]
LIBS = ["-ljansson", "-lz", "-lm", "-ldl", "-lpthread"]
CORES = ["", "HASWELL", "SKYLAKEX", "ZEN"]       # of OPENBLAS_CORETYPE; "": what OpenBLAS chooses
TASKS = ["value", "gradient", "adam"]

# name: sizes
MODELS = {
    "tiny": "m=1024", "small": "m=64", "mlp": "m=128", "deep": "m=64", "cnn": "m=64", "lstm": "m=32", "transformer": "m=8",
    "logreg": "m=100000", "gmm": "m=1000",
}
# name: file, expert, sizes, options of bpc. Published: objective and best gradient or Jacobian of any tool or hand, milliseconds on
# ADBench's data on some other machine; the objective by hand, which is bench/plain, scales them to this one.
PUBLISHED = {"gmm_d2_K5": (.095, .181), "gmm_d10_K25": (2.33, 4.41), "gmm_d32_K25": (7.68, 13.7), "lstm_l2": (1.78, 2.77),
             "lstm_l4": (3.39, 5.33), "ba1": (.993, 6.64), "hand_c100": (.134, .239)}
ADBENCH = {
    "gmm_d2_K5":   ("gmm", "adbench_gmm", "n=1000", ["-D", "d=2", "-D", "K=5"]),
    "gmm_d10_K25": ("gmm", "adbench_gmm", "n=1000", ["-D", "d=10", "-D", "K=25"]),
    "gmm_d32_K25": ("gmm", "adbench_gmm", "n=1000", ["-D", "d=32", "-D", "K=25"]),
    "lstm_l2":     ("lstm", "adbench_lstm", "c=1024", ["-D", "l=2"]),
    "lstm_l4":     ("lstm", "adbench_lstm", "c=1024", ["-D", "l=4"]),
    "ba1":         ("ba", None, "49 7776 31843", ["--want", "value"]),
    "hand_c100":   ("hand", None, "n=100", ["--want", "value"]),
}
WIDTHS, BATCHES = [8, 16, 32, 64, 128, 256, 512], [1, 2, 4, 8, 16, 32, 64, 128, 256]


def say(*words):
    print(*words, flush=True)


def command(words, **env):
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **env})
    if done.returncode:
        raise RuntimeError("%s\n%s%s" % (" ".join(words), done.stdout, done.stderr))
    return done.stdout


def timed(words):
    start = time.perf_counter()
    command(words)
    return 1e3*(time.perf_counter() - start)


class Lines:
    """What the drivers print: times by who and task, a list over the rounds; and single numbers by name."""
    def __init__(self):
        self.times, self.numbers = {}, {}

    def add(self, text, who=None):
        for line in text.splitlines():
            w = line.split()
            if w[0] == "time":
                self.times.setdefault((who or w[1], w[2]), []).append(tuple(map(float, w[3:])))
            elif w[0] != "agree":
                self.numbers[w[-2]] = float(w[-1])

    def median(self, who, task):
        rounds = self.times.get((who, task))
        return statistics.median(r[0] for r in rounds) if rounds else None

    def spread(self, who, task):
        """Half the distance of the quartiles, in units of the median: within rounds, or that of the rounds if greater."""
        rounds = self.times.get((who, task))
        middle = self.median(who, task)
        within = statistics.median((r[2] - r[1])/2 for r in rounds)
        between = (max(r[0] for r in rounds) - min(r[0] for r in rounds))/2
        return max(within, between)/middle


class Bench:
    def __init__(self, options):
        self.o = options
        self.rounds = options.rounds or (1 if options.quick else 3)
        self.args = ["--seconds", "0.001", "--repetitions", "3"] if options.quick else ["--seconds", "0.01", "--repetitions", "9"]
        self.torch_args = ["0.002", "3"] if options.quick else ["0.02", "9"]
        self.python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
        self.torch = subprocess.run([self.python, "-c", "import torch"], capture_output=True).returncode == 0

    def build(self, name, path, expert, options):
        """The driver of one model; how long bpc and cc took, milliseconds, the best of three."""
        folder = os.path.join(self.o.build, "bench", name)
        os.makedirs(folder, exist_ok=True)
        code, driver = os.path.join(folder, "model.c"), os.path.join(folder, "bench")
        repeat = 1 if self.o.quick else 3
        bpc = min(timed([os.path.join(self.o.build, "bpc"), path, "--prefix", "model", "-o", code, *options]) for _ in range(repeat))
        cc = min(timed([CC, *FLAGS, "-Iruntime", "-c", code, "-o", code[:-2] + ".o"]) for _ in range(repeat))
        by_hand = "bench/expert/%s.c" % expert
        plain = path.replace("tests/adbench", "bench/plain").replace(".bp", ".c")
        sources = ["bench/bench.c", "bench/limits.c"] + ([by_hand] if expert else []) + ([plain] if "plain" in plain else [])
        libbp = os.path.join(self.o.build, "libbp.a")
        command([EXPERT_CC, *FLAGS, *EXPERT_FLAGS, "-Iruntime", "-Ibench", "-Ibench/expert", *sources, code[:-2] + ".o", libbp, *LIBS, "-o", driver])
        threads = None
        if "#pragma omp parallel" in open(code).read():
            threads = driver + "_threads"
            parallel = code[:-2] + "_threads.o"
            command([CC, *FLAGS, "-fopenmp", "-Iruntime", "-c", code, "-o", parallel])
            command([EXPERT_CC, *FLAGS, *EXPERT_FLAGS, "-fopenmp", "-Iruntime", "-Ibench", "-Ibench/expert", *sources, parallel, libbp, *LIBS, "-o", threads])
        return driver, threads, {"bpc": bpc, "cc": cc, "bytes": os.path.getsize(code)}

    def run(self, name, path, expert, sizes, options=(), torch=None, data=None):
        say("%s (%s)" % (name, sizes))
        try:
            driver, threads, compiled = self.build(name, path, expert, options)
            lines = Lines()
            lines.numbers.update(compiled)
            what = ["--data", data] if data else [sizes]
            for r in range(self.rounds):
                lines.add(command([driver, *what, *self.args], OMP_NUM_THREADS="1"))
                if threads:
                    lines.add(command([threads, *what, *self.args], OMP_NUM_THREADS="2").replace(" bpc ", " bpc/2 ").replace(" expert ", " expert/2 "))
                if torch and self.torch:
                    self.run_torch(torch, sizes, lines)
        except RuntimeError as e:
            say("  FAILED:", e)
            return None
        for task in TASKS:
            says = ["%s %.5g us" % (who, lines.median(who, task)) for who in ("bpc", "bpc/2", "expert") if lines.median(who, task)]
            best = self.best(lines, task)
            say("  %-8s" % task, ", ".join(says + (["PyTorch %.5g us (%s)" % best] if best else [])))
        return lines

    def run_torch(self, name, sizes, lines):
        """On one thread under each kernel of OpenBLAS; on two under its own choice and the best on one."""
        def run(threads, core):
            env = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, **({"OPENBLAS_CORETYPE": core} if core else {})}
            text = command([self.python, "bench/torch_steps.py", name, sizes, *self.torch_args], **env)
            lines.add(text, "torch/%s/%s" % (threads, core or "default"))
        for core in [""] if self.o.quick else CORES:
            run("1", core)
        best = self.best(lines, "gradient")[1]
        for core in {"", best if best != "default" else ""}:
            run("2", core)

    @staticmethod
    def best(lines, task, threads="1"):
        """PyTorch's best time of a task and the kernel of OpenBLAS that it is of."""
        found = [(lines.median(who, t), who.split("/")[2]) for who, t in lines.times
                 if t == task and who.startswith("torch/%s/" % threads)]
        return min(found) if found else None


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = next((int(line.split()[1])/2**20 for line in open("/proc/meminfo") if line.startswith("MemTotal")), 0)
    caches = []
    for i in range(5):
        at = "/sys/devices/system/cpu/cpu0/cache/index%d/" % i
        if os.path.exists(at + "size") and open(at + "type").read().strip() != "Instruction":
            caches.append("L%s %s" % (open(at + "level").read().strip(), open(at + "size").read().strip()))
    flags = next((line for line in open("/proc/cpuinfo") if line.startswith("flags")), "")
    wide = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    return "%s, %d processors, %s, %s, %.0f GB; %s; %s" % (cpu, os.cpu_count(), wide, ", ".join(caches), memory,
                                                       platform.platform(terse=True), command([CC, "--version"]).splitlines()[0])


def number(x):
    return "-" if x is None else "%.3g" % x if x < 1000 else "%.0f" % x


def ratio(a, b):
    return "-" if not a or not b else "%.2f" % (a/b) if a/b < 10 else "%.0f" % (a/b)


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + " --- |"*len(head)] + ["| " + " | ".join(map(str, r)) + " |" for r in rows]) + "\n"


def report(bench, limits, models, adbench, sweep):
    out = ["# What `make bench` measured\n",
           "Made by `make bench`%s; not written by hand. %s\n" % (" QUICK=1" if bench.o.quick else "", machine()),
           "Times are microseconds a call: medians over %d rounds of %s samples, bpc, the expert's C and PyTorch in turn; ± is the spread."
           % (bench.rounds, bench.args[-1]),
           "A ratio above 1 says that bpc is the faster one. Code is compiled with `%s %s`.\n" % (CC, " ".join(FLAGS))]
    if limits:
        out += ["## The machine's limits, one thread\n",
                table(["limit", "value"], [(k, "%.1f %s" % (v, "GB/s" if k.startswith("triad") else "Gflop/s")) for k, v in limits.items()])]
    for task, title in zip(TASKS, ("Value", "Value and gradient", "Value, gradient and a step of Adam")):
        rows = []
        for name, l in models.items():
            us = l.median("bpc", task)
            best, default = Bench.best(l, task), l.median("torch/1/default", task)
            rows.append([name, MODELS[name], number(us), "±%.0f%%" % (100*l.spread("bpc", task)), number(l.median("expert", task)),
                         ratio(l.median("expert", task), us), number(default), "%s (%s)" % (number(best[0]), best[1]) if best else "-",
                         ratio(best and best[0], us)])
        if rows:
            out += ["## %s, one thread\n" % title,
                    table(["model", "sizes", "bpc", "±", "expert C", "expert / bpc", "PyTorch default", "PyTorch best", "PyTorch / bpc"], rows)]
    rows = []
    for name, l in models.items():
        for task in TASKS:
            two, best = l.median("bpc/2", task), Bench.best(l, task, "2")
            rows.append([name, task, number(two), number(l.median("bpc", task)), number(l.median("torch/2/default", task)),
                         "%s (%s)" % (number(best[0]), best[1]) if best else "-", ratio(best and best[0], two or l.median("bpc", task))])
    if rows:
        out += ["## Two threads\n", "Where bpc's code has no threads (-), its time on one stands in the ratio.\n",
                table(["model", "task", "bpc, two", "bpc, one", "PyTorch default", "PyTorch best", "PyTorch / bpc"], rows)]
    if models:
        out += ["## Gradient against value, memory, compile time\n",
                table(["model", "gradient / value", "by the expert", "workspace, KB", "parameters", "bpc, ms", "cc, ms", "C, KB"],
                      [[name, ratio(l.median("bpc", "gradient"), l.median("bpc", "value")),
                        ratio(l.median("expert", "gradient"), l.median("expert", "value")), number(l.numbers["workspace"]/1024),
                        "%d" % l.numbers["params"], number(l.numbers["bpc"]), number(l.numbers["cc"]), number(l.numbers["bytes"]/1024)]
                       for name, l in models.items()])]
    if adbench:
        rows = []
        for name, l in adbench.items():
            value, gradient, plain = l.median("bpc", "value"), l.median("bpc", "gradient"), l.median("plain", "value")
            if name.startswith(("ba", "hand")):
                value, gradient = None, value                 # the value is the Jacobian
            objective, best = PUBLISHED[name]
            peer = best/objective*plain
            rows.append([name, number(plain), number(value), number(gradient), ratio(gradient, plain), number(peer), ratio(peer, gradient),
                         number(l.median("expert", "value")), number(l.median("expert", "gradient")),
                         ratio(l.median("expert", "gradient"), gradient)])
        out += ["## ADBench\n",
                "BA and HAND want a Jacobian, which stands in the column of the gradient. The plain objective is C as anyone would write it; "
                "the best published gradient is scaled to this machine by it.\n",
                table(["problem", "plain objective", "bpc value", "bpc gradient", "gradient / plain objective", "best published, scaled",
                       "published / bpc", "expert value", "expert gradient", "expert / bpc"], rows)]
    if sweep:
        out += ["## Sizes by powers of two\n", "A net of two layers, n-n-10 with tanh and cross-entropy; value and gradient.\n",
                table(["width", "batch", "bpc", "expert C", "expert / bpc", "PyTorch best", "PyTorch / bpc"],
                      [[w, m, number(l.median("bpc", "gradient")), number(l.median("expert", "gradient")),
                        ratio(l.median("expert", "gradient"), l.median("bpc", "gradient")),
                        number((Bench.best(l, "gradient") or [None])[0]), ratio((Bench.best(l, "gradient") or [None])[0], l.median("bpc", "gradient"))]
                       for (w, m), l in sweep.items()])]
    return "\n".join(out)


def sweep_width(bench, width, sweep):
    """The two-layer net of one width at all batches: one process of PyTorch for all, as it takes a second to begin."""
    driver = bench.build("sweep_%d" % width, "bench/models/small.bp", "small", ["-D", "n=%d" % width, "-D", "h=%d" % width])[0]
    for batch in BATCHES:
        sweep[width, batch] = Lines()
        sweep[width, batch].add(command([driver, "m=%d" % batch, *bench.args]))
    for core in ("", "SKYLAKEX") if bench.torch else ():
        env = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **({"OPENBLAS_CORETYPE": core} if core else {})}
        text = command([bench.python, "bench/torch_steps.py", "%dx%d" % (width, width), "m=" + ",".join(map(str, BATCHES)), *bench.torch_args], **env)
        for part in text.split("size ")[1:]:
            batch, times = part.split("\n", 1)
            sweep[width, int(batch)].add(times, "torch/1/" + (core or "default"))


def ba_data(bench, sizes):
    """ADBench's one camera, point and weight, at the sizes of one of its files."""
    folder = os.path.join(bench.o.build, "bench")
    os.makedirs(folder, exist_ok=True)
    text = open("tests/adbench/data/ba_test.txt").read().split(maxsplit=3)[3]
    with open(folder + "/ba.txt", "w") as f:
        f.write(sizes + "\n" + text)
    with open(folder + "/ba.json", "w") as f:
        f.write(command([sys.executable, "tests/adbench/convert.py", "ba", folder + "/ba.txt"]))
    return folder + "/ba.json"


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--quick", action="store_true", help="one round of short samples; no sweep, and no kernels of OpenBLAS but its own")
    args.add_argument("--rounds", type=int, help="how often all is measured in turn (3)")
    args.add_argument("--results", default="bench/RESULTS.md")
    args.add_argument("--build", default="build")
    args.add_argument("models", nargs="*", help="names of bench/models, adbench, sweep (all)")
    bench = Bench(args.parse_args())
    wanted = bench.o.models or [*MODELS, "adbench"] + ([] if bench.o.quick else ["sweep"])
    if not bench.torch:
        say("no PyTorch here: its columns stay empty")
    models, adbench, sweep, limits = {}, {}, {}, {}
    for name in wanted:
        if name in MODELS:
            models[name] = bench.run(name, "bench/models/%s.bp" % name, name, MODELS[name], torch=name)
        elif name == "adbench":
            for row, (kind, expert, sizes, options) in ADBENCH.items():
                data = ba_data(bench, sizes) if kind == "ba" else None
                adbench[row] = bench.run("adbench_" + row, "tests/adbench/%s.bp" % kind, expert, sizes, options, data=data)
        elif name == "sweep":
            for width in WIDTHS:
                say("sweep: width %d" % width)
                sweep_width(bench, width, sweep)
        else:
            sys.exit("no model is called %s; there are %s, adbench, sweep" % (name, ", ".join(MODELS)))
    failed = [k for k, l in [*models.items(), *adbench.items()] if l is None]
    models, adbench = ({k: l for k, l in d.items() if l} for d in (models, adbench))
    driver = next((os.path.join(bench.o.build, "bench", n, "bench") for n in models), None)
    if driver:
        lines = Lines()
        lines.add(command([driver, "limits"]))
        limits = lines.numbers
    text = report(bench, limits, models, adbench, sweep)
    with open(bench.o.results, "w") as f:
        f.write(text)
    say("\n" + text)
    say("%d models, %d of ADBench, %d sizes; written to %s%s" %
        (len(models), len(adbench), len(sweep), bench.o.results, "; FAILED: " + " ".join(failed) if failed else ""))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    main()
