/* ADBench's residuals of the hand, a loop an equation; and the sum of their squares. */
#include "expert.h"
#include <math.h>
#include <string.h>

enum { BONES = 22 };
typedef double Matrix[4][4];
static const int parent[BONES] = {-1, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19, 0};
static const int bend[BONES] = {-1, -1, 6, 8, 9, -1, 10, 12, 13, -1, 14, 16, 17, -1, 18, 20, 21, -1, 22, 24, 25, -1};
static const int spread[BONES] = {-1, -1, 7, -1, -1, -1, 11, -1, -1, -1, 15, -1, -1, -1, 19, -1, -1, -1, 23, -1, -1, -1};

static void multiply(const Matrix a, const Matrix b, Matrix c) {
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            c[i][j] = 0;
            for (int k = 0; k < 4; k++) c[i][j] += a[i][k]*b[k][j];
        }
}

double plain(const expert_call *c) {
    const Matrix *base = c->input[0], *inverse = c->input[1];
    const double *rest = c->input[2], *share = c->input[4], *seen = c->input[5], *theta = c->params;
    const int32_t *bone = c->input[3];
    Matrix A[BONES], to[BONES];
    for (int b = 0; b < BONES; b++) {
        const double x = bend[b] < 0 ? 0 : theta[bend[b]], z = spread[b] < 0 ? 0 : theta[spread[b]];
        const double sx = sin(x), cx = cos(x), sz = sin(z), cz = cos(z);
        const Matrix turn = {{cz, -sz*cx, sz*sx, 0}, {sz, cz*cx, -cz*sx, 0}, {0, sx, cx, 0}, {0, 0, 0, 1}};
        Matrix moved;
        multiply(base[b], turn, moved);
        if (parent[b] < 0) memcpy(A[b], moved, sizeof moved);
        else multiply(A[parent[b]], moved, A[b]);
        multiply(A[b], inverse[b], to[b]);
    }
    const double angle = sqrt(theta[0]*theta[0] + theta[1]*theta[1] + theta[2]*theta[2]), cosine = cos(angle), sine = sin(angle);
    const double axis[3] = {theta[0]/angle, theta[1]/angle, theta[2]/angle};
    double sum = 0;
    for (int64_t i = 0; i < c->dims[0]; i++) {
        double p[3] = {0, 0, 0};
        for (int j = 0; j < 4; j++)
            for (int a = 0; a < 3; a++) {
                const double *row = to[bone[4*i + j]][a];
                p[a] += share[4*i + j]*(row[0]*rest[3*i] + row[1]*rest[3*i + 1] + row[2]*rest[3*i + 2] + row[3]);
            }
        const double along = (axis[0]*p[0] + axis[1]*p[1] + axis[2]*p[2])*(1 - cosine);
        const double by[3] = {axis[1]*p[2] - axis[2]*p[1], axis[2]*p[0] - axis[0]*p[2], axis[0]*p[1] - axis[1]*p[0]};
        for (int a = 0; a < 3; a++) {
            const double turned = angle > 0.0001 ? p[a]*cosine + by[a]*sine + axis[a]*along : p[a];
            const double r = seen[3*i + a] - turned - theta[3 + a];
            sum += r*r;
        }
    }
    return sum;
}
