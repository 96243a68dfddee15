#!/usr/bin/env python3
"""Random models (generate.py) through bpc check, on several processes, with failures made small.

    fuzz.py BPC FOLDER FIRST COUNT [JOBS [SECONDS]]   seeds FIRST, FIRST + 1, …; failures are kept in FOLDER
    fuzz.py BPC FOLDER shrink FILE [OPTIONS]          makes one failing model small

A failure is any of: a derivative that is off, a model that is refused, a crash, a call that does not end. A small model fails
in the same way. Compiling the C is most of the time of a run, so it is not optimised: tcc, which is quick, compiles seven of
eight models where it is installed, gcc -O0 the eighth."""
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from generate import generate

HERE = os.path.dirname(os.path.abspath(__file__))
LEVELS = ["-O2", "-O2", "-O1", "-O0"]
CUTS = ["none", "sqrt", "none", "1", "3"]  # of --checkpoint
BLOCKS = ["1", "2", "3", "64"]  # examples to a block: of the few that random models have, less and more


def compiler(seed):
    return "tcc" if seed % 8 and shutil.which("tcc") else os.path.join(HERE, "quick_cc.sh")


def failure(bpc, path, options, cc, patience=60):
    """How the check of a model fails, in words that do not depend on its names; '' where it holds or says nothing."""
    call = [bpc, "check", "--samples", "2", "--tolerance", "1e-8", path] + options
    try:
        done = subprocess.run(call, capture_output=True, text=True, timeout=patience, env=dict(os.environ, CC=cc))
    except subprocess.TimeoutExpired:
        return "does not end"
    if done.returncode == 0 or "nothing to check" in done.stderr:
        return ""
    if done.returncode == 1 and "OFF" in done.stdout:
        ways = [("by reverse", "reverse"), ("by forward", "forward"), ("interpreted", "interpreter")]
        off = [line for line in done.stdout.splitlines() if line.endswith("OFF")]
        return "off by " + next((way for what, way in reversed(ways) if what in off[0]), "?")
    error = next((line for line in done.stderr.splitlines() if "error:" in line or line.startswith("bpc:") or "Assertion" in line), "")
    error = re.sub(r"'[^']*'|[0-9]+|/\S+", "_", error.split("error:")[-1])
    return "status %d: %s" % (done.returncode, error.strip())


# ---- shrinking --------------------------------------------------------------------------------------------------------
def groups(text):
    """Places of balanced brackets in a text: (start, end) with text[start] the opener."""
    stack, found = [], []
    for k, letter in enumerate(text):
        if letter in "([":
            stack.append(k)
        elif letter in ")]" and stack:
            found.append((stack.pop(), k + 1))
    return found


def terms(text):
    """What is joined by + - * / at the outermost level of a text."""
    depth, cuts = 0, []
    for k, letter in enumerate(text):
        depth += letter in "([{"
        depth -= letter in ")]}"
        if depth == 0 and re.match(r" [-+*/] ", text[k:k+3]):
            cuts.append(k)
    edges = [-3] + cuts + [len(text)]
    return [text[a + 3:b] for a, b in zip(edges, edges[1:])] if cuts else []


def simpler(line):
    """Lines that say less than this one, the shortest first."""
    head, equals, body = line.partition(" = ")
    out = set()
    if not equals or line.startswith(("dim", "input", "param", "const", "use", "layer", "  param")):
        return [re.sub(r",? %s\[[^]]*\](?: in \S+)?(?: ~ \w+\([^)]*\))?" % name, "", line) for name in re.findall(r"(\w+)\[", line)]
    out.update(["%s = 0.5" % head, "%s = %s" % (head, "a")])
    out.update("%s = %s" % (head, term) for term in terms(body))
    for start, end in groups(body):
        inner, word = body[start + 1:end - 1], re.search(r"[\w.]*(\[[^][]*\])?$", body[:start])
        begin = word.start() if body[start] == "(" else start
        for text in (["0.5", "(%s)" % inner] if body[start] == "(" else []) + terms(inner) + re.split(" then | else ", inner):
            out.add("%s = %s%s%s" % (head, body[:begin], text, body[end:]))
        out.update("%s = %s%s%s" % (head, body[:start + 1], term, body[end - 1:]) for term in terms(inner))
    return sorted((text for text in out if len(text) < len(line)), key=len)


