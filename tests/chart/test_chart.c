/* Charts: where ticks stand and what is written at them, what is left out, and that any text becomes well-formed XML. */
#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chart/axis.h"

/* ---- numbers ---- */
static void writes(double value, int digits, const char *unit, const char *wanted) {
    Text out = {0};
    decimal_print(&out, decimal_of(value, digits), unit);
    ck_assert_str_eq(out.at, wanted);
    text_free(&out);
}

START_TEST(numbers_are_written_as_people_write_them) {
    writes(0, 4, NULL, "0");
    writes(0.25, 4, NULL, "0.25");
    writes(-0.001, 4, NULL, "-0.001");
    writes(1200, 4, NULL, "1200");
    writes(123456, 3, NULL, "123000");
    writes(1e6, 4, NULL, "10⁶");
    writes(3e-9, 4, NULL, "3×10⁻⁹");
    writes(-2.5e12, 4, NULL, "-2.5×10¹²");
    writes(9.9996, 4, NULL, "10");
}
END_TEST

START_TEST(units_take_prefixes) {
    writes(1e-6, 4, "s", "1 µs");
    writes(0.00025, 4, "s", "250 µs");
    writes(1.5, 4, "s", "1.5 s");
    writes(2e9, 4, "flop", "2 Gflop");
    writes(999.96, 4, "s", "1 ks");
    writes(0, 4, "s", "0 s");
}
END_TEST

/* ---- ticks ---- */
/* All labels of an axis, one after another. */
static const char *labels(ChartScale scale, double low, double high, uint32_t room) {
    static Text out;
    text_free(&out);
    Axis *axis = malloc(sizeof *axis);
    axis_lay_out(axis, scale, low, high, room);
    text_add(&out, "%s", "");
    for (uint32_t k = 0; k < axis->n; k++) {
        ck_assert_double_ge(axis_place(axis, axis->tick[k].value), -1e-9);
        ck_assert_double_le(axis_place(axis, axis->tick[k].value), 1 + 1e-9);
        if (!axis->tick[k].labelled) continue;
        text_add(&out, "%s", out.n ? " " : "");
        decimal_print(&out, axis->tick[k].text, NULL);
    }
    free(axis);
    return out.at;
}

START_TEST(logarithmic_ticks_are_at_powers_of_ten) {
    ck_assert_str_eq(labels(CHART_LOG, 1e-3, 1e3, 7), "0.001 0.01 0.1 1 10 100 1000");
    ck_assert_str_eq(labels(CHART_LOG, 1e-12, 1e6, 7), "10⁻¹² 10⁻⁹ 10⁻⁶ 0.001 1 1000 10⁶");
    ck_assert_str_eq(labels(CHART_LOG, 1, 50, 7), "1 2 5 10 20 50"); /* less than two decades */
    ck_assert_str_eq(labels(CHART_LOG, 1.9, 4.1, 4), "2 3 4");       /* less than a factor of five */
}
END_TEST

START_TEST(minor_ticks_are_at_multiples) {
    Axis axis;
    axis_lay_out(&axis, CHART_LOG, 1, 1000, 7);
    uint32_t minor = 0;
    for (uint32_t k = 0; k < axis.n; k++) {
        if (axis.tick[k].labelled) continue;
        double leading = axis.tick[k].value;
        while (leading >= 10) leading /= 10;
        while (leading < 0.999) leading *= 10;
        ck_assert_double_eq_tol(leading, round(leading), 1e-9);
        minor++;
    }
    ck_assert_uint_ge(minor, 24);
    ck_assert_double_eq_tol(axis_place(&axis, sqrt(1000)), 0.5, 1e-12); /* the geometric middle */
}
END_TEST

START_TEST(sizes_have_ticks_at_powers_of_two) {
    ck_assert_str_eq(labels(CHART_LOG2, 8, 512, 8), "8 16 32 64 128 256 512");
    ck_assert_str_eq(labels(CHART_LOG2, 1, 65536, 8), "1 8 64 512 4096 32768");
}
END_TEST

