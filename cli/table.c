/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: aligned columns, or one line per column where they do not fit on the terminal.
 */
#include <string.h>

#include "print.h"

#define GAP 2       /* between columns */
#define MIN_WIDTH 4 /* to which a column may be cut */

static bool is_number(const char *type)
{
    return strchr("csilCSILefg", type[0]) ? !type[1] : type[0] == 'd';
}

static void pad(size_t n)
{
    for (; n > 0; n--)
        (void)putchar(' ');
}

/* ---- widths ---- */

/* Take from the widest column until the line fits; false: it cannot. */
static bool fit(size_t *widths, size_t n, size_t terminal)
{
    for (;;) {
        size_t total = (n - 1) * GAP, widest = 0;
        for (size_t c = 0; c < n; c++) {
            total += widths[c];
            if (widths[c] > widths[widest])
                widest = c;
        }
        if (total <= terminal)
            return true;
        if (widths[widest] <= MIN_WIDTH)
            return false;
        const size_t over = total - terminal;
        const size_t room = widths[widest] - MIN_WIDTH;
        /* Not all at once: the second widest may have to give as well. */
        widths[widest] -= room < over ? (room + 1) / 2 : (over + 1) / 2;
    }
}

/* The widths that names and cells need. */
static int measure(printer *p, const vgi_batch *b, int64_t rows, vgi_error *err)
{
    const vgi_schema *schema = vgi_batch_schema(b);
    const size_t n = vgi_schema_columns(schema);

    for (size_t c = 0; c < n; c++)
        p->widths[c] = text_width(vgi_str_from(vgi_schema_name(schema, c)));
    for (int64_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < n; c++) {
            vgi_str cell;
            int rc = vgi_batch_cell_text(b, r, c, &p->mem, &cell, err);
            if (rc != VGI_OK)
                return rc;
            if (text_width(cell) > p->widths[c])
                p->widths[c] = text_width(cell);
        }
        vgi_arena_reset(&p->mem);
    }
    return VGI_OK;
}

/* Choose the form of the table by its first batch. */
static int lay_out(printer *p, const vgi_batch *b, int64_t rows, vgi_error *err)
{
    const size_t n = vgi_schema_columns(vgi_batch_schema(b));
    int rc;

    p->widths = vgi_arena_calloc(&p->kept, n, sizeof(*p->widths));
    if (!p->widths) {
        (void)snprintf(err->message, sizeof(err->message), "out of memory");
        return err->code = VGI_ENOMEM;
    }
    rc = measure(p, b, rows, err);
    if (rc == VGI_OK && p->terminal)
        p->upright = !fit(p->widths, n, p->terminal);
    return rc;
}

/* ---- aligned columns ---- */

/* One cell; the last column is not padded on the right. */
static void print_cell(const printer *p, vgi_str cell, size_t column, bool last,
                       bool right)
{
    const size_t width = p->widths[column];
    size_t used = text_width(cell);

    used = used > width && p->terminal ? width : used;
    if (right && used < width)
        pad(width - used);
    used = print_plain(stdout, cell, p->terminal ? width : 0);
    if (!last)
        pad((right || used >= width ? 0 : width - used) + GAP);
}

static void print_heading(const printer *p, const vgi_schema *schema)
{
    const size_t n = vgi_schema_columns(schema);

    for (size_t c = 0; c < n; c++)
        print_cell(p, vgi_str_from(vgi_schema_name(schema, c)), c, c + 1 == n,
                   is_number(vgi_schema_format(schema, c)));
    (void)putchar('\n');
    for (size_t c = 0; c < n; c++) {
        for (size_t i = 0; i < p->widths[c]; i++)
            (void)putchar('-');
        pad(c + 1 < n ? GAP : 0);
    }
    (void)putchar('\n');
}

static int print_row(printer *p, const vgi_batch *b, int64_t row, vgi_error *err)
{
    const vgi_schema *schema = vgi_batch_schema(b);
    const size_t n = vgi_schema_columns(schema);

    for (size_t c = 0; c < n; c++) {
        vgi_str cell;
        int rc = vgi_batch_cell_text(b, row, c, &p->mem, &cell, err);
        if (rc != VGI_OK)
            return rc;
        print_cell(p, cell, c, c + 1 == n, is_number(vgi_schema_format(schema, c)));
    }
    (void)putchar('\n');
    return VGI_OK;
}

/* ---- one line per column ---- */

static int print_upright(printer *p, const vgi_batch *b, int64_t row, vgi_error *err)
{
    const vgi_schema *schema = vgi_batch_schema(b);
    const size_t n = vgi_schema_columns(schema);
    size_t widest = 0;

    for (size_t c = 0; c < n; c++) {
        const size_t width = text_width(vgi_str_from(vgi_schema_name(schema, c)));
        widest = width > widest ? width : widest;
    }
    for (size_t c = 0; c < n; c++) {
        vgi_str cell;
        int rc = vgi_batch_cell_text(b, row, c, &p->mem, &cell, err);
        if (rc != VGI_OK)
            return rc;
        const size_t used =
            print_plain(stdout, vgi_str_from(vgi_schema_name(schema, c)), 0);
        pad(widest - used + GAP);
        print_plain(stdout, cell,
                    p->terminal > widest + GAP ? p->terminal - widest - GAP : 0);
        (void)putchar('\n');
    }
    (void)putchar('\n');
    return VGI_OK;
}

int print_table(printer *p, const vgi_batch *b, int64_t rows, vgi_error *err)
{
    const vgi_schema *schema = vgi_batch_schema(b);
    int rc = VGI_OK;

    if (vgi_schema_columns(schema) == 0)
        return VGI_OK;
    if (!p->widths) {
        rc = lay_out(p, b, rows, err);
        if (rc == VGI_OK && !p->upright)
            print_heading(p, schema);
    }
    for (int64_t r = 0; r < rows && rc == VGI_OK; r++) {
        rc = p->upright ? print_upright(p, b, r, err) : print_row(p, b, r, err);
        vgi_arena_reset(&p->mem);
    }
    return rc;
}
