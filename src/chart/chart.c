/* Drawing charts. Each is a panel: title and subtitle, the name of the y axis above it, the plot with its grid, the
 * names of the series at the right where their lines end, the name of the x axis below.
 *
 * Colours are classes, set twice in the style: for light and, within a media query, for dark pages. (Custom properties
 * would be shorter, but converters such as librsvg do not know them.) */
#include "chart/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "chart/axis.h"

enum {
    WIDTH = 760, PLOT = 294, GAP = 8,             /* of the document; of a plot, high; between panels */
    LEFT = 74, BOTTOM = 52, RIGHT = 24,           /* around the plot of a panel */
    TITLED = 84, UNTITLED = 36,                   /* above it */
    LETTER = 7,                                   /* width of a letter of 12 px, about */
    SWATCH = 34, NAMES_MOST = 200,                /* of the names at the right: line sample; widest */
    LINE = 17,                                    /* from name to name */
    TITLE_LETTERS = 84, LABEL_LETTERS = 30,
    N_COLOURS = 7
};

typedef struct {
    const Chart *chart;
    Axis x, y;
    double left, right, top, bottom; /* of the plot */
    Text *out;
} Panel;

/* ---- text ----------------------------------------------------------------------------------------------------------- */
/* Tenths of a pixel, by whole numbers: no locale, no doubtful last digits. */
static void add_length(Text *out, double value) {
    long long tenths = llround(10 * value);
    text_add(out, "%s%lld", tenths < 0 ? "-" : "", llabs(tenths) / 10);
    if (tenths % 10) text_add(out, ".%lld", llabs(tenths) % 10);
}

static void add_attribute(Text *out, const char *name, double value) {
    text_add(out, " %s=\"", name);
    add_length(out, value);
    text_add(out, "\"");
}

/* Characters that XML has no place for, and bytes that are no UTF-8, become U+FFFD. */
static void add_character(Text *out, ucs4_t c, const char *bytes, size_t n, bool good) {
    const char *escape = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : NULL;
    if (!good || (c < 32 && c != '\t' && c != '\n') || c == 0xfffe || c == 0xffff) escape = "\xef\xbf\xbd";
    if (escape) text_add(out, "%s", escape);
    else text_put(out, bytes, n);
}

/* At most so many characters, the last an ellipsis where there were more. */
static void add_escaped(Text *out, const char *text, int most) {
    for (size_t left = strlen(text); left > 0; most--) {
        ucs4_t c;
        const int n = u8_mbtoucr(&c, (const uint8_t *)text, left);
        const size_t step = n > 0 ? (size_t)n : 1;
        if (most == 1 && left > step) {
            text_add(out, "…");
            return;
        }
        add_character(out, c, text, step, n > 0);
        text += step;
        left -= step;
    }
}

