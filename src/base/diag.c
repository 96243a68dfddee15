/* Diagnostics: what is wrong with the source, collected while the stages go on, printed at the end.
 *
 * Takes messages with a place; prints them in source order, each as clang does:
 *
 *     net.bp:7:12: error: unknown function 'sigmod'
 *     a[i,k] = sigmod(z[i,k])
 *              ^~~~~~
 *     net.bp:3:1: note: ...
 *
 * Always: a note stands after the message it was added behind; the same message at the same place is kept once;
 * after 50 errors the rest are only counted. Columns count characters of UTF-8; the caret stands right below
 * wide characters and combining marks too. Bytes that are no UTF-8 are shown as <XX>. */
#include "base/base.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uniwidth.h>

enum { ERROR_LIMIT = 50, WARNING_LIMIT = 200, LINE_WIDTH = 110, TAB_WIDTH = 8 };

typedef struct {
    const char *name, *text;
    size_t length;
    VEC(uint32_t) line; /* where each line begins */
} Source;

typedef struct {
    Severity severity;
    Span span;
    const char *text, *flag; /* flag: NULL for errors and notes */
    uint32_t order;
    uint32_t next_note;      /* number + 1 of its first note, of a note: of the one after; 0: none */
    uint32_t last_note;      /* number + 1 of its last note */
} Message;

struct Diag {
    Arena *arena;
    VEC(Source) sources;
    VEC(Message) messages;
    Map *seen;                  /* hash of a message -> its number + 1, to keep it once */
    VEC(const char *) disabled; /* the NAMEs of -Wno-NAME */
    uint32_t errors, warnings;
    uint32_t printed; /* messages before this one are out already */
    bool begun;       /* something was printed, if only that there is nothing */
    uint32_t current; /* number + 1 of the message that notes belong to; 0: it was dropped */
    bool warnings_are_errors;
};

static const char *const severity_name[] = {"error", "warning", "note"};
static const char *const severity_colour[] = {"\033[1;31m", "\033[1;35m", "\033[1;36m"};

/* ---- UTF-8 ----------------------------------------------------------------------------------- */

