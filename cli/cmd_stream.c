/* SPDX-License-Identifier: Apache-2.0 */
/* vgirpc stream: rows of a producer, or answers of an exchange to JSON lines. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "method.h"
#include "params.h"
#include "print.h"
#include "target.h"
#include "text.h"

/* What is being streamed. */
typedef struct run_state {
    const settings *s;
    session on;
    vgi_stream *stream;
    printer printer;
    int64_t left; /* rows that may still be printed */
    vgi_error err;
} run_state;

/* Print a batch; VGI_END once the limit is reached. */
static int show(run_state *r, const vgi_batch *batch)
{
    int rc = printer_batch(&r->printer, batch, r->left, &r->err);

    if (rc != VGI_OK || !r->s->limit)
        return rc;
    if (vgi_batch_rows(batch) < r->left) {
        r->left -= vgi_batch_rows(batch);
        return VGI_OK;
    }
    rc = vgi_stream_cancel(r->stream, &r->err);
    return rc == VGI_OK ? VGI_END : rc;
}

static int produce(run_state *r)
{
    const vgi_batch *batch;
    int rc;

    while ((rc = vgi_stream_next(r->stream, &batch, &r->err)) == VGI_OK) {
        rc = show(r, batch);
        if (rc != VGI_OK)
            break;
    }
    return rc == VGI_END ? VGI_OK : rc;
}

/* ---- exchanges ---- */

typedef struct input {
    FILE *file;
    const char *name;
    vgi_arena mem;
    text line;
    size_t number; /* of the line */
    vgi_schema *schema;
} input;

static int input_failed(const input *in, vgi_error *err)
{
    const vgi_error cause = *err;
    const int n = snprintf(err->message, sizeof(err->message), "%s line %zu: %s",
                           in->name, in->number, cause.message);

    return n < 0 ? VGI_EINTERNAL : err->code;
}

static bool next_line(input *in)
{
    while (text_line(&in->line, in->file)) {
        in->number++;
        if (in->line.len > 0)
            return true;
    }
    return false;
}

/* The next line as a batch; VGI_END after the last. */
static int next_input(input *in, const settings *s, vgi_batch **out, vgi_error *err)
{
    int rc = VGI_OK;

    if (!next_line(in))
        return VGI_END;
    if (!in->schema && s->schema)
        rc = schema_from_words(&in->schema, s->schema, err);
    else if (!in->schema)
        rc = schema_from_json(&in->schema, text_str(&in->line), &in->mem, err);
    if (rc != VGI_OK)
        return rc;
    rc = vgi_batch_from_json(out, in->schema, text_str(&in->line), err);
    return rc == VGI_OK ? rc : input_failed(in, err);
}

static int exchange_lines(run_state *r, input *in)
{
    const vgi_batch *answer;
    vgi_batch *batch = NULL;
    int rc;

    while ((rc = next_input(in, r->s, &batch, &r->err)) == VGI_OK) {
        rc = vgi_stream_exchange(r->stream, batch, &answer, &r->err);
        vgi_batch_unref(batch);
        if (rc == VGI_OK)
            rc = show(r, answer);
        if (rc != VGI_OK)
            break;
    }
    return rc == VGI_END ? VGI_OK : rc;
}

static int exchange(run_state *r)
{
    const bool from_stdin = strcmp(r->s->input, "-") == 0;
    input in = { .file = stdin, .name = from_stdin ? "stdin" : r->s->input };
    int rc;

    in.line.mem = &in.mem;
    if (!from_stdin && !(in.file = fopen(in.name, "r"))) {
        (void)snprintf(r->err.message, sizeof(r->err.message), "%s: %s", in.name,
                       strerror(errno));
        return r->err.code = VGI_EINVAL;
    }
    rc = exchange_lines(r, &in);
    if (!from_stdin)
        (void)fclose(in.file);
    vgi_schema_unref(in.schema);
    vgi_arena_free(&in.mem);
    return rc;
}

/* ---- the command ---- */

