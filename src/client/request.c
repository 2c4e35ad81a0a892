/* SPDX-License-Identifier: Apache-2.0 */
/* What goes out: the metadata of a request, and described structs as its parameters. */
#include "client/connection.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "client/shm.h"
#include "wire/wire.h"

int vgi__client_ready(vgi_client *c, vgi_error *err)
{
    vgi__failure_clear(&c->failure);
    if (c->stream)
        return vgi__fail(err, VGI_EINVAL, NULL,
                         "a stream is open on this client: close it first");
    if (c->channel->broken)
        return vgi__fail(err, VGI_ECLOSED, NULL, "the connection was lost: %s",
                         c->lost.message[0] ? c->lost.message : "unknown cause");
    return vgi__client_share(c, err);
}

static vgi_pair pair_of(const char *key, const char *value)
{
    return (vgi_pair){ vgi_str_from(key), vgi_str_from(value) };
}

static const char *protocol_of(const vgi_client *c, const vgi__target *target)
{
    if (target->plain)
        return NULL;
    return target->protocol ? target->protocol : c->protocol;
}

/* The routing keys of a request, then what the caller adds. */
static int request_metadata(vgi_client *c, const vgi__target *target,
                            const vgi_metadata *extra, vgi_metadata *out, vgi_error *err)
{
    const char *protocol = protocol_of(c, target);
    size_t n = 0;

    if (!vgi__grow(c->allocator, (void **)&c->pairs, &c->pairs_cap, extra->count + 6,
                   sizeof(*c->pairs)))
        return vgi__fail_nomem(err);
    c->pairs[n++] = pair_of(VGI_KEY_METHOD, target->method);
    c->pairs[n++] = pair_of(VGI_KEY_REQUEST_VERSION, VGI_REQUEST_VERSION);
    if (protocol)
        c->pairs[n++] = pair_of(VGI_KEY_PROTOCOL, protocol);
    if (c->protocol_version && !target->protocol && !target->plain)
        c->pairs[n++] = pair_of(VGI_KEY_PROTOCOL_VERSION, c->protocol_version);
    if (vgi__client_shm_on(c->shm)) {
        c->pairs[n++] = (vgi_pair){ VGI_LIT(VGI_KEY_SHM_SEGMENT_NAME),
                                    vgi__shm_name(vgi__shm_port_segment(c->shm->port)) };
        c->pairs[n++] = (vgi_pair){ VGI_LIT(VGI_KEY_SHM_SEGMENT_SIZE),
                                    { c->shm->size, c->shm->size_len } };
    }
    if (extra->count)
        memcpy(c->pairs + n, extra->pairs, extra->count * sizeof(*c->pairs));
    *out = (vgi_metadata){ c->pairs, n + extra->count };
    return VGI_OK;
}

int vgi__client_request(vgi_client *c, const vgi__target *target, bool stream,
                        const vgi__payload *params, vgi_error *err)
{
    vgi__outgoing out = { .method = target->method,
                          .protocol = protocol_of(c, target),
                          .stream = stream,
                          .schema = params->schema ? params->schema : vgi__schema_empty(),
                          .array = params->array };
    int rc = request_metadata(c, target, &params->extra, &out.metadata, err);

    c->logs = 0;
    if (rc == VGI_OK)
        rc = c->channel->ops->request(c->channel, &out, err);
    return vgi__client_lost(c, rc, err);
}

vgi__payload vgi__payload_of(const vgi_batch *params)
{
    if (!params)
        return (vgi__payload){ 0 };
    return (vgi__payload){ vgi_batch_schema(params), vgi_batch_array(params),
                           vgi_batch_metadata(params) };
}

int vgi__client_compile(vgi_client *c, const vgi_type *type, vgi__role role,
                        vgi__compiled **out, vgi_error *err)
{
    vgi__record *record = NULL;
    vgi__compiled *slot;
    int rc;

    if (!type)
        return vgi__fail(err, VGI_EINVAL, NULL, "the type descriptor is NULL");
    for (size_t i = 0; i < VGI__RECORD_CACHE; i++) {
        slot = &c->compiled[i];
        if (slot->type == type && slot->role == role) {
            *out = slot;
            return VGI_OK;
        }
    }
    rc = vgi__record_compile(&record, type, role, type->name ? type->name : "type",
                             &c->limits, c->allocator, err);
    if (rc != VGI_OK)
        return rc;
    slot = &c->compiled[c->next_compiled];
    c->next_compiled = (c->next_compiled + 1) % VGI__RECORD_CACHE;
    vgi__builder_free(slot->builder);
    vgi__record_free(slot->record);
    *slot = (vgi__compiled){ .record = record, .type = type, .role = role };
    *out = slot;
    return VGI_OK;
}

int vgi__client_params(vgi_client *c, const vgi_type *type, const void *in,
                       vgi__payload *params, vgi_error *err)
{
    vgi__compiled *compiled = NULL;
    struct ArrowArray *array = NULL;
    int rc = vgi__client_compile(c, type, VGI__ROLE_PARAMS, &compiled, err);

    if (rc != VGI_OK)
        return rc;
    params->schema = vgi__record_schema(compiled->record);
    if (vgi_schema_columns(params->schema) == 0)
        return VGI_OK;
    if (!in)
        return vgi__fail(err, VGI_EINVAL, NULL,
                         "the parameters are NULL, but %s has fields",
                         type->name ? type->name : "their type");
    if (!compiled->builder)
        rc = vgi__builder_new(&compiled->builder, params->schema, &c->limits,
                              c->allocator, err);
    if (rc != VGI_OK)
        return rc;
    vgi__builder_reset(compiled->builder);
    rc = vgi__record_append(compiled->record, in, compiled->builder, err);
    if (rc == VGI_OK)
        rc = vgi__builder_finish(compiled->builder, 1, &array, err);
    params->array = array;
    return rc;
}
