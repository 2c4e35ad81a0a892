/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in: sorting the batches of an answer into data, logs and failures. */
#include "client/connection.h"

#include "base/fail.h"
#include "wire/wire.h"

int vgi__client_lost(vgi_client *c, int rc, const vgi_error *err)
{
    if (rc == VGI_EREMOTE && err && !c->failure.set)
        vgi__failure_note(&c->failure, err);
    if (rc < 0 && err && c->channel->broken && c->lost.code == VGI_OK)
        c->lost = *err;
    return rc;
}

int vgi__answer_begin(vgi_client *c, const vgi_schema **schema, vgi_error *err)
{
    return vgi__client_lost(c, c->channel->ops->begin(c->channel, schema, err), err);
}

static vgi_str text_or(const vgi_metadata *m, const char *key, vgi_str fallback)
{
    vgi_metadata_get(m, key, &fallback);
    return fallback;
}

int vgi__answer_log(void *client, const vgi_batch *b, vgi_error *err)
{
    vgi_client *c = client;
    const vgi_metadata m = vgi_batch_metadata(b);
    vgi_log_record record = {
        .size = sizeof(record),
        .level = vgi__level_parse(text_or(&m, VGI_KEY_LOG_LEVEL, VGI_LIT(""))),
        .message = text_or(&m, VGI_KEY_LOG_MESSAGE, VGI_LIT("")),
        .extra = text_or(&m, VGI_KEY_LOG_EXTRA, VGI_LIT("{}")),
        .server_id = text_or(&m, VGI_KEY_SERVER_ID, VGI_LIT("")),
        .request_id = text_or(&m, VGI_KEY_REQUEST_ID, VGI_LIT("")),
    };

    if (++c->logs > c->max_logs) {
        c->channel->ops->abandon(c->channel);
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "the server sent more than %llu log records in one answer",
                         (unsigned long long)c->max_logs);
    }
    if (record.level == 0) /* a level of a later version */
        record.level = VGI_LOG_INFO;
    if (c->on_log)
        c->on_log(c->user, &record);
    return VGI_OK;
}

static int raise_failure(vgi_client *c, const vgi_batch *b, vgi_error *err)
{
    int rc = vgi__failure_keep(&c->failure, b, err);

    /* That the exception was read counts more than how its stream ends. */
    (void)vgi__answer_drain(c, NULL);
    return rc;
}

/* The next batch; of a pointer, what it points to. */
static int next_resolved(vgi_client *c, vgi_batch *b, vgi_error *err)
{
    int rc = c->channel->ops->next(c->channel, b, err);

    return rc == VGI_OK && c->external ? c->external->resolve(c->external, b, err) : rc;
}

int vgi__answer_next(vgi_client *c, vgi_batch *b, vgi_error *err)
{
    for (;;) {
        int rc = next_resolved(c, b, err);

        if (rc != VGI_OK)
            return vgi__client_lost(c, rc, err);
        switch (vgi__batch_classify(b)) {
        case VGI__BATCH_DATA:
            return VGI_OK;
        case VGI__BATCH_LOG:
            rc = vgi__answer_log(c, b, err);
            if (rc != VGI_OK)
                return vgi__client_lost(c, rc, err);
            break;
        case VGI__BATCH_ERROR:
            return raise_failure(c, b, err);
        case VGI__BATCH_LOCATION:
        case VGI__BATCH_SHM:
            return vgi__fail(err, VGI_ENOTSUP, NULL,
                             "the server sent a pointer to data that lies elsewhere, "
                             "and this client has nothing to follow it with");
        }
    }
}

int vgi__answer_drain(vgi_client *c, vgi_error *err)
{
    vgi_error cause = { 0 };
    int rc = VGI_OK;

    for (int i = 0; i < VGI__DRAIN_BATCHES && rc != VGI_END && !c->channel->broken; i++)
        rc = c->channel->ops->next(c->channel, &c->skipped, &cause);
    vgi__batch_clear(&c->skipped);
    if (rc == VGI_END)
        return VGI_OK;
    if (!c->channel->broken) {
        c->channel->ops->abandon(c->channel);
        rc = vgi__fail(&cause, VGI_EPROTO, NULL,
                       "the server's answer does not end: %d batches were dropped",
                       VGI__DRAIN_BATCHES);
    }
    if (err)
        *err = cause;
    return vgi__client_lost(c, rc, &cause);
}