static int letters(const char *text) {
    int n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void begin_text(Text *out, double x, double y, const char *class, const char *anchor) {
    text_add(out, "<text");
    add_attribute(out, "x", x);
    add_attribute(out, "y", y);
    text_add(out, " class=\"%s\"%s%s%s>", class, anchor ? " text-anchor=\"" : "", anchor ? anchor : "", anchor ? "\"" : "");
}

static void write_text(Text *out, double x, double y, const char *class, const char *anchor, const char *text, int most) {
    if (!text || !*text) return;
    begin_text(out, x, y, class, anchor);
    add_escaped(out, text, most);
    text_add(out, "</text>\n");
}

static void draw_line(Text *out, double x1, double y1, double x2, double y2, const char *class) {
    text_add(out, "<line");
    add_attribute(out, "x1", x1);
    add_attribute(out, "y1", y1);
    add_attribute(out, "x2", x2);
    add_attribute(out, "y2", y2);
    text_add(out, " class=\"%s\"/>\n", class);
}

/* ---- style --------------------------------------------------------------------------------------------------------- */
/* Okabe and Ito's colours (2008), darker on light pages so that names set in them can be read. */
typedef struct {
    const char *page, *ink, *soft, *axis, *grid, *minor, *series[N_COLOURS];
} Theme;
static const Theme light = {"#ffffff", "#1b1b1b", "#555555", "#777777", "#d5d5d5", "#eeeeee",
                            {"#0072b2", "#c24e00", "#007a5a", "#a63f86", "#8a6000", "#5d52a6", "#555555"}};
static const Theme dark = {"#15181c", "#ececec", "#b4b4b4", "#8c8c8c", "#3b4047", "#262a30",
                           {"#56b4e9", "#ff8c4d", "#2cc79c", "#e798c8", "#e8b93f", "#b3a8f0", "#c0c0c0"}};

static void add_theme(Text *out, const Theme *t) {
    text_add(out, ".page{fill:%s}.over{stroke:%s}.title,.plain{fill:%s}.small{fill:%s}.axis{stroke:%s}.grid{stroke:%s}.minor{stroke:%s}.mark{stroke:%s}\n",
             t->page, t->page, t->ink, t->soft, t->axis, t->grid, t->minor, t->soft);
    for (int k = 0; k < N_COLOURS; k++) text_add(out, ".s%d{stroke:%s}.f%d{fill:%s}", k, t->series[k], k, t->series[k]);
    text_add(out, "\n");
}

static void add_style(Text *out) {
    text_add(out, "<style>\ntext{font-family:system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",Arial,sans-serif;font-size:12px}\n"
                  ".title{font-size:16px;font-weight:600}\n"
                  ".axis,.grid,.minor,.mark{stroke-width:1;fill:none}.mark{stroke-dasharray:2 3}.over{stroke-width:4;stroke-linejoin:round;paint-order:stroke}\n"
                  ".line{stroke-width:2;fill:none;stroke-linejoin:round;stroke-linecap:round}.dashed{stroke-dasharray:6 5}.spread{stroke-width:1.5;opacity:.6}\n");
    add_theme(out, &light);
    text_add(out, "@media (prefers-color-scheme:dark){\n");
    add_theme(out, &dark);
    text_add(out, "}\n</style>\n");
}

/* ---- markers ------------------------------------------------------------------------------------------------------- */
/* Around the origin, 8 px across or so; one for each colour. */
static const char *const marker_path[N_COLOURS] = {
    "a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", /* circle, from its left end */
    "v-3.5h7v7h-7z",                  /* square */
    "h9l-4.5-8z",                     /* triangle */
    "l4.8-4.8 4.8 4.8-4.8 4.8z",      /* diamond */
    "h9l-4.5 8z",                     /* triangle down */
    "h3v-3h3v3h3v3h-3v3h-3v-3h-3z",   /* plus */
    "l2.5-4.4h5l2.5 4.4-2.5 4.4h-5z"  /* hexagon */
};
static const double marker_x[N_COLOURS] = {-4, -3.5, -4.5, -4.8, -4.5, -4.5, -5}, marker_y[N_COLOURS] = {0, 0, 3, 0, -3, -1.5, 0};

static void begin_marker(Text *out, double x, double y, int colour) {
    text_add(out, "<path d=\"M");
    add_length(out, x + marker_x[colour]);
    text_add(out, " ");
    add_length(out, y + marker_y[colour]);
    text_add(out, "%s\" class=\"f%d\"", marker_path[colour], colour);
}

/* ---- axes ------------------------------------------------------------------------------------------------------------ */
static double x_at(const Panel *p, double x) { return p->left + (p->right - p->left) * axis_place(&p->x, x); }
static double y_at(const Panel *p, double y) { return p->bottom - (p->bottom - p->top) * axis_place(&p->y, y); }

static bool shows(const Panel *p, const ChartPoint *at) { return axis_shows(p->chart->x.scale, at->x) && axis_shows(p->chart->y.scale, at->y); }
static bool has_spread(const Panel *p, const ChartSeries *s, const ChartPoint *at) {
    return s->spread && shows(p, at) && axis_shows(p->chart->y.scale, at->low) && axis_shows(p->chart->y.scale, at->high);
}

