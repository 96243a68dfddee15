/* bp_progress.c - prints where a training run stands: a live line on a terminal, a line an epoch elsewhere. */
#include <math.h>

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

static void print_line(const bp_progress_info *info, FILE *to) {
  char left[32];
  clock_text(info->complete && info->epoch == info->epochs ? info->seconds : info->seconds_left, left, sizeof left);
  fprintf(to, "epoch %*lld/%lld", digits(info->epochs), (long long)info->epoch, (long long)info->epochs);
  if (!info->complete) fprintf(to, "  %3.0f%%", 100.0 * (double)info->step / (double)info->steps);
  for (uint32_t i = 0; i < info->n_values; i++) fprintf(to, "  %s %.4g", info->name[i], info->train[i]);
  for (uint32_t i = 0; i < info->n_values && info->valid; i++) fprintf(to, "  %s %s %.4g", i ? "" : "|", info->name[i], info->valid[i]);
  fprintf(to, "  %.0f examples/s  %s %s", info->examples_per_second, left,
          info->complete && info->epoch == info->epochs ? "in all" : "left");
}

void bp_progress(const bp_progress_info *info, void *user) {
  bp_printer *printer = user;
  const bool last = info->complete && info->epoch == info->epochs;
  if (!printer->live) {
    if (!info->complete) return;
    print_line(info, printer->to);
    fputc('\n', printer->to);
  } else {
    if (!last && printer->drawn > 0.0 && info->seconds - printer->drawn < 0.1) return;
    printer->drawn = info->seconds > 0.0 ? info->seconds : 1e-9;
    fputs("\r", printer->to);
    print_line(info, printer->to);
    fputs("\033[K", printer->to);      /* clear what a longer line left */
    if (last) fputc('\n', printer->to);
  }
  fflush(printer->to);
}
