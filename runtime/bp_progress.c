/* bp_progress.c - prints where a training run stands: a live line on a terminal, a line an epoch elsewhere. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "bp_train.h"

/* "1:02:03" or "2:03"; nothing for times that are not known. */
static void clock_text(double seconds, char *text, size_t size) {
    const long s = isfinite(seconds) && seconds < 1e8 ? (long)(seconds + 0.5) : 0;
    if (s >= 3600) snprintf(text, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else snprintf(text, size, "%ld:%02ld", s / 60, s % 60);
}

static int digits(int64_t n) {
    int d = 1;
    for (; n > 9; n /= 10) d++;
    return d;
}

/* Append to the text, as far as there is room. */
static void add(char *text, size_t size, const char *format, ...) {
    const size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

static void make_line(const bp_progress_info *info, char *text, size_t size) {
    const bool last = info->complete && info->epoch == info->epochs;
    char time[32];
    clock_text(last ? info->seconds : info->seconds_left, time, sizeof time);
    text[0] = '\0';
    add(text, size, "epoch %*lld/%lld", digits(info->epochs), (long long)info->epoch, (long long)info->epochs);
    if (!info->complete) add(text, size, "  %2.0f%%", 100.0 * (double)info->step / (double)info->steps);
    for (uint32_t i = 0; i < info->n_values; i++) add(text, size, "  %s %.4g", info->name[i], info->train[i]);
    for (uint32_t i = 0; i < info->n_values && info->valid; i++)
        add(text, size, "  %s%s %.4g", i ? "" : "| ", info->name[i], info->valid[i]);
    add(text, size, "  %.0f examples/s  %s %s", info->examples_per_second, time, last ? "in all" : "left");
}

/* Keep `n` characters of UTF-8, whole ones. */
static void cut(char *text, size_t n) {
    for (; *text; text++)
        if ((*text & 0xC0) != 0x80 && n-- == 0) {
            *text = '\0';
            return;
        }
}

void bp_progress(const bp_progress_info *info, void *user) {
    bp_printer *printer = user;
    const bool last = info->complete && info->epoch == info->epochs;
    char text[2048];
    if (!printer->live && !info->complete) return;
    if (printer->live && !last && printer->drawn > 0.0 && info->seconds - printer->drawn < 0.1) return;
    make_line(info, text, sizeof text);
    if (printer->live) {
        printer->drawn = info->seconds > 0.0 ? info->seconds : 1e-9;
        if (printer->width > 1 && !last) cut(text, (size_t)printer->width - 1);
        fprintf(printer->to, "\r%s\033[K%s", text, last ? "\n" : ""); /* \033[K clears what a longer line left */
    } else {
        fprintf(printer->to, "%s\n", text);
    }
    fflush(printer->to);
}
