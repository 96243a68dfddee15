# Every level, and every pass left out in turn, gives the same derivatives: on a dozen models that between them need each
# pass, with gcc and with clang, in both precisions. MODELS="lstm stable" chooses.
. tests/run/common.sh
passes=$(sed -n 's/^PASS(\([a-z]*\),.*/\1/p' src/simplify/passes.def | sort -u)
holds() { # name, options
    name=$1
    shift
    status_is 0 "$name: $*" "$BPC" check --samples 5 "tests/models/$name.bp" "$@"
    [ "$got" = 0 ] || grep OFF "$TMP/out"
}
compilers=$(for cc in gcc clang; do command -v $cc > /dev/null && echo $cc; done)
for name in ${MODELS:-attention conv2d_pool filters gaussian_mixture graph_net hmm_forward layernorm lstm max_pool_ties running_product stable triangular}; do
    for CC in $compilers; do
        export CC
        for level in 0 1 2; do
            for real in f32 f64; do holds "$name" -O$level --real $real; done
        done
    done
    command -v tcc > /dev/null && export CC=tcc # which equations there are does not depend on the compiler
    for pass in $passes; do
        for real in f32 f64; do holds "$name" -O2 --without "$pass" --real $real; done
    done
done
# eval and check compile at -O1; users compile at -O2, where clang before 17 puts loads before stores that they should follow.
if command -v clang > /dev/null; then
    printf '#!/bin/sh\nfor word; do shift; [ "$word" = -O1 ] && word=-O2; set -- "$@" "$word"; done\nexec clang "$@"\n' > "$TMP/clang_o2"
    chmod +x "$TMP/clang_o2"
    export CC="$TMP/clang_o2"
    for name in burgers solve_curvature coupling_flow arm6; do holds "$name" -O2 --real f64 --tolerance 1e-8; done
fi
status_is 2 "a pass that is none" "$BPC" tests/models/stable.bp --without algebre -o "$TMP/none.c"
finish
