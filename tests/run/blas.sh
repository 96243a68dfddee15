# Large products call libbp, which calls CBLAS where there is one: the same values with it, with libbp.a alone, and without.
. tests/run/common.sh
cat > "$TMP/wide.bp" <<'MODEL'
dim m
input x[m, 2048], y[m, 2048]
param W[2048, 2048] ~ xavier
z[i] = W @ x[i]
loss L = mean[i](sum((z[i] - y[i])^2))
MODEL
cat > "$TMP/main.c" <<'MAIN'
#include <stdio.h>
#include <stdlib.h>
#include "wide.h"
int main(void) {
    enum { M = 7, N = 2048 };
    static float x[M*N], y[M*N], W[N*N], W_bar[N*N];
    for (int k = 0; k < M*N; k++) x[k] = (float)(k*37 % 101 - 50)/50, y[k] = (float)(k*53 % 97 - 48)/48;
    for (int k = 0; k < N*N; k++) W[k] = (float)(k*29 % 89 - 44)/900;
    const wide_dims dims = {M};
    const wide_inputs in = {x, y};
    const wide_params params = {W};
    wide_outputs out;
    wide_grads grads = {W_bar};
    void *workspace = aligned_alloc(64, (wide_workspace_size(&dims) + 63)/64*64);
    int status = wide_gradient(&dims, &in, &params, &out, &grads, workspace);
    double sum = 0;
    for (int k = 0; k < N*N; k++) sum += (double)W_bar[k]*(double)W_bar[k]*(k % 13 + 1);
    printf("%d %.3f %.2f\n", status, (double)out.L, sum);
    free(workspace);
    return 0;
}
MAIN
build() { # name, options of bpc, then what to link
    name=$1 how=$2
    shift 2
    status_is 0 "$name: bpc" "$BPC" "$TMP/wide.bp" $how -o "$TMP/wide.c"
    status_is 0 "$name: cc" $CC -std=c11 -O2 -Wall -Wextra -Wpedantic -Wconversion -Werror -Iruntime -I"$TMP" "$TMP/wide.c" "$TMP/main.c" "$@" -lm -o "$TMP/wide"
    LD_LIBRARY_PATH=$BUILD "$TMP/wide" > "$TMP/$name.txt" 2>&1
}
build loops "--blas none"
build alone "" "$BUILD/libbp.a"
build shared "" -L"$BUILD" -lbp
if grep -q -- -lopenblas "$BUILD/bp.pc"; then # weak symbols must not have cost the library its BLAS
    status_is 0 "libbp.so needs a BLAS" sh -c 'readelf -d "$BUILD/libbp.so" | grep -qi "NEEDED.*blas"'
fi
status_is 0 "it is called" grep -q bp_gemm "$TMP/wide.c"
near() { paste "$1" "$2" | awk '{ for (k = 1; k <= 3; k++) { d = $k - $(k + 3); if (d < 0) d = -d; m = $k < 0 ? -$k : $k; if (d > 1e-5*(1 + m)) exit 1 } if (NF != 6) exit 1 }'; }
for name in alone shared; do status_is 0 "$name: the same values" near "$TMP/loops.txt" "$TMP/$name.txt"; done
finish
