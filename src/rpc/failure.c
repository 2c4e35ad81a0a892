/* SPDX-License-Identifier: Apache-2.0 */
/* What a call says when it fails: kept with it until there is a place to write it. */
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "rpc/call.h"

#define KIND_BYTES 255

/* A copy in the call's arena; NULL stays NULL, and so does what finds no memory. */
static const char *keep(vgi_call *c, const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = vgi_arena_alloc(&c->arena, size);

    if (copy)
        memcpy(copy, text, size);
    return copy;
}

/* The arena is full or memory is gone: the type and the status text are what is left. */
static int keep_nomem(vgi_call *c)
{
    (void)vgi__fail_nomem(&c->sink);
    c->failed = true;
    c->failure = (vgi_failure){ .size = sizeof(c->failure),
                                .type = c->sink.type,
                                .message = c->sink.message };
    return VGI_EREMOTE;
}

static int keep_failure(vgi_call *c, const vgi_failure *f)
{
    const vgi_failure kept = { .size = sizeof(kept),
                               .type = keep(c, f->type),
                               .message = keep(c, f->message),
                               .code = keep(c, f->code),
                               .kind = keep(c, f->kind),
                               .details = keep(c, f->details) };

    if (f->message && !kept.message)
        return keep_nomem(c);
    c->failed = true;
    c->failure = kept;
    return VGI_EREMOTE;
}

static int keep_formatted(vgi_call *c, const vgi_failure *what, const char *fmt,
                          va_list ap)
{
    vgi_failure f = *what;

    vgi__buffer_clear(&c->text);
    vgi__buffer_vprintf(&c->text, fmt, ap);
    vgi__buffer_char(&c->text, '\0');
    if (c->text.failed)
        return keep_nomem(c);
    f.message = (const char *)c->text.data;
    return keep_failure(c, &f);
}

int vgi__call_refuse(vgi_call *c, const vgi_failure *what, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int rc = keep_formatted(c, what, fmt, ap);
    va_end(ap);
    return rc;
}

int vgi__call_fail_error(vgi_call *c, const vgi_error *e)
{
    const vgi_failure f = { .type = e->type, .message = e->message };

    return keep_failure(c, &f);
}

int vgi__call_fail_status(vgi_call *c, int status)
{
    vgi_error e;

    if (c->failed)
        return VGI_EREMOTE; /* vgi_fail has said it */
    if (c->sink.code == status || (c->sink.code != VGI_OK && status == VGI_EREMOTE))
        return vgi__call_fail_error(c, &c->sink);
    (void)vgi__fail(&e, status, NULL, "%s returned %s (%s)", c->method->where,
                    vgi_status_name(status), vgi_status_text(status));
    return vgi__call_fail_error(c, &e);
}

int vgi__call_write_failure(vgi_call *c, vgi_error *err)
{
    const vgi__origin from = { .server_id = c->registry->server_id,
                               .request_id = vgi_call_request_id(c),
                               .tracebacks = !c->options->no_tracebacks,
                               .limits = &c->options->limits,
                               .scratch = &c->scratch };

    return vgi__write_exception(c->writer, &c->failure,
                                c->method ? c->method->where : NULL, &from, err);
}

int vgi_fail(vgi_call *call, const char *type, const char *fmt, ...)
{
    const vgi_failure what = { .type = type };
    va_list ap;

    va_start(ap, fmt);
    int rc = keep_formatted(call, &what, fmt, ap);
    va_end(ap);
    return rc;
}

int vgi_fail_with(vgi_call *call, const vgi_failure *failure)
{
    vgi_failure f = { .size = sizeof(f) };
    bool valid = true;

    memcpy(&f, failure, failure->size < sizeof(f) ? failure->size : sizeof(f));
    if (f.code && !vgi__code_valid(f.code)) {
        f.code = NULL;
        valid = false;
    }
    if (f.kind &&
        (strlen(f.kind) > KIND_BYTES || !vgi__utf8_valid(f.kind, strlen(f.kind))))
        f.kind = NULL;
    if (f.details && !vgi__details_valid(f.details)) {
        f.details = NULL;
        valid = false;
    }
    int rc = keep_failure(call, &f);
    return valid ? rc : VGI_EINVAL;
}