START_TEST(linear_ticks_are_round) {
    ck_assert_str_eq(labels(CHART_LINEAR, 0, 1, 7), "0 0.2 0.4 0.6 0.8 1");
    ck_assert_str_eq(labels(CHART_LINEAR, 97, 103, 7), "97 98 99 100 101 102 103");
    ck_assert_str_eq(labels(CHART_LINEAR, -30, 30, 8), "-30 -20 -10 0 10 20 30");
    ck_assert_str_eq(labels(CHART_LINEAR, 1, 50, 8), "0 10 20 30 40 50"); /* what grows begins at 0 */
}
END_TEST

START_TEST(single_numbers_and_none_have_an_axis_too) {
    Axis axis;
    axis_lay_out(&axis, CHART_LINEAR, 5, 5, 7);
    ck_assert_double_eq_tol(axis_place(&axis, 5), 0.5, 1e-12);
    axis_lay_out(&axis, CHART_LOG, 5, 5, 7);
    ck_assert_double_eq_tol(axis_place(&axis, 5), 0.5, 1e-12);
    ck_assert_str_eq(labels(CHART_LINEAR, INFINITY, -INFINITY, 7), "0 0.2 0.4 0.6 0.8 1");
    static const double far[] = {1e-320, 1e-300, -1e308, 1e308, 5e-324, 0};
    for (size_t k = 0; k < sizeof far / sizeof *far; k++) /* no hang, no overflow */
        for (size_t j = 0; j < sizeof far / sizeof *far; j++)
            if (far[k] <= far[j])
                for (int scale = CHART_LINEAR; scale <= CHART_LOG2; scale++)
                    if (axis_shows((ChartScale)scale, far[k])) labels((ChartScale)scale, far[k], far[j], 7);
}
END_TEST

/* ---- drawings ---- */
static char *draw(const Chart *c, uint32_t n) {
    Text out = {0};
    chart_svg(c, n, &out);
    return out.at; /* the caller frees it */
}

static unsigned count(const char *text, const char *what) {
    unsigned n = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what)) n++;
    return n;
}

/* The `d` of the first line's path. */
static const char *line_of(const char *svg) {
    const char *at = strstr(svg, "<path class=\"line");
    ck_assert_ptr_nonnull(at);
    return strstr(at, " d=\"") + 4;
}

START_TEST(what_is_no_number_interrupts_the_line) {
    const ChartPoint points[] = {{1, 1, 0, 0}, {2, 2, 0, 0}, {3, NAN, 0, 0}, {4, 4, 0, 0}, {5, -1, 0, 0}, {6, 6, 0, 0}, {7, 7, 0, 0}};
    const ChartSeries line = {.name = "a", .at = points, .n = 7, .markers = true};
    const Chart chart = {.x = {"x", CHART_LINEAR, NULL}, .y = {"y", CHART_LOG, NULL}, .series = &line, .n = 1};
    char *svg = draw(&chart, 1);
    char *path = strdup(line_of(svg));
    *strchr(path, '"') = '\0';
    ck_assert_uint_eq(count(path, "M"), 3); /* 1-2, 4 alone, 6-7: -1 has no logarithm */
    ck_assert_uint_eq(count(path, "L"), 2);
    ck_assert_ptr_null(strstr(svg, "nan"));
    ck_assert_uint_eq(count(svg, "<title>"), 5);
    free(path);
    free(svg);
}
END_TEST

START_TEST(straight_on_both_log_axes_is_straight) {
    /* y = x^2 through 1, 10, 100: three points on one straight line, at equal distances */
    const ChartPoint points[] = {{1, 1, 0, 0}, {10, 100, 0, 0}, {100, 10000, 0, 0}};
    const ChartSeries line = {.at = points, .n = 3};
    const Chart chart = {.x = {"x", CHART_LOG, NULL}, .y = {"y", CHART_LOG, NULL}, .series = &line, .n = 1};
    char *svg = draw(&chart, 1);
    double x[3], y[3];
    ck_assert_int_eq(sscanf(line_of(svg), "M%lf %lfL%lf %lfL%lf %lf", &x[0], &y[0], &x[1], &y[1], &x[2], &y[2]), 6);
    ck_assert_double_eq_tol(x[2] - x[1], x[1] - x[0], 0.21);
    ck_assert_double_eq_tol(y[2] - y[1], y[1] - y[0], 0.21);
    ck_assert_double_gt(x[1], x[0]);
    ck_assert_double_lt(y[1], y[0]); /* up */
    free(svg);
}
END_TEST

