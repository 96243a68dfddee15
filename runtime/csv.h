/* csv.h - private: comma-separated text cut into cells (RFC 4180). */
#ifndef BP_CSV_H
#define BP_CSV_H

#include "call.h"

/* Rows of equally many cells.  Cells are strings inside `text`, unquoted, with blanks around them removed. */
typedef struct {
    char *text;
    char **cell;              /* [rows * columns] */
    int64_t *line;            /* [rows] the line each begins on, from 1 */
    int64_t rows, columns;
} bp_csv;

/* Cut `size` bytes into cells: quotes, CRLF, blank lines and a byte-order mark are understood.  BP_E_FORMAT with a
 * message "file:line: …" for an open quote, a zero byte, or rows of different lengths; bp_csv_free in any case. */
int bp_csv_parse(bp_csv *csv, const char *file, const char *text, size_t size, bp_error *error);
void bp_csv_free(bp_csv *csv);

/* Whether a cell is a number and nothing else; nan and inf are. */
bool bp_csv_number(const char *cell, double *value);

#endif