typedef struct { double low, high; } Extent;
static void widen(Extent *e, double value) {
    if (value < e->low) e->low = value;
    if (value > e->high) e->high = value;
}

static void lay_out_axes(Panel *p) {
    Extent x = {INFINITY, -INFINITY}, y = x;
    for (uint32_t k = 0; k < p->chart->n; k++) {
        const ChartSeries *s = &p->chart->series[k];
        for (uint32_t j = 0; j < s->n; j++) {
            const ChartPoint *at = &s->at[j];
            if (!shows(p, at)) continue;
            widen(&x, at->x);
            widen(&y, at->y);
            if (!has_spread(p, s, at)) continue;
            widen(&y, at->low);
            widen(&y, at->high);
        }
    }
    axis_lay_out(&p->x, p->chart->x.scale, x.low, x.high, 8);
    axis_lay_out(&p->y, p->chart->y.scale, y.low, y.high, 7);
}

static void draw_tick(const Panel *p, const Tick *t, bool vertical, const char *unit) {
    const char *class = t->labelled ? "grid" : "minor";
    double x = vertical ? x_at(p, t->value) : p->left, y = vertical ? p->bottom : y_at(p, t->value);
    draw_line(p->out, x, y, vertical ? x : p->right, vertical ? p->top : y, class);
    if (!t->labelled) return;
    if (vertical) begin_text(p->out, x, p->bottom + 18, "plain", "middle");
    else begin_text(p->out, p->left - 8, y + 4, "plain", "end");
    Text number = {0};
    decimal_print(&number, t->text, unit);
    add_escaped(p->out, number.at, LABEL_LETTERS);
    text_free(&number);
    text_add(p->out, "</text>\n");
}

/* Minor lines first: labelled ones lie over them. */
static void draw_grid(const Panel *p) {
    for (int labelled = 0; labelled < 2; labelled++) {
        for (uint32_t k = 0; k < p->x.n; k++)
            if (p->x.tick[k].labelled == labelled) draw_tick(p, &p->x.tick[k], true, p->chart->x.unit);
        for (uint32_t k = 0; k < p->y.n; k++)
            if (p->y.tick[k].labelled == labelled) draw_tick(p, &p->y.tick[k], false, p->chart->y.unit);
    }
    draw_line(p->out, p->left, p->bottom, p->right, p->bottom, "axis");
    draw_line(p->out, p->left, p->bottom, p->left, p->top, "axis");
}

static void draw_marks(const Panel *p) {
    for (uint32_t k = 0; k < p->chart->n_marks; k++) {
        const ChartMark *m = &p->chart->marks[k];
        const Axis *axis = m->vertical ? &p->x : &p->y;
        if (!axis_shows(axis->scale, m->at) || axis_place(axis, m->at) < 0 || axis_place(axis, m->at) > 1) continue;
        const double x = m->vertical ? x_at(p, m->at) : p->left, y = m->vertical ? p->bottom : y_at(p, m->at);
        draw_line(p->out, x, y, m->vertical ? x : p->right, m->vertical ? p->top : y, "mark");
        const bool at_end = m->vertical && axis_place(axis, m->at) > 0.6; /* there is more room before the line */
        write_text(p->out, at_end ? x - 6 : x + 6, m->vertical ? p->top + 12 + 15 * (k % 3) : y - 5, "small over", at_end ? "end" : NULL, m->label, 60);
    }
}

/* ---- series ------------------------------------------------------------------------------------------------------------ */
static int colour_of(const Chart *c, uint32_t k) {
    int colour = -1;
    for (uint32_t j = 0; j <= k; j++) colour += j == 0 || !c->series[j].as_before;
    return colour % N_COLOURS;
}

/* A line goes on from point to point, and begins anew after one that is left out. Points that fall on the one before say
 * nothing new. */