START_TEST(empty_and_single_point_charts_are_drawn) {
    const ChartPoint point = {3, 4, 2, 5};
    const ChartSeries series[] = {{.name = "none"}, {.name = "one", .at = &point, .n = 1, .spread = true}};
    const Chart empty = {.title = "Empty", .series = series, .n = 1}, one = {.title = "One", .series = series, .n = 2};
    char *svg = draw(&empty, 1);
    ck_assert_ptr_nonnull(strstr(svg, "no data"));
    free(svg);
    svg = draw(&one, 1);
    ck_assert_ptr_null(strstr(svg, "no data"));
    ck_assert_ptr_nonnull(strstr(svg, "<title>one: 3, 4</title>"));
    ck_assert_uint_eq(count(svg, "class=\"spread"), 1);
    free(svg);
}
END_TEST

START_TEST(text_is_escaped) {
    const ChartSeries series = {.name = "a<b & \"c\""};
    const Chart chart = {.title = "\x01<\xff>\xc3", .x = {"é]]>", CHART_LINEAR, NULL}, .series = &series, .n = 1};
    char *svg = draw(&chart, 1);
    ck_assert_ptr_nonnull(strstr(svg, ">a&lt;b &amp; &quot;c&quot;<"));
    ck_assert_ptr_nonnull(strstr(svg, ">\xef\xbf\xbd&lt;\xef\xbf\xbd&gt;\xef\xbf\xbd<"));
    ck_assert_ptr_nonnull(strstr(svg, ">é]]&gt;<"));
    free(svg);
}
END_TEST

START_TEST(equal_charts_are_equal_bytes_in_every_locale) {
    const ChartPoint points[] = {{0.1, 0.37, 0, 0}, {0.25, 1.03, 0, 0}};
    const ChartSeries line = {.name = "a", .at = points, .n = 2, .markers = true};
    const Chart chart = {.x = {"x", CHART_LINEAR, "s"}, .y = {"y", CHART_LINEAR, NULL}, .series = &line, .n = 1};
    char *first = draw(&chart, 1);
    static const char *const commas[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8"};
    for (int k = 0; k < 3; k++) setlocale(LC_ALL, commas[k]); /* where the machine has one of them */
    char *second = draw(&chart, 1);
    setlocale(LC_ALL, "C");
    ck_assert_str_eq(first, second);
    ck_assert_ptr_nonnull(strstr(first, ">0.4<"));
    free(first);
    free(second);
}
END_TEST

START_TEST(companions_share_the_colour_and_themes_have_all_of_them) {
    const ChartPoint points[] = {{1, 1, 0, 0}, {2, 2, 0, 0}};
    const ChartSeries series[] = {{.name = "a", .at = points, .n = 2}, {.at = points, .n = 2, .dashed = true, .as_before = true}, {.name = "b", .at = points, .n = 2}};
    const Chart chart = {.series = series, .n = 3};
    char *svg = draw(&chart, 1);
    ck_assert_ptr_nonnull(strstr(svg, "<path class=\"line s0\""));
    ck_assert_ptr_nonnull(strstr(svg, "<path class=\"line s0 dashed\""));
    ck_assert_ptr_nonnull(strstr(svg, "<path class=\"line s1\""));
    ck_assert_uint_eq(count(svg, ".s6{stroke:"), 2);
    ck_assert_ptr_nonnull(strstr(svg, "@media (prefers-color-scheme:dark)"));
    free(svg);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("chart");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, numbers_are_written_as_people_write_them);
    tcase_add_test(tests, units_take_prefixes);
    tcase_add_test(tests, logarithmic_ticks_are_at_powers_of_ten);
    tcase_add_test(tests, minor_ticks_are_at_multiples);
    tcase_add_test(tests, sizes_have_ticks_at_powers_of_two);
    tcase_add_test(tests, linear_ticks_are_round);
    tcase_add_test(tests, single_numbers_and_none_have_an_axis_too);
    tcase_add_test(tests, what_is_no_number_interrupts_the_line);
    tcase_add_test(tests, straight_on_both_log_axes_is_straight);
    tcase_add_test(tests, empty_and_single_point_charts_are_drawn);
    tcase_add_test(tests, text_is_escaped);
    tcase_add_test(tests, equal_charts_are_equal_bytes_in_every_locale);
    tcase_add_test(tests, companions_share_the_colour_and_themes_have_all_of_them);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
