/* The outputs and the gradient of generated code on 1, 2, 3 and 8 threads, which must be the same to the last bit; prints them, so that
 * they can be compared with what code without threads gives. Takes the sizes from SIZE, as poison.c does. */
#define main poison_main
#include "poison.c"
#undef main

#ifdef _OPENMP
#include <omp.h>
#else
static void omp_set_num_threads(int n) { (void)n; }
#endif

static size_t gradient_on(int threads, char **all) {
    omp_set_num_threads(threads);
    Run r = run_new(0x3f);
    size_t bytes = 0;
    for (uint32_t k = 0; k < r.model->n_tensors; k++) bytes += 2*bytes_of(&r, &r.model->tensors[k]);
    *all = checked(calloc(bytes + 64, 1));
    const int status = run(&r, GRADIENT);
    if (status == BP_OK) return collect(&r, GRADIENT, *all);
    fprintf(stderr, "status %d: %s\n", status, bp_status_text(status));
    exit(1);
}

int main(void) {
    static const int more[] = {2, 3, 8};
    char *all[2];
    const size_t bytes = gradient_on(1, &all[0]);
    for (int k = 0; k < 3; k++) {
        if (gradient_on(more[k], &all[1]) == bytes && memcmp(all[0], all[1], bytes) == 0) continue;
        fprintf(stderr, "%d threads give another result than 1\n", more[k]);
        return 1;
    }
    const bp_model *m = model_describe();
    for (size_t k = 0; k < bytes/m->real; k++) printf("%.17g\n", m->real == BP_F32 ? (double)((float *)all[0])[k] : ((double *)all[0])[k]);
    return 0;
}