static void draw_path(const Panel *p, const ChartSeries *s, int colour) {
    long long last_x = -1, last_y = -1;
    bool begun = false, on = false;
    for (uint32_t k = 0; k < s->n; k++) {
        if (!shows(p, &s->at[k])) {
            on = false;
            continue;
        }
        const double x = x_at(p, s->at[k].x), y = y_at(p, s->at[k].y);
        if (on && llround(10 * x) == last_x && llround(10 * y) == last_y) continue;
        if (!begun) text_add(p->out, "<path class=\"line s%d%s\" d=\"", colour, s->dashed ? " dashed" : "");
        text_add(p->out, "%s", on ? "L" : "M");
        add_length(p->out, x);
        text_add(p->out, " ");
        add_length(p->out, y);
        last_x = llround(10 * x);
        last_y = llround(10 * y);
        begun = on = true;
    }
    if (begun) text_add(p->out, "\"/>\n");
}

static void add_number(Text *out, double value, const char *unit) {
    Text number = {0};
    decimal_print(&number, decimal_of(value, 4), unit);
    add_escaped(out, number.at, LABEL_LETTERS);
    text_free(&number);
}

/* With its numbers, which a browser shows to who points at it. */
static void draw_marker(const Panel *p, const ChartSeries *s, const ChartPoint *at, int colour) {
    begin_marker(p->out, x_at(p, at->x), y_at(p, at->y), colour);
    text_add(p->out, "><title>");
    if (s->name) add_escaped(p->out, s->name, LABEL_LETTERS);
    if (s->name) text_add(p->out, ": ");
    add_number(p->out, at->x, p->chart->x.unit);
    text_add(p->out, ", ");
    add_number(p->out, at->y, p->chart->y.unit);
    text_add(p->out, "</title></path>\n");
}

static bool is_alone(const Panel *p, const ChartSeries *s, uint32_t k) {
    return (k == 0 || !shows(p, &s->at[k - 1])) && (k + 1 == s->n || !shows(p, &s->at[k + 1]));
}

static void draw_series(const Panel *p, const ChartSeries *s, int colour) {
    char class[32];
    snprintf(class, sizeof class, "spread s%d", colour);
    for (uint32_t k = 0; k < s->n; k++)
        if (has_spread(p, s, &s->at[k])) {
            const double x = x_at(p, s->at[k].x);
            draw_line(p->out, x, y_at(p, s->at[k].low), x, y_at(p, s->at[k].high), class);
        }
    if (!s->no_line) draw_path(p, s, colour);
    for (uint32_t k = 0; k < s->n; k++) /* a point without neighbours has no line to be seen by */
        if (shows(p, &s->at[k]) && (s->markers || s->no_line || is_alone(p, s, k))) draw_marker(p, s, &s->at[k], colour);
}

/* ---- names --------------------------------------------------------------------------------------------------------------- */
typedef struct {
    uint32_t series;
    double y;
} Name;

/* Where a line ends; the bottom for one that is not seen. */
static double end_of(const Panel *p, const ChartSeries *s) {
    for (uint32_t k = s->n; k > 0; k--)
        if (shows(p, &s->at[k - 1])) return y_at(p, s->at[k - 1].y);
    return p->bottom;
}

/* In the order of their lines' ends, each as near to its own as the others let it be. */
static uint32_t place_names(const Panel *p, Name *names) {
    uint32_t n = 0;
    for (uint32_t k = 0; k < p->chart->n; k++) {
        if (!p->chart->series[k].name) continue;
        Name name = {k, end_of(p, &p->chart->series[k])};
        uint32_t at = n++;
        for (; at > 0 && names[at - 1].y > name.y; at--) names[at] = names[at - 1];
        names[at] = name;
    }
    double room = n > 1 ? (p->bottom - p->top) / (n - 1) : LINE, step = room < LINE ? room : LINE;
    for (uint32_t k = 1; k < n; k++)
        if (names[k].y < names[k - 1].y + step) names[k].y = names[k - 1].y + step;
    for (uint32_t k = n; k > 0; k--) {
        double most = p->bottom - step * (n - k);
        if (names[k - 1].y > most) names[k - 1].y = most;
    }
    return n;
}

