/* SPDX-License-Identifier: Apache-2.0 */
#include "print.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "text.h"

#define EOS_BYTES 8 /* of an IPC stream's end */
#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS "\xe2\x80\xa6"

/* ---- foreign text ---- */

/* The length of the character at `p`; a byte that begins none counts as one. */
static size_t char_bytes(const char *p, size_t n)
{
    const size_t len = text_char(p, n);

    return len > 0 ? len : 1;
}

size_t text_width(vgi_str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; count++)
        i += char_bytes(s.data + i, s.len - i);
    return count;
}

/* C0, DEL and C1 controls. */
static bool is_control(const char *p, size_t n)
{
    const unsigned char c = (unsigned char)p[0];

    return c < 0x20 || c == 0x7f || (n == 2 && c == 0xc2 && (unsigned char)p[1] < 0xa0);
}

size_t print_plain(FILE *to, vgi_str s, size_t width)
{
    const bool cut = width > 0 && text_width(s) > width;
    const size_t last = cut ? width - 1 : SIZE_MAX;
    size_t count = 0;

    for (size_t i = 0; i < s.len && count < last; count++) {
        const size_t n = char_bytes(s.data + i, s.len - i);
        if (is_control(s.data + i, n))
            (void)fputc(' ', to);
        else if (!text_char(s.data + i, n))
            (void)fputs(REPLACEMENT, to);
        else
            (void)fwrite(s.data + i, 1, n, to);
        i += n;
    }
    if (cut) {
        (void)fputs(ELLIPSIS, to);
        count++;
    }
    return count;
}

void print_lines(FILE *to, vgi_str s)
{
    while (s.len) {
        const char *end = memchr(s.data, '\n', s.len);
        const size_t n = end ? (size_t)(end - s.data) : s.len;
        (void)fputs("  ", to);
        print_plain(to, (vgi_str){ s.data, n }, 0);
        (void)fputc('\n', to);
        s.data += end ? n + 1 : n;
        s.len -= end ? n + 1 : n;
    }
}

/* ---- JSON lines and Arrow ---- */

static int print_json(printer *p, const vgi_batch *b, int64_t rows, vgi_error *err)
{
    for (int64_t r = 0; r < rows; r++) {
        vgi_str json;
        int rc = vgi_batch_row_json(b, r, &p->mem, &json, err);
        if (rc != VGI_OK)
            return rc;
        (void)fwrite(json.data, 1, json.len, stdout);
        (void)putchar('\n');
        vgi_arena_reset(&p->mem);
    }
    return VGI_OK;
}

/* Each batch is encoded as a stream of its own; all but the first lose their schema, and
 * all their end. */
static int print_arrow(printer *p, const vgi_batch *b, vgi_error *err)
{
    const size_t schema_bytes = vgi_schema_message(vgi_batch_schema(b)).len;
    vgi_bytes bytes;
    size_t skip;
    int rc = vgi_batch_encode(b, NULL, &p->mem, &bytes, err);

    if (rc != VGI_OK)
        return rc;
    skip = p->arrow_open ? schema_bytes : 0;
    p->arrow_open = true;
    (void)fwrite(bytes.data + skip, 1, bytes.len - skip - EOS_BYTES, stdout);
    return VGI_OK;
}

/* ---- printers ---- */

void printer_init(printer *p, output_format chosen)
{
    const bool tty = isatty(STDOUT_FILENO);
    struct winsize size;

    memset(p, 0, sizeof(*p));
    p->format = chosen;
    if (chosen == FORMAT_AUTO)
        p->format = tty ? FORMAT_TABLE : FORMAT_JSON;
    if (tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        p->terminal = size.ws_col;
}

static int check_stdout(vgi_error *err)
{
    if (!ferror(stdout))
        return VGI_OK;
    err->code = VGI_EIO;
    err->message[0] = '\0'; /* whoever closed it has seen enough */
    return VGI_EIO;
}

int printer_batch(printer *p, const vgi_batch *batch, int64_t limit, vgi_error *err)
{
    int64_t rows = vgi_batch_rows(batch);
    int rc;

    if (rows > limit)
        rows = limit;
    if (p->format == FORMAT_ARROW)
        rc = print_arrow(p, batch, err);
    else if (p->format == FORMAT_JSON)
        rc = print_json(p, batch, rows, err);
    else
        rc = print_table(p, batch, rows, err);
    vgi_arena_reset(&p->mem);
    return rc == VGI_OK ? check_stdout(err) : rc;
}

/* The batch inside a result that is a one-row IPC stream; NULL: it is none. Owned. */
static vgi_batch *embedded(const vgi_batch *b)
{
    static const uint8_t continuation[] = { 0xff, 0xff, 0xff, 0xff };
    vgi_batch *inner = NULL;
    vgi_bytes bytes;

    if (vgi_batch_rows(b) != 1 || vgi_batch_bytes(b, "result", 0, &bytes) != VGI_OK ||
        bytes.len < sizeof(continuation) ||
        memcmp(bytes.data, continuation, sizeof(continuation)) != 0)
        return NULL;
    return vgi_batch_decode(&inner, bytes, NULL) == VGI_OK ? inner : NULL;
}

int printer_result(printer *p, const vgi_batch *batch, vgi_error *err)
{
    vgi_batch *inner;
    int rc;

    if (!batch) {
        if (p->format == FORMAT_JSON)
            (void)puts("{}");
        return check_stdout(err);
    }
    inner = p->format == FORMAT_ARROW ? NULL : embedded(batch);
    if (!inner)
        return printer_batch(p, batch, INT64_MAX, err);
    if (p->format == FORMAT_JSON && vgi_batch_rows(inner) == 1) {
        vgi_str json;
        rc = vgi_batch_row_json(inner, 0, &p->mem, &json, err);
        if (rc == VGI_OK)
            (void)printf("{\"result\":%.*s}\n", (int)json.len, json.data);
    } else {
        rc = printer_batch(p, inner, INT64_MAX, err);
    }
    vgi_batch_unref(inner);
    return rc == VGI_OK ? check_stdout(err) : rc;
}

int printer_end(printer *p, vgi_error *err)
{
    static const uint8_t eos[EOS_BYTES] = { 0xff, 0xff, 0xff, 0xff };

    if (p->arrow_open)
        (void)fwrite(eos, 1, sizeof(eos), stdout);
    (void)fflush(stdout);
    vgi_arena_free(&p->mem);
    vgi_arena_free(&p->kept);
    return check_stdout(err);
}
