/* ADBench's residuals of bundle adjustment, a loop an equation; and the sum of their squares. */
#include "expert.h"
#include <math.h>

static void cross(const double *a, const double *b, double *c) {
    c[0] = a[1]*b[2] - a[2]*b[1];
    c[1] = a[2]*b[0] - a[0]*b[2];
    c[2] = a[0]*b[1] - a[1]*b[0];
}
static void residual(const double *cam, const double *point, double weight, const double *feature, double *r) {
    double to[3], turned[3], by[3], square = 0;
    for (int k = 0; k < 3; k++) {
        to[k] = point[k] - cam[3 + k];
        square += cam[k]*cam[k];
    }
    if (square > 0) {
        const double angle = sqrt(square), cosine = cos(angle), sine = sin(angle);
        double axis[3], along = 0;
        for (int k = 0; k < 3; k++) { axis[k] = cam[k]/angle; along += axis[k]*to[k]; }
        cross(axis, to, by);
        for (int k = 0; k < 3; k++) turned[k] = to[k]*cosine + by[k]*sine + axis[k]*along*(1 - cosine);
    } else {
        cross(cam, to, by);
        for (int k = 0; k < 3; k++) turned[k] = to[k] + by[k];
    }
    const double x = turned[0]/turned[2], y = turned[1]/turned[2], r2 = x*x + y*y, bend = 1 + cam[9]*r2 + cam[10]*r2*r2;
    r[0] = weight*(cam[6]*x*bend + cam[7] - feature[0]);
    r[1] = weight*(cam[6]*y*bend + cam[8] - feature[1]);
}

double plain(const expert_call *c) {
    const double *cams = c->input[0], *points = c->input[1], *weight = c->input[2], *feature = c->input[3];
    const int32_t *of_camera = c->input[4], *of_point = c->input[5];
    double sum = 0;
    for (int64_t o = 0; o < c->dims[2]; o++) {
        double r[2];
        residual(cams + 11*of_camera[o], points + 3*of_point[o], weight[o], feature + 2*o, r);
        const double e = 1 - weight[o]*weight[o];
        sum += r[0]*r[0] + r[1]*r[1] + e*e;
    }
    return sum;
}