static int show_header(run_state *r)
{
    const vgi_batch *header = vgi_stream_header(r->stream);
    printer p;
    int rc;

    if (!r->s->print_header || !header)
        return VGI_OK;
    printer_init(&p, r->s->format == FORMAT_ARROW ? FORMAT_JSON : r->s->format);
    rc = printer_batch(&p, header, INT64_MAX, &r->err);
    if (p.format == FORMAT_TABLE)
        (void)putchar('\n');
    return printer_end(&p, &r->err) == VGI_OK ? rc : VGI_EIO;
}

/* What the description says against the options. */
static const char *misuse(const vgi_method_info *m, const settings *s)
{
    if (!m)
        return NULL;
    if (!m->is_stream)
        return "is no stream: use vgirpc call";
    if (m->kind_known && m->kind == VGI_METHOD_EXCHANGE && !s->input)
        return "is an exchange: give it --input";
    if (m->kind_known && m->kind == VGI_METHOD_PRODUCER && s->input)
        return "is a producer: it takes no --input";
    return NULL;
}

static int stream(run_state *r, const char *method)
{
    const vgi_stream_options options = {
        .size = sizeof(options),
        .has_header = r->on.method && r->on.method->has_header,
        .exchange = r->s->input != NULL,
    };
    int rc = vgi_client_stream_batch(&r->stream, r->on.client, method, r->on.params,
                                     &options, &r->err);

    if (rc == VGI_OK)
        rc = show_header(r);
    if (rc == VGI_OK)
        rc = r->s->input ? exchange(r) : produce(r);
    if (printer_end(&r->printer, rc == VGI_OK ? &r->err : &(vgi_error){ 0 }) != VGI_OK &&
        rc == VGI_OK)
        rc = VGI_EIO;
    if (rc != VGI_OK)
        (void)tell_error(r->on.client, &r->err, r->s);
    vgi_stream_close(r->stream);
    return rc == VGI_OK ? EXIT_OK : EXIT_FAILED;
}

static int run(const settings *s, int argc, char **argv)
{
    run_state r = { .s = s, .left = s->limit ? (int64_t)s->limit : INT64_MAX };
    const char *wrong;
    int rc = session_open(&r.on, s, argc, argv);

    if (rc == EXIT_OK && (wrong = misuse(r.on.method, s))) {
        (void)fprintf(stderr, "error: %s %s\n", argv[1], wrong);
        rc = EXIT_USAGE;
    } else if (rc == EXIT_OK) {
        printer_init(&r.printer, s->format);
        rc = stream(&r, argv[1]);
    }
    session_close(&r.on);
    return rc;
}

static const option options[] = {
    { 0, "json", OPTION_TEXT, offsetof(settings, json), "OBJECT",
      "parameters as JSON; @FILE or - reads them" },
    { 0, "input", OPTION_TEXT, offsetof(settings, input), "FILE",
      "exchange: JSON lines to send, - for stdin" },
    { 0, "schema", OPTION_TEXT, offsetof(settings, schema), "COLUMNS",
      "types of the input, \"x:float64,name:string\" (default: as its first line "
      "looks)" },
    { 0, "limit", OPTION_COUNT, offsetof(settings, limit), "ROWS",
      "stop the stream after so many rows" },
    { 0, "header", OPTION_FLAG, offsetof(settings, print_header), NULL,
      "print the stream's header first" },
    { 0 }
};

const command stream_command = {
    .name = "stream",
    .operands = "stream TARGET METHOD [NAME=VALUE ...] [OPTIONS]",
    .summary = "open a stream and print its rows",
    .description =
        "Opens a producer stream and prints its rows, or an exchange stream and\n"
        "prints the answer to each line of --input.\n"
        "\n"
        "Exit status: 0 done, 1 the stream failed, 2 wrong usage.",
    .examples = "  vgirpc stream exec:./streams count_up count=3\n"
                "  vgirpc stream exec:./streams count_up count=1000000 --limit 5\n"
                "  echo '{\"value\": 1.5}' | vgirpc stream exec:./streams scale factor=2 "
                "--input -\n"
                "  vgirpc stream unix:/run/s.sock count_up count=9 --format arrow > "
                "rows.arrows\n",
    .options = options,
    .min_operands = 2,
    .max_operands = -1,
    .run = run,
};
