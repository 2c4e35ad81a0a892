/* SPDX-License-Identifier: Apache-2.0 */
/* Batches as a table, as JSON lines or as an Arrow stream on stdout. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <stdio.h>

#include <vgirpc/vgirpc.h>

#include "options.h"

typedef struct printer {
    output_format format;
    vgi_arena mem;   /* of one row */
    vgi_arena kept;  /* widths */
    size_t *widths;  /* table: of the columns; NULL before the first batch */
    bool upright;    /* table: a line for each column, because they do not fit */
    size_t terminal; /* columns of it; 0: do not cut */
    bool arrow_open; /* arrow: the schema was written */
} printer;

void printer_init(printer *p, output_format chosen);
/* At most `limit` rows. VGI_OK, VGI_EIO when stdout is gone, VGI_ENOMEM. */
int printer_batch(printer *p, const vgi_batch *batch, int64_t limit, vgi_error *err);
/* The answer of a unary call; an embedded one-row stream is shown as what it holds. NULL:
 * void. */
int printer_result(printer *p, const vgi_batch *batch, vgi_error *err);
int printer_end(printer *p, vgi_error *err); /* and free */

/* The table form of printer_batch (table.c). */
int print_table(printer *p, const vgi_batch *b, int64_t rows, vgi_error *err);

size_t text_width(vgi_str s); /* characters */
/* Foreign text on one line, without what could steer a terminal. width > 0: cut to that
 * many characters. Returns the characters written. */
size_t print_plain(FILE *to, vgi_str s, size_t width);
void print_lines(FILE *to, vgi_str s); /* the same line by line, indented */

#endif
