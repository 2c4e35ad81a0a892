/* SPDX-License-Identifier: Apache-2.0 */
/* Logs for the client: written at once where a stream is open, else kept until one is. */
#include <string.h>

#include "base/fail.h"
#include "rpc/call.h"

#define SPILL_BYTES (64 << 10)

static int write_log(vgi_call *c, vgi_log_level level, vgi_str message,
                     const vgi_metadata *extra, vgi_error *err)
{
    const vgi__origin from = {
        .server_id = c->registry->server_id,
        /* The reference's turns leave the id out. */
        .request_id = c->phase == VGI__PHASE_TURN ? NULL : vgi_call_request_id(c),
        .limits = &c->options->limits,
        .scratch = &c->scratch,
    };

    return vgi__write_log(c->writer, level, message, extra, &from, err);
}

static int copy_pairs(vgi_call *c, vgi__kept_log *log, const vgi_pair *pairs, size_t n)
{
    vgi_pair *copy = vgi_arena_calloc(&c->arena, n, sizeof(*copy));

    if (!copy)
        return VGI_ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (vgi_str_copy(c, &copy[i].key, pairs[i].key) != VGI_OK ||
            vgi_str_copy(c, &copy[i].value, pairs[i].value) != VGI_OK)
            return VGI_ENOMEM;
    log->extra = copy;
    log->n_extra = n;
    return VGI_OK;
}

static int keep_log(vgi_call *c, vgi_log_level level, vgi_str message,
                    const vgi_metadata *extra)
{
    vgi__kept_log *log = vgi_arena_calloc(&c->arena, 1, sizeof(*log));

    if (!log || vgi_str_copy(c, &log->message, message) != VGI_OK ||
        copy_pairs(c, log, extra->pairs, extra->count) != VGI_OK)
        return VGI_ENOMEM;
    log->level = level;
    *c->logs_end = log;
    c->logs_end = &log->next;
    return VGI_OK;
}

int vgi__call_write_kept_logs(vgi_call *c, vgi_error *err)
{
    int rc = VGI_OK;

    for (const vgi__kept_log *log = c->logs; log && rc == VGI_OK; log = log->next)
        rc = write_log(c, log->level, log->message,
                       &(vgi_metadata){ log->extra, log->n_extra }, err);
    c->logs = NULL;
    c->logs_end = &c->logs;
    return rc;
}

int vgi_log_with(vgi_call *call, vgi_log_level level, vgi_str message,
                 const vgi_pair *extra, size_t count)
{
    const vgi_metadata pairs = { extra, count };

    if (level < VGI_LOG_TRACE || level > VGI_LOG_ERROR)
        return vgi__fail(&call->sink, VGI_EINVAL, "ValueError", "unknown log level %d",
                         level);
    if (call->phase == VGI__PHASE_OPEN || call->output.waiting)
        return keep_log(call, level, message, &pairs);

    vgi__writer_mark mark = vgi__writer_mark_here(call->writer);
    if (write_log(call, level, message, &pairs, NULL) != VGI_OK) {
        vgi__writer_rewind(call->writer, mark);
        return VGI_ENOMEM;
    }
    /* Who has the answer's data may take the turn for over. */
    if (call->spill && !call->output.emitted &&
        vgi__writer_pending(call->writer) > SPILL_BYTES) {
        (void)call->spill(call,
                          call->spill_user); /* a broken stream shows at the next flush */
        call->turn_begin = vgi__writer_mark_here(call->writer);
    }
    return VGI_OK;
}

int vgi_log(vgi_call *call, vgi_log_level level, const char *fmt, ...)
{
    vgi_str text;
    va_list ap;

    va_start(ap, fmt);
    int rc = vgi__call_format(call, &text, fmt, ap);
    va_end(ap);
    return rc == VGI_OK ? vgi_log_with(call, level, text, NULL, 0) : rc;
}
