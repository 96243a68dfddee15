/* Prints the outputs and the gradient of generated code, a number a line, and looks whether each array of the gradient is the same to
 * the last bit where the caller wants that one alone, and whether none may be wanted. Takes the sizes from SIZE, as poison.c does. */
#define main poison_main
#include "poison.c"
#undef main

/* The gradient with only the wanted-th array given (or none, where it is past the last); what was not given stays as it is. */
static size_t gradient_of(uint32_t wanted, bool all, char *out) {
    Run r = run_new(0x3f);
    const bp_model *m = r.model;
    for (uint32_t k = 0, place = 0; k < m->n_tensors; k++) {
        const bp_tensor *t = &m->tensors[k];
        if (t->role != BP_PARAM || t->grad_offset == (size_t)-1) continue;
        if (!all && place != wanted) set(r.grads, t->grad_offset, NULL);
        place++;
    }
    const int status = run(&r, GRADIENT);
    if (status != BP_OK) {
        fprintf(stderr, "%s: status %d: %s\n", m->name, status, bp_status_text(status));
        exit(1);
    }
    size_t n = 0;
    for (uint32_t k = 0, place = 0; k < m->n_tensors; k++) {
        const bp_tensor *t = &m->tensors[k];
        if (t->role != BP_PARAM || t->grad_offset == (size_t)-1) continue;
        const char *array;
        memcpy(&array, (char *)r.grads + t->grad_offset, sizeof array);
        if (array) memcpy(out + n, array, bytes_of(&r, t));
        n += bytes_of(&r, t);
        place++;
    }
    return n;
}

int main(void) {
    static union { char bytes[1 << 22]; double aligned; } out[2];
    const bp_model *m = model_describe();
    Run r = run_new(0x3f);
    if (run(&r, GRADIENT) != BP_OK) return 1;
    char *all = out[0].bytes, *alone = out[1].bytes;
    const size_t bytes = collect(&r, GRADIENT, all);
    for (size_t k = 0; k < bytes / m->real; k++) printf("%.17g\n", m->real == BP_F32 ? (double)((float *)all)[k] : ((double *)all)[k]);
    const size_t n = gradient_of(0, true, all);
    memcpy(alone, all, n);
    for (uint32_t k = 0; k <= m->n_tensors; k++) gradient_of(k, false, alone); /* each puts its own array over what was there */
    if (memcmp(all, alone, n) == 0) return 0;
    fprintf(stderr, "a gradient wanted alone is another one\n");
    return 1;
}
