/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptions: made by one of two introspections, sorted, and looked up by name. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "client/connection.h"

const char *vgi__description_str(vgi_description *d, vgi_str text)
{
    char *copy = vgi_arena_alloc(&d->mem, text.len + 1);

    if (!copy)
        return NULL;
    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return copy;
}

int vgi__description_reserve(vgi_description *d, size_t n_methods, vgi_error *err)
{
    d->methods = vgi_arena_calloc(&d->mem, n_methods, sizeof(*d->methods));
    return d->methods ? VGI_OK : vgi__fail_nomem(err);
}

static int decode_schema(const vgi_schema **out, vgi_bytes message,
                         const vgi__described *m, vgi_error *err)
{
    char echo[VGI_ECHO_SIZE];
    vgi_schema *schema = NULL;
    vgi_error cause;
    int rc;

    if (message.len == 0) {
        *out = vgi__schema_empty();
        return VGI_OK;
    }
    rc = vgi_schema_decode(&schema, message, &cause);
    if (rc != VGI_OK)
        return vgi__fail(err, rc, NULL, "a schema of method %s: %s",
                         vgi__echo(echo, m->name), cause.message);
    *out = schema;
    return VGI_OK;
}

/* What the kind of a stream is, as far as it is stated. */
static void set_kind(vgi_method_info *info, const vgi__described *m)
{
    info->is_stream = vgi_str_eq(m->method_type, "stream");
    info->kind_known = true;
    if (!info->is_stream)
        info->kind = VGI_METHOD_UNARY;
    else if (vgi_str_eq(m->stream_kind, "exchange"))
        info->kind = VGI_METHOD_EXCHANGE;
    else {
        info->kind = VGI_METHOD_PRODUCER;
        info->kind_known = vgi_str_eq(m->stream_kind, "producer");
    }
}

int vgi__description_add(vgi_description *d, const vgi__described *m, vgi_error *err)
{
    vgi_method_info *info = &d->methods[d->n_methods];
    int rc;

    *info = (vgi_method_info){ .size = sizeof(*info),
                               .has_return = m->has_return,
                               .has_header = m->has_header };
    info->name = vgi__description_str(d, m->name);
    if (!info->name)
        return vgi__fail_nomem(err);
    set_kind(info, m);
    d->n_methods++; /* from here on its schemas are released with the description */
    rc = decode_schema(&info->params, m->params, m, err);
    if (rc == VGI_OK)
        rc = decode_schema(&info->result, m->result, m, err);
    if (rc == VGI_OK && m->has_header)
        rc = decode_schema(&info->header, m->header, m, err);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const vgi_method_info *)a)->name, ((const vgi_method_info *)b)->name);
}

/* A server of the seed epoch knows neither the protocol nor its methods. */
static bool without_reflection(const vgi_client *c)
{
    const vgi_remote_failure *f = vgi_client_failure(c);

    return f && (vgi_str_eq(f->type, "AttributeError") ||
                 vgi_str_eq(f->code, "UNIMPLEMENTED"));
}

static int describe(vgi_client *c, vgi_description *d, vgi_error *err)
{
    if (c->channel->seed_only && c->routing != VGI__ROUTING_NAMED)
        return vgi__describe_seed(c, d, err);

    int rc = vgi__describe_reflection(c, d, err);
    if (rc != VGI_EREMOTE || !without_reflection(c))
        return rc;
    vgi__failure_clear(&c->failure);
    return vgi__describe_seed(c, d, err);
}

int vgi_client_describe(vgi_client *client, vgi_description **out, vgi_error *err)
{
    vgi_description *d;
    vgi_error local;
    int rc;

    err = err ? err : &local;
    rc = vgi__client_ready(client, err);
    if (rc != VGI_OK)
        return rc;
    d = vgi__calloc(client->allocator, 1, sizeof(*d));
    if (!d)
        return vgi__fail_nomem(err);
    d->allocator = client->allocator;
    d->mem.allocator = client->allocator;
    d->protocol_version = "";
    rc = describe(client, d, err);
    if (rc != VGI_OK) {
        vgi_description_free(d);
        return rc;
    }
    qsort(d->methods, d->n_methods, sizeof(*d->methods), by_name);
    *out = d;
    return VGI_OK;
}

const char *vgi_description_name(const vgi_description *description)
{
    return description->name;
}

const char *vgi_description_protocol_version(const vgi_description *description)
{
    return description->protocol_version;
}

const char *vgi_description_hash(const vgi_description *description)
{
    return description->hash;
}

const char *vgi_description_server_id(const vgi_description *description)
{
    return description->server_id;
}

const char *vgi_description_version(const vgi_description *description)
{
    return description->version;
}

size_t vgi_description_methods(const vgi_description *description)
{
    return description->n_methods;
}

const vgi_method_info *vgi_description_method(const vgi_description *description,
                                              size_t index)
{
    return index < description->n_methods ? &description->methods[index] : NULL;
}

const vgi_method_info *vgi_description_find(const vgi_description *description,
                                            const char *name)
{
    const vgi_method_info key = { .name = name };

    return bsearch(&key, description->methods, description->n_methods,
                   sizeof(*description->methods), by_name);
}

void vgi_description_free(vgi_description *description)
{
    if (!description)
        return;
    for (size_t i = 0; i < description->n_methods; i++) {
        const vgi_method_info *info = &description->methods[i];
        vgi_schema_unref((vgi_schema *)(uintptr_t)info->params);
        vgi_schema_unref((vgi_schema *)(uintptr_t)info->result);
        vgi_schema_unref((vgi_schema *)(uintptr_t)info->header);
    }
    vgi_arena_free(&description->mem);
    vgi__free(description->allocator, description);
}