def statements(text):
    """Lines, with those of a body in braces joined to their head."""
    out, depth = [], 0
    for line in text.splitlines():
        if depth: out[-1] += "\n" + line
        else: out.append(line)
        depth += line.count("{") - line.count("}")
    return [line for line in out if line.strip()]


def shrink(bpc, path, options, cc, seconds=120):
    wanted = failure(bpc, path, options, cc)
    lines, small, end = statements(open(path).read()), path + ".small", time.time() + seconds

    def still(candidate):
        with open(small, "w") as f:
            f.write("\n".join(candidate) + "\n")
        return failure(bpc, small, options, cc) == wanted

    changed = bool(wanted)
    while changed and time.time() < end:
        changed = False
        for k in range(len(lines) - 1, -1, -1):
            if time.time() < end and still(lines[:k] + lines[k+1:]):
                lines, changed = lines[:k] + lines[k+1:], True
        for k in range(len(lines) - 1, -1, -1):
            tries = simpler(lines[k])
            while tries and time.time() < end:
                if still(lines[:k] + [tries[0]] + lines[k+1:]):
                    lines[k], changed = tries[0], True
                    tries = simpler(lines[k])
                else:
                    tries.pop(0)
    still(lines)
    return wanted, small


# ---- running ----------------------------------------------------------------------------------------------------------
def one(bpc, folder, seed):
    path, options = os.path.join(folder, "%d.bp" % seed), [LEVELS[seed % len(LEVELS)], "--checkpoint", CUTS[seed % len(CUTS)],
                                                             "--block", BLOCKS[seed // 7 % len(BLOCKS)]]
    with open(path, "w") as f:
        f.write(generate(seed))
    what = failure(bpc, path, options, compiler(seed))
    if not what:
        os.unlink(path)
        return None
    return seed, what, path, options


def main():
    bpc, folder = sys.argv[1], sys.argv[2]
    os.makedirs(folder, exist_ok=True)
    os.environ.setdefault("XDG_CACHE_HOME", os.path.join(folder, "cache"))
    if sys.argv[3] == "shrink":
        what, small = shrink(bpc, sys.argv[4], sys.argv[5:], compiler(0), 600)
        print("%s: %s" % (small, what or "does not fail"))
        return
    first, count = int(sys.argv[3]), int(sys.argv[4])
    jobs = int(sys.argv[5]) if len(sys.argv) > 5 else os.cpu_count()
    end = time.time() + (float(sys.argv[6]) if len(sys.argv) > 6 else 1e9)
    failures, done, began, kinds = 0, 0, time.time(), {}
    with ThreadPoolExecutor(jobs) as pool:
        for start in range(first, first + count, 100):
            if time.time() > end:
                break
            chunk = range(start, min(start + 100, first + count))
            for result in pool.map(lambda seed: one(bpc, folder, seed), chunk):
                done += 1
                if not result:
                    continue
                failures += 1
                seed, what, path, options = result
                kinds[what] = kinds.get(what, 0) + 1
                print("\n  FAIL seed %d (%s): %s" % (seed, " ".join(options), what), flush=True)
                if kinds[what] <= 3:
                    print(open(shrink(bpc, path, options, compiler(seed))[1]).read(), flush=True)
            subprocess.run(["rm", "-rf", os.environ["XDG_CACHE_HOME"]])
            if sys.stderr.isatty() or count > 1000:
                print("%d of %d, %d failed, %.1f a second" % (done, count, failures, done/(time.time() - began)), file=sys.stderr, flush=True)
    print("%d passed, %d failed" % (done - failures, failures))
    sys.exit(failures > 0)


main()
