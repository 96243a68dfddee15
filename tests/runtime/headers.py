#!/usr/bin/env python3
"""What bp_math.h, bp_random.h and bp_linalg.h promise besides their values:

1. every section compiles with the sections it names and nothing else, without a warning (bpc --standalone copies them);
2. the public headers are valid C11 and C++11, without a warning, under every compiler given;
3. loops of the branch-free functions are vectorised under `#pragma omp simd` at -O3 with AVX2.

    tests/runtime/headers.py [COMPILER …]        default: those of gcc and clang that are installed
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

RUNTIME = Path(__file__).resolve().parents[2] / 'runtime'
STRICT = '-Wall -Wextra -Wpedantic -Wconversion -Wdouble-promotion -Werror'.split()
ONE = '''exp expm1 log log1p sqrt sin cos tan asin acos atan sinh cosh tanh sigmoid softplus erf floor ceil round'''.split()
TWO = '''pow atan2 fmod'''.split()
failures = 0


def fail(what, text=''):
    global failures
    failures += 1
    print(f'{what}\n{text[:2000]}')


def compile_text(compiler, text, *flags, language='c', standard='c11'):
    return subprocess.run([compiler, f'-std={standard}', f'-I{RUNTIME}', *flags, '-x', language, '-', '-o', '/dev/null'],
                          input=text, text=True, capture_output=True)


def sections():
    """(name, needs, text) in order, and the text of the prologue, of the headers together."""
    found, prologue = [], ''
    for header in ('bp_math.h', 'bp_random.h', 'bp_linalg.h'):
        parts = re.split(r'(?m)^/\*@ (\w+):(.*?) \*/$', (RUNTIME / header).read_text())
        for name, needs, text in zip(parts[1::3], parts[2::3], parts[3::3]):
            if name == 'prologue':
                prologue += text
            elif name != 'end':
                found.append((name, needs.split(), text))
    return found, prologue


def check_sections(compiler):
    found, prologue = sections()
    text_of = {name: text for name, _, text in found}
    needs_of = {name: needs for name, needs, _ in found}
    order = [name for name, _, _ in found]
    with tempfile.TemporaryDirectory() as folder:
        for name in order:
            closure, open_ends = set(), [name]
            while open_ends:
                at = open_ends.pop()
                if at not in needs_of or order.index(at) > order.index(name):
                    fail(f'section {name} needs {at}, which does not come before it')
                elif at not in closure:
                    closure.add(at)
                    open_ends += needs_of[at]
            if f' {name}(' not in text_of[name]:
                fail(f'section {name} does not define it')
            Path(folder, name + '.c').write_text(prologue + ''.join(text_of[n] for n in order if n in closure))
        run = subprocess.run([compiler, '-std=c11', *STRICT, '-Wno-unused-function', '-fsyntax-only',
                              *map(str, sorted(Path(folder).glob('*.c')))], text=True, capture_output=True)
        if run.returncode:
            fail('a section does not compile with what it needs alone', run.stderr)
    return len(order)


def check_languages(compiler):
    text = ''.join(f'#include "{h.name}"\n' for h in sorted(RUNTIME.glob('bp*.h')))
    for language, standard in (('c', 'c11'), ('c++', 'c++11')):
        run = compile_text(compiler, text, *STRICT, '-fsyntax-only', language=language, standard=standard)
        if run.returncode:
            fail(f'{compiler}: the headers as {standard}', run.stderr)


def check_vectorised(compiler):
    lines = ['#include "bp_math.h"']
    function_of = {}
    for name in ONE + TWO:
        for suffix, kind in (('', 'double'), ('f', 'float')):
            function = f'bp_{name}{suffix}'
            second = ', z[i]' if name in TWO else ''
            lines += [f'void v{len(lines)}({kind} *restrict y, const {kind} *restrict x, const {kind} *restrict z, int n) {{ (void)z;',
                      '#pragma omp simd', f'for (int i = 0; i < n; i++) y[i] = {function}(x[i]{second}); }}']
            function_of[len(lines)] = function
    gcc = 'clang' not in compiler
    run = compile_text(compiler, '\n'.join(lines) + '\n', '-O3', '-mavx2', '-mfma', '-fopenmp-simd', '-c',
                       '-fopt-info-vec' if gcc else '-Rpass=loop-vectorize')
    done = {int(m) for m in re.findall(r'(?:<stdin>|standard input):(\d+):\d+: (?:optimized|remark)', run.stderr)}
    missing = [f for line, f in function_of.items() if line not in done and line - 1 not in done]
    if missing:
        fail(f'{compiler}: not vectorised: {" ".join(missing)}', run.stderr)


def main():
    compilers = sys.argv[1:] or [c for c in ('gcc', 'clang') if shutil.which(c)]
    count = check_sections(compilers[0])
    machine = subprocess.run([compilers[0], '-dumpmachine'], text=True, capture_output=True).stdout
    for compiler in compilers:
        check_languages(compiler)
        if machine.startswith('x86_64'):
            check_vectorised(compiler)
    print(f'{count} sections, {", ".join(compilers)}: {failures} failures')
    return failures > 0


sys.exit(main())