/* The character at `at`; its length in bytes goes to *length. A byte that starts none gives -1 and length 1. */
static int32_t character(const char *at, const char *end, uint32_t *length)
{
    const unsigned char *byte = (const unsigned char *)at;
    static const struct { unsigned char mask, lead; uint32_t length; int32_t least; } form[] = {
        {0x80, 0x00, 1, 0}, {0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800}, {0xf8, 0xf0, 4, 0x10000}};
    *length = 1;
    for (size_t k = 0; k < sizeof form / sizeof *form; k++) {
        if ((byte[0] & form[k].mask) != form[k].lead)
            continue;
        if ((size_t)(end - at) < form[k].length)
            return -1;
        int32_t code = byte[0] & ~form[k].mask;
        for (uint32_t j = 1; j < form[k].length; j++) {
            if ((byte[j] & 0xc0) != 0x80)
                return -1;
            code = code << 6 | (byte[j] & 0x3f);
        }
        if (code < form[k].least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
            return -1;
        *length = form[k].length;
        return code;
    }
    return -1;
}

/* ---- sources --------------------------------------------------------------------------------- */

Span span_join(Span a, Span b)
{
    if (a.file == 0)
        return b;
    if (b.file != a.file)
        return a;
    return (Span){a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end, a.file};
}

Diag *diag_new(Arena *arena)
{
    Diag *diag = NEW(arena, Diag);
    diag->arena = arena;
    diag->seen = map_new(arena);
    return diag;
}

uint16_t diag_add_source(Diag *diag, const char *name, const char *text, size_t length)
{
    Source source = {.name = arena_strndup(diag->arena, name, strlen(name)), .text = text, .length = length};
    vec_push(diag->arena, &source.line, 0);
    for (size_t k = 0; k < length; k++)
        if (text[k] == '\n')
            vec_push(diag->arena, &source.line, (uint32_t)k + 1);
    vec_push(diag->arena, &diag->sources, source);
    return (uint16_t)diag->sources.n;
}

static const Source *source_of(const Diag *diag, uint16_t file)
{
    return file == 0 || file > diag->sources.n ? NULL : &diag->sources.at[file - 1];
}

const char *diag_source_name(const Diag *diag, uint16_t file)
{
    const Source *source = source_of(diag, file);
    return source == NULL ? "" : source->name;
}

const char *diag_source_text(const Diag *diag, uint16_t file, size_t *length)
{
    const Source *source = source_of(diag, file);
    *length = source == NULL ? 0 : source->length;
    return source == NULL ? "" : source->text;
}

/* The line (from 0) that holds this byte. */
static uint32_t line_of(const Source *source, uint32_t byte)
{
    uint32_t low = 0, high = source->line.n;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->line.at[middle] <= byte)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void position(const Source *source, uint32_t byte, uint32_t *line, uint32_t *column)
{
    if (byte > source->length)
        byte = (uint32_t)source->length;
    *line = line_of(source, byte);
    const char *at = source->text + source->line.at[*line], *stop = source->text + byte;
    uint32_t length;
    *column = 1;
    for (; at < stop; at += length, ++*column)
        character(at, stop, &length);
    ++*line;
}

void diag_position(const Diag *diag, Span span, uint32_t *line, uint32_t *column)
{
    const Source *source = source_of(diag, span.file);
    *line = *column = 0;
    if (source != NULL)
        position(source, span.begin, line, column);
}

/* ---- collecting ------------------------------------------------------------------------------ */

static const char *format_text(Diag *diag, const char *format, va_list list)
{
    assert(format != NULL);
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = arena_alloc(diag->arena, (size_t)(length < 0 ? 0 : length) + 1);
    vsnprintf(text, (size_t)(length < 0 ? 0 : length) + 1, format, list);
    return text;
}

static bool same_message(const Message *a, const Message *b)
{
    return a->severity == b->severity && a->span.file == b->span.file && a->span.begin == b->span.begin &&
           strcmp(a->text, b->text) == 0;
}

/* True where the message is new; a hash that collides with another message counts as new. */
static bool is_new(Diag *diag, const Message *message)
{
    uint64_t place = hash_mix(message->span.begin, (uint64_t)message->span.file << 2 | message->severity);
    const void *key = (const void *)(uintptr_t)(hash_bytes(message->text, strlen(message->text), place) | 1);
    uintptr_t number = (uintptr_t)map_get(diag->seen, key);
    if (number != 0 && same_message(&diag->messages.at[number - 1], message))
        return false;
    map_put(diag->seen, key, (void *)(uintptr_t)(diag->messages.n + 1));
    return true;
}

/* Adds an error or a warning, or only counts it; sets which message the following notes belong to. */
static void add(Diag *diag, Message message)
{
    uint32_t *count = message.severity == DIAG_ERROR ? &diag->errors : &diag->warnings;
    uint32_t limit = message.severity == DIAG_ERROR ? ERROR_LIMIT : WARNING_LIMIT;
    diag->current = 0;
    if (*count >= limit) {
        ++*count;
        return;
    }
    if (!is_new(diag, &message))
        return;
    ++*count;
    message.order = diag->messages.n;
    vec_push(diag->arena, &diag->messages, message);
    diag->current = diag->messages.n;
}

void diag_error(Diag *diag, Span span, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    add(diag, (Message){.severity = DIAG_ERROR, .span = span, .text = format_text(diag, format, list)});
    va_end(list);
}

void diag_warning(Diag *diag, const char *flag, Span span, const char *format, ...)
{
    diag->current = 0;
    for (uint32_t k = 0; k < diag->disabled.n; k++)
        if (strcmp(diag->disabled.at[k], flag) == 0)
            return;
    va_list list;
    va_start(list, format);
    Severity severity = diag->warnings_are_errors ? DIAG_ERROR : DIAG_WARNING;
    add(diag, (Message){.severity = severity, .span = span, .flag = flag, .text = format_text(diag, format, list)});
    va_end(list);
}

void diag_note(Diag *diag, Span span, const char *format, ...)
{
    if (diag->current == 0)
        return;
    va_list list;
    va_start(list, format);
    Message note = {.severity = DIAG_NOTE, .span = span, .text = format_text(diag, format, list)};
    va_end(list);
    vec_push(diag->arena, &diag->messages, note);
    Message *main_message = &diag->messages.at[diag->current - 1];
    uint32_t number = diag->messages.n;
    if (main_message->last_note == 0)
        main_message->next_note = number;
    else
        diag->messages.at[main_message->last_note - 1].next_note = number;
    main_message->last_note = number;
}

uint32_t diag_errors(const Diag *diag)
{
    return diag->errors;
}

bool diag_error_span(const Diag *diag, uint32_t k, Span *span)
{
    for (uint32_t n = 0; n < diag->messages.n; n++)
        if (diag->messages.at[n].severity == DIAG_ERROR && k-- == 0) {
            *span = diag->messages.at[n].span;
            return true;
        }
    return false;
}

void diag_set_warnings(Diag *diag, bool as_errors)
{
    diag->warnings_are_errors = as_errors;
}

void diag_disable(Diag *diag, const char *flag)
{
    vec_push(diag->arena, &diag->disabled, flag);
}

/* ---- printing -------------------------------------------------------------------------------- */

static int compare_messages(const void *left, const void *right)
{
    const Message *a = *(const Message *const *)left, *b = *(const Message *const *)right;
    if (a->span.file != b->span.file)
        return a->span.file < b->span.file ? -1 : 1;
    if (a->span.begin != b->span.begin)
        return a->span.begin < b->span.begin ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

/* Errors and warnings in source order; malloc'd, or NULL where there are none. */
static const Message **sorted(const Diag *diag, uint32_t *n)
{
    const Message **list = malloc(array_bytes(diag->messages.n + 1, sizeof *list));
    *n = 0;
    if (list == NULL)
        return NULL;
    for (uint32_t k = diag->printed; k < diag->messages.n; k++)
        if (diag->messages.at[k].severity != DIAG_NOTE)
            list[(*n)++] = &diag->messages.at[k];
    qsort(list, *n, sizeof *list, compare_messages);
    return list;
}

static const Message *next_note(const Diag *diag, const Message *message)
{
    return message->next_note == 0 ? NULL : &diag->messages.at[message->next_note - 1];
}

/* A source line as it is shown: what a terminal would distort is replaced, and every byte knows its column. */
typedef struct {
    Text text;
    uint32_t from, to; /* columns below which the span stands; from == to: between two characters */
    uint32_t begin_byte;
} Shown;

static void show_character(Text *text, uint32_t *column, const char *at, int32_t code, uint32_t length)
{
    char escape[16];
    if (code == '\t') {
        do {
            text_put(text, " ", 1);
        } while (++*column % TAB_WIDTH != 0);
        return;
    }
    int width = code < 0 ? -1 : uc_width((ucs4_t)code, "UTF-8");
    if (width >= 0) {
        text_put(text, at, length);
        *column += (uint32_t)width;
        return;
    }
    int n = code < 0 ? snprintf(escape, sizeof escape, "<%02X>", (unsigned char)*at)
                     : snprintf(escape, sizeof escape, "<U+%04X>", (unsigned)code);
    text_put(text, escape, (size_t)n);
    *column += (uint32_t)n;
}

/* Columns of one byte range of a line; bytes are relative to the line. */
static Shown show_line(const char *line, const char *end, size_t from, size_t to)
{
    Shown shown = {0};
    uint32_t column = 0, length;
    for (const char *at = line; at < end; at += length) {
        if ((size_t)(at - line) <= from) {
            shown.from = column;
            shown.begin_byte = (uint32_t)shown.text.n;
        }
        int32_t code = character(at, end, &length);
        show_character(&shown.text, &column, at, code, length);
        if ((size_t)(at - line) < to)
            shown.to = column;
    }
    if ((size_t)(end - line) <= from) {
        shown.from = column;
        shown.begin_byte = (uint32_t)shown.text.n;
    }
    if (shown.to < shown.from)
        shown.to = shown.from;
    text_put(&shown.text, "", 0);
    return shown;
}

/* Cuts a long line around the span: `... part ...`. Works on characters that were made printable. */
static void clip(Shown *shown)
{
    if (shown->text.n <= LINE_WIDTH)
        return;
    const uint32_t before = LINE_WIDTH / 3;
    const char *text = shown->text.at, *end = text + shown->text.n;
    uint32_t length, column = 0, skipped = 0;
    uint32_t first = shown->from > before ? shown->from - before : 0;
    while (text < end && column < first) {
        int width = uc_width((ucs4_t)character(text, end, &length), "UTF-8");
        column += (uint32_t)(width > 0 ? width : 0);
        text += length;
    }
    skipped = column;
    const char *stop = text;
    while (stop < end && column < skipped + LINE_WIDTH) {
        int width = uc_width((ucs4_t)character(stop, end, &length), "UTF-8");
        column += (uint32_t)(width > 0 ? width : 0);
        stop += length;
    }
    Text clipped = {0};
    const uint32_t lead = skipped > 0 ? 4 : 0;
    text_add(&clipped, "%s%.*s%s", skipped > 0 ? "... " : "", (int)(stop - text), text, stop < end ? " ..." : "");
    shown->from = shown->from - skipped + lead;
    shown->to = (shown->to < column ? shown->to : column) - skipped + lead;
    text_free(&shown->text);
    shown->text = clipped;
}

static void print_excerpt(const Source *source, Span span, FILE *file, bool colour)
{
    uint32_t begin = span.begin > source->length ? (uint32_t)source->length : span.begin;
    uint32_t number = line_of(source, begin), start = source->line.at[number];
    const char *line = source->text + start;
    const char *end = memchr(line, '\n', source->length - start);
    if (end == NULL)
        end = source->text + source->length;
    if (end > line && end[-1] == '\r')
        end--;
    size_t stop = span.end > begin ? span.end - start : begin - start;
    if (stop > (size_t)(end - line))
        stop = (size_t)(end - line); /* of a span over several lines, the first is shown */
    Shown shown = show_line(line, end, begin - start, stop);
    clip(&shown);
    fprintf(file, "%s\n%*s%s^", shown.text.at, (int)shown.from, "", colour ? "\033[1;32m" : "");
    for (uint32_t k = shown.from + 1; k < shown.to; k++)
        fputc('~', file);
    fprintf(file, "%s\n", colour ? "\033[0m" : "");
    text_free(&shown.text);
}

static void print_message(const Diag *diag, const Message *message, FILE *file, bool colour)
{
    const char *bold = colour ? "\033[1m" : "", *plain = colour ? "\033[0m" : "";
    const Source *source = source_of(diag, message->span.file);
    uint32_t line, column;
    diag_position(diag, message->span, &line, &column);
    if (source != NULL)
        fprintf(file, "%s%s:%u:%u:%s ", bold, source->name, line, column, plain);
    else
        fprintf(file, "%sbpc:%s ", bold, plain);
    fprintf(file, "%s%s:%s %s%s", colour ? severity_colour[message->severity] : "",
            severity_name[message->severity], plain, message->severity == DIAG_NOTE ? "" : bold, message->text);
    if (message->flag != NULL)
        fprintf(file, " [-W%s%s]", message->severity == DIAG_ERROR ? "error=" : "", message->flag);
    fprintf(file, "%s\n", plain);
    if (source != NULL)
        print_excerpt(source, message->span, file, colour);
}

static void print_rest(uint32_t n, uint32_t limit, const char *what, FILE *file)
{
    if (n > limit)
        fprintf(file, "bpc: %u more %s%s\n", n - limit, what, n - limit == 1 ? "" : "s");
}

static void all_printed(Diag *diag)
{
    diag->printed = diag->messages.n;
    diag->begun = true;
}

void diag_print(Diag *diag, FILE *file, bool colour)
{
    uint32_t n;
    const Message **list = sorted(diag, &n);
    for (uint32_t k = 0; k < n; k++) {
        print_message(diag, list[k], file, colour);
        for (const Message *note = next_note(diag, list[k]); note != NULL; note = next_note(diag, note))
            print_message(diag, note, file, colour);
    }
    if (n > 0) {
        print_rest(diag->errors, ERROR_LIMIT, "error", file);
        print_rest(diag->warnings, WARNING_LIMIT, "warning", file);
    }
    free(list);
    all_printed(diag);
}

/* ---- JSON -------------------------------------------------------------------------------------- */

static void print_json_string(FILE *file, const char *text)
{
    const char *end = text + strlen(text);
    uint32_t length;
    fputc('"', file);
    for (const char *at = text; at < end; at += length) {
        int32_t code = character(at, end, &length);
        if (code < 0)
            fputs("\\ufffd", file);
        else if (code == '"' || code == '\\')
            fprintf(file, "\\%c", (char)code);
        else if (code < 0x20)
            fprintf(file, "\\u%04x", (unsigned)code);
        else
            fwrite(at, 1, length, file);
    }
    fputc('"', file);
}

static void print_json_place(const Diag *diag, Span span, FILE *file)
{
    uint32_t line, column, end_line, end_column;
    const Source *source = source_of(diag, span.file);
    if (source == NULL)
        return;
    position(source, span.begin, &line, &column);
    position(source, span.end > span.begin ? span.end : span.begin, &end_line, &end_column);
    fputs(", \"file\": ", file);
    print_json_string(file, source->name);
    fprintf(file, ", \"line\": %u, \"column\": %u, \"end_line\": %u, \"end_column\": %u", line, column, end_line, end_column);
}

static void print_json_message(const Diag *diag, const Message *message, FILE *file)
{
    fprintf(file, "{\"severity\": \"%s\"", severity_name[message->severity]);
    print_json_place(diag, message->span, file);
    fputs(", \"message\": ", file);
    print_json_string(file, message->text);
    if (message->flag != NULL) {
        fputs(", \"flag\": ", file);
        print_json_string(file, message->flag);
    }
    if (message->severity != DIAG_NOTE) {
        fputs(", \"notes\": [", file);
        for (const Message *note = next_note(diag, message); note != NULL; note = next_note(diag, note)) {
            print_json_message(diag, note, file);
            if (note->next_note != 0)
                fputs(", ", file);
        }
        fputc(']', file);
    }
    fputc('}', file);
}

void diag_print_json(Diag *diag, FILE *file)
{
    uint32_t n;
    if (diag->begun && diag->printed == diag->messages.n)
        return;
    const Message **list = sorted(diag, &n);
    fputc('[', file);
    for (uint32_t k = 0; k < n; k++) {
        fputs(k == 0 ? "\n" : ",\n", file);
        print_json_message(diag, list[k], file);
    }
    fputs(n == 0 ? "]\n" : "\n]\n", file);
    free(list);
    all_printed(diag);
}

/* ---- guesses ----------------------------------------------------------------------------------- */

enum { LONGEST_GUESS = 63 };

static uint32_t decode(const char *text, int32_t *code)
{
    const char *end = text + strlen(text);
    uint32_t n = 0, length;
    for (; text < end && n <= LONGEST_GUESS; text += length)
        code[n++] = character(text, end, &length);
    return n;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap neighbours) from one to the other: optimal string alignment. */
static uint32_t distance(const int32_t *a, uint32_t n, const int32_t *b, uint32_t m)
{
    uint32_t row[3][LONGEST_GUESS + 2];
    for (uint32_t j = 0; j <= m; j++)
        row[0][j] = j;
    for (uint32_t i = 1; i <= n; i++) {
        uint32_t *here = row[i % 3], *above = row[(i + 2) % 3], *two_above = row[(i + 1) % 3];
        here[0] = i;
        for (uint32_t j = 1; j <= m; j++) {
            here[j] = least(least(above[j], here[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                here[j] = least(here[j], two_above[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

const char *nearest_name(const char *wrong, const char *const *candidates, size_t n)
{
    int32_t a[LONGEST_GUESS + 1], b[LONGEST_GUESS + 1];
    uint32_t length = decode(wrong, a);
    if (length > LONGEST_GUESS)
        return NULL;
    uint32_t best = length / 3 + 1;
    const char *nearest = NULL;
    for (size_t k = 0; k < n; k++) {
        uint32_t other = decode(candidates[k], b);
        if (other > LONGEST_GUESS || (other > length ? other - length : length - other) >= best)
            continue;
        uint32_t edits = distance(a, length, b, other);
        if (edits < best && edits > 0) {
            best = edits;
            nearest = candidates[k];
        }
    }
    return nearest;
}
