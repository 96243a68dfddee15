/* Inverse kinematics in a loop of 1,000 Hz: the hand follows a circle while it rocks from side to side.
 *
 * Each tick linearises the error of the pose at the present angles, error(theta + step) = error + J step, with the generated
 * Jacobian, and takes the damped least-squares step (C. W. Wampler 1986; Y. Nakamura and H. Hanafusa 1986)
 *
 *     step = -J' (J J' + damping^2 I)^-1 error
 *
 * which is Newton's where J is well conditioned and stays small where it is not. No memory is allocated; all that comes from bpc is
 * arm.c and arm.h. A controller would wait for its timer where this program goes straight on to the next tick. */
#include <math.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "arm.h"

enum { JOINTS = 6, TICKS = 6000, PERIOD = 2000, WORKSPACE = 8192 };
static const float tick = 1e-3f, damping = 1e-3f, top_speed = 4.0f; /* s; m and rad; rad/s */
static const float two_pi = 6.28318531f;

typedef struct {
    float shift[3], rotation[3];                      /* of the goal against the hand: m, rad */
    float shift_theta[3*JOINTS], rotation_theta[3*JOINTS];
} pose_error;

static alignas(64) unsigned char workspace[WORKSPACE];

/* Where the hand should be at a time: a circle of 10 cm in the y-z plane; pointing down, rocking by 0.4 rad about its x axis. */
static void goal_at(int now, float goal[3], float axes[9]) {
    const float phase = two_pi*(float)(now % PERIOD)/PERIOD, rock = 0.4f*sinf(phase), c = cosf(rock), s = sinf(rock);
    const float rotation[9] = {1, 0, 0, 0, -c, s, 0, -s, -c};
    goal[0] = 0.45f, goal[1] = 0.15f + 0.1f*cosf(phase), goal[2] = 0.45f + 0.1f*sinf(phase);
    for (int k = 0; k < 9; k++) axes[k] = rotation[k];
}

/* Solves A x = b by Cholesky's factorisation; A is symmetric, positive definite and overwritten. */
static void solve(float A[6][6], float b[6]) {
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j <= i; j++) {
            float sum = A[i][j];
            for (int k = 0; k < j; k++) sum -= A[i][k]*A[j][k];
            A[i][j] = i == j ? sqrtf(sum) : sum/A[j][j];
        }
        for (int k = 0; k < i; k++) b[i] -= A[i][k]*b[k];
        b[i] /= A[i][i];
    }
    for (int i = 5; i >= 0; i--) {
        for (int k = i + 1; k < 6; k++) b[i] -= A[k][i]*b[k];
        b[i] /= A[i][i];
    }
}

/* Adds the damped least-squares step to theta, no joint faster than its top speed. Returns the speed it took of the fastest, rad/s. */
static float move(const pose_error *e, float theta[JOINTS]) {
    const float *row[6];
    float A[6][6], b[6], step[JOINTS], fastest = 0;
    for (int i = 0; i < 6; i++) {
        row[i] = i < 3 ? &e->shift_theta[i*JOINTS] : &e->rotation_theta[(i - 3)*JOINTS];
        b[i] = -(i < 3 ? e->shift[i] : e->rotation[i - 3]);
        for (int j = 0; j <= i; j++) {
            A[i][j] = i == j ? damping*damping : 0;
            for (int k = 0; k < JOINTS; k++) A[i][j] += row[i][k]*row[j][k];
        }
    }
    solve(A, b);
    for (int k = 0; k < JOINTS; k++) {
        step[k] = 0;
        for (int i = 0; i < 6; i++) step[k] += row[i][k]*b[i];
        fastest = fmaxf(fastest, fabsf(step[k])/tick);
    }
    const float scale = fastest > top_speed ? top_speed/fastest : 1;
    for (int k = 0; k < JOINTS; k++) theta[k] += scale*step[k];
    return scale*fastest;
}

static float norm(const float v[3]) { return sqrtf(v[0]*v[0] + v[1]*v[1] + v[2]*v[2]); }

static double seconds(void) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec + 1e-9*(double)now.tv_nsec;
}

int main(void) {
    float theta[JOINTS] = {0.7f, 0.8f, -3.2f, 0.2f, -0.6f, 0.4f}, goal[3], axes[9];
    pose_error e;
    const arm_inputs in = {.theta = theta, .goal = goal, .goal_axes = axes};
    arm_outputs out = {.shift = e.shift, .rotation = e.rotation}; /* hand and axes stay null: not stored */
    arm_jacobians jacobians = {.shift_theta = e.shift_theta, .rotation_theta = e.rotation_theta};
    if (arm_workspace_size() > sizeof workspace) return 2;

    float off = 0, turned = 0, fastest = 0;
    double busy = 0;
    printf("  tick   position off, mm   rotation off, mrad   fastest joint, rad/s\n");
    for (int now = 0; now < TICKS; now++) {
        goal_at(now, goal, axes);
        const double start = seconds();
        if (arm_jacobian(&in, &out, &jacobians, workspace) != BP_OK) return 2;
        const float speed = move(&e, theta);
        busy += seconds() - start;
        if (arm_predict(&in, &out, workspace) != BP_OK) return 2; /* what is left of the error, only to be printed */
        if (now < 3 || now == 30 || now == 60 || now == 100 || now == 200 || (now + 1)%1000 == 0)
            printf("%6d %18.4f %20.4f %22.2f\n", now, 1e3*(double)norm(e.shift), 1e3*(double)norm(e.rotation), (double)speed);
        if (now < PERIOD/2) continue;
        off = fmaxf(off, norm(e.shift)), turned = fmaxf(turned, norm(e.rotation)), fastest = fmaxf(fastest, speed);
    }
    printf("once on the path: at most %.4f mm and %.4f mrad off, no joint faster than %.2f rad/s\n", 1e3*(double)off, 1e3*(double)turned, (double)fastest);
    printf("a tick takes %.1f us of the 1000 us there are; workspace %zu bytes\n", 1e6*busy/TICKS, arm_workspace_size());
    return 0;
}
