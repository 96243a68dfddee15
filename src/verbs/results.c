/* Results as JSON, on one line a member. */
#include "verbs/results.h"

#include <math.h>
#include <stdlib.h>

/* The shortest of the precisions that reads back as the same number. */
void json_number(Text *text, double value, bool integer, bool single) {
    char digits[40];
    if (isnan(value) || isinf(value)) {
        text_add(text, "%s", isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity");
        return;
    }
    if (integer) {
        text_add(text, "%.0f", value);
        return;
    }
    for (int precision = single ? 6 : 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (single ? strtof(digits, NULL) == (float)value : strtod(digits, NULL) == value) break;
    }
    text_add(text, "%s", digits);
}

static void print_axes(Text *text, const Result *r, uint32_t axis, int64_t *at) {
    if (axis == r->rank) {
        json_number(text, r->values[(*at)++], r->integer, r->single);
        return;
    }
    text_add(text, "[");
    for (int64_t k = 0; k < r->extent[axis]; k++) {
        if (k > 0) text_add(text, ", ");
        print_axes(text, r, axis + 1, at);
    }
    text_add(text, "]");
}

void result_print(Text *text, const Result *r) {
    int64_t at = 0;
    print_axes(text, r, 0, &at);
}

void write_json_string(Text *text, const char *string) {
    text_add(text, "\"");
    for (const char *at = string; *at; at++) {
        if (*at == '"' || *at == '\\') text_add(text, "\\%c", *at);
        else if ((unsigned char)*at < 0x20) text_add(text, "\\u%04x", (unsigned)*at);
        else text_put(text, at, 1);
    }
    text_add(text, "\"");
}

/* The members of one outer name, of which k is the first. */
static uint32_t print_pairs(Text *text, const ResultGroup *group, uint32_t k, const char *indent) {
    const char *outer = group->results.at[k].name;
    text_add(text, "{");
    for (uint32_t first = k; k < group->results.n && group->results.at[k].name == outer; k++) {
        if (k > first) text_add(text, ",\n%s  ", indent);
        write_json_string(text, group->results.at[k].inner);
        text_add(text, ": ");
        result_print(text, &group->results.at[k]);
    }
    text_add(text, "}");
    return k - 1;
}

static void print_members(Text *text, const ResultGroup *group, const char *indent, bool *first) {
    for (uint32_t k = 0; k < group->results.n; k++) {
        text_add(text, "%s%s", *first ? "" : ",\n", *first ? "" : indent);
        write_json_string(text, group->results.at[k].name);
        text_add(text, ": ");
        if (group->results.at[k].inner) k = print_pairs(text, group, k, indent);
        else result_print(text, &group->results.at[k]);
        *first = false;
    }
}

void groups_print(Text *text, const ResultGroup *groups, uint32_t n) {
    bool first = true;
    text_add(text, "{");
    for (uint32_t k = 0; k < n; k++) {
        if (!groups[k].name) {
            print_members(text, &groups[k], " ", &first);
            continue;
        }
        bool inner = true;
        text_add(text, "%s ", first ? "" : ",\n");
        write_json_string(text, groups[k].name);
        text_add(text, ": {");
        print_members(text, &groups[k], "  ", &inner);
        text_add(text, "}");
        first = false;
    }
    text_add(text, "}\n");
}