static void draw_names(const Panel *p) {
    Name *names = malloc((p->chart->n + 1) * sizeof *names);
    const uint32_t n = names ? place_names(p, names) : 0;
    for (uint32_t k = 0; k < n; k++) {
        const ChartSeries *s = &p->chart->series[names[k].series];
        const int colour = colour_of(p->chart, names[k].series);
        const double x = p->right + 10, y = names[k].y;
        char class[32];
        snprintf(class, sizeof class, "line s%d%s", colour, s->dashed ? " dashed" : "");
        if (!s->no_line) draw_line(p->out, x, y, x + SWATCH - 10, y, class);
        if (s->markers || s->no_line) begin_marker(p->out, x + (SWATCH - 10) / 2.0, y, colour), text_add(p->out, "/>\n");
        snprintf(class, sizeof class, "f%d", colour);
        write_text(p->out, x + SWATCH - 4, y + 4, class, NULL, s->name, NAMES_MOST / LETTER);
    }
    free(names);
}

static double names_width(const Chart *c) {
    int most = 0;
    for (uint32_t k = 0; k < c->n; k++)
        if (c->series[k].name && letters(c->series[k].name) > most) most = letters(c->series[k].name);
    const int width = most * LETTER < NAMES_MOST ? most * LETTER : NAMES_MOST;
    return most ? SWATCH + 10 + width : 0;
}

/* ---- panels ---------------------------------------------------------------------------------------------------------------- */
static bool is_empty(const Panel *p) {
    for (uint32_t k = 0; k < p->chart->n; k++)
        for (uint32_t j = 0; j < p->chart->series[k].n; j++)
            if (shows(p, &p->chart->series[k].at[j])) return false;
    return true;
}

static int head_of(const Chart *c) { return c->title || c->subtitle ? TITLED : UNTITLED; }

static int panel_height(const Chart *c) { return head_of(c) + PLOT + BOTTOM; }

static void draw_panel(const Chart *c, double top, Text *out) {
    const double plot = top + head_of(c);
    Panel p = {.chart = c, .out = out, .left = LEFT, .top = plot, .right = WIDTH - RIGHT - names_width(c), .bottom = plot + PLOT};
    lay_out_axes(&p);
    write_text(out, 18, top + 27, "title", NULL, c->title, TITLE_LETTERS);
    write_text(out, 18, top + 46, "small", NULL, c->subtitle, TITLE_LETTERS + 16);
    draw_grid(&p);
    write_text(out, 18, p.top - 9, "small", NULL, c->y.label, TITLE_LETTERS);
    write_text(out, (p.left + p.right) / 2, p.bottom + 38, "small", "middle", c->x.label, TITLE_LETTERS);
    draw_marks(&p);
    for (uint32_t k = 0; k < c->n; k++) draw_series(&p, &c->series[k], colour_of(c, k));
    if (is_empty(&p)) write_text(out, (p.left + p.right) / 2, (p.top + p.bottom) / 2, "small", "middle", "no data", TITLE_LETTERS);
    draw_names(&p);
}

void chart_svg(const Chart *charts, uint32_t n, Text *out) {
    int height = n > 0 ? -GAP : 0, top = 0;
    for (uint32_t k = 0; k < n; k++) height += panel_height(&charts[k]) + GAP;
    text_add(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\"", WIDTH, height, WIDTH, height);
    if (n > 0 && charts[0].title) {
        text_add(out, " aria-label=\"");
        add_escaped(out, charts[0].title, TITLE_LETTERS);
        text_add(out, "\"");
    }
    text_add(out, ">\n");
    add_style(out);
    text_add(out, "<rect width=\"%d\" height=\"%d\" class=\"page\"/>\n", WIDTH, height);
    for (uint32_t k = 0; k < n; top += panel_height(&charts[k]) + GAP, k++) draw_panel(&charts[k], top, out);
    text_add(out, "</svg>\n");
}
