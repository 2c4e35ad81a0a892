/* SPDX-License-Identifier: Apache-2.0 */
/* The hosted services: adding them, and finding them and their methods by name. */
#include "rpc/registry.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/random.h"
#include "base/text.h"
#include "base/utf8.h"
#include "rpc/method.h"

#define SERVER_ID_BYTES 255

/* The options of any caller, also of one compiled against an older, shorter struct. */
static int copy_options(vgi__registry *r, const vgi_server_options *given, vgi_error *err)
{
    vgi_server_options *o = &r->options;
    size_t size = given ? given->size : 0;

    if (given && size < sizeof(size))
        return vgi__fail(
            err, VGI_EINVAL, "ValueError",
            "server options have size %zu: set .size = sizeof(vgi_server_options)", size);
    memcpy(o, given ? (const void *)given : "", size < sizeof(*o) ? size : sizeof(*o));
    o->size = sizeof(*o);
    o->limits = vgi_limits_effective(&o->limits);
    o->server_version = o->server_version ? o->server_version : "";
    if ((unsigned)o->compat > VGI_COMPAT_SEED_ONLY)
        return vgi__fail(err, VGI_EINVAL, "ValueError", "unknown compat option %d",
                         o->compat);
    return VGI_OK;
}

static int copy_server_id(vgi__registry *r, vgi_error *err)
{
    const vgi_allocator *a = r->options.allocator;
    const char *given = r->options.server_id;
    uint8_t random[6];
    char id[2 * sizeof(random) + 1];

    if (given &&
        (strlen(given) > SERVER_ID_BYTES || !vgi__utf8_valid(given, strlen(given))))
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "the server id is not at most %d bytes of UTF-8",
                         SERVER_ID_BYTES);
    if (!given) {
        vgi__random_bytes(random, sizeof(random));
        vgi__hex(id, random, sizeof(random));
        id[sizeof(id) - 1] = '\0';
        given = id;
    }
    r->server_id = vgi__strndup(a, given, strlen(given));
    r->options.server_id = r->server_id;
    return r->server_id ? VGI_OK : vgi__fail_nomem(err);
}

static int copy_hooks(vgi__registry *r, vgi_error *err)
{
    const vgi_dispatch_hook *given = r->options.hooks;
    size_t n = r->options.n_hooks;
    vgi_dispatch_hook *copy;

    r->options.hooks = NULL; /* until there is a copy: nothing of the caller's is freed */
    if (n == 0)
        return VGI_OK;
    if (!given)
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "the options count %zu hooks but name none", n);
    copy = vgi__calloc(r->options.allocator, n, sizeof(*copy));
    if (!copy)
        return vgi__fail_nomem(err);
    memcpy(copy, given, n * sizeof(*copy));
    r->options.hooks = copy;
    return VGI_OK;
}

int vgi__registry_new(vgi__registry **out, const vgi_server_options *options,
                      vgi_error *err)
{
    const vgi_allocator *a = options ? options->allocator : NULL;
    vgi__registry *r = vgi__calloc(a, 1, sizeof(*r));
    int rc;

    if (!r)
        return vgi__fail_nomem(err);
    rc = copy_options(r, options, err);
    if (rc == VGI_OK)
        rc = copy_hooks(r, err);
    if (rc == VGI_OK)
        rc = copy_server_id(r, err);
    if (rc != VGI_OK) {
        vgi__registry_free(r);
        return rc;
    }
    *out = r;
    return VGI_OK;
}

void vgi__registry_free(vgi__registry *r)
{
    if (!r)
        return;
    const vgi_allocator *a = r->options.allocator;

    for (size_t i = 0; i < r->n_services; i++)
        vgi__service_free(r->services[i], a);
    vgi__free(a, r->services);
    vgi__free(a, r->server_id);
    vgi__free(a, (void *)(uintptr_t)r->options.hooks);
    vgi__free(a, r);
}

int vgi__registry_add(vgi__registry *r, const vgi_service *service, vgi_error *err)
{
    const vgi_allocator *a = r->options.allocator;
    vgi__service *s;
    int rc;

    if (!vgi__grow(a, (void **)&r->services, &r->services_cap, r->n_services + 1,
                   sizeof(*r->services)))
        return vgi__fail_nomem(err);
    if ((rc = vgi__service_compile(&s, service, &r->options, err)) != VGI_OK)
        return rc;
    if (vgi__registry_find(r, vgi_str_from(s->def.name)))
        rc = vgi__fail(err, VGI_EINVAL, "ValueError", "service '%s' is already hosted",
                       s->def.name);
    if (rc != VGI_OK) {
        vgi__service_free(s, a);
        return rc;
    }
    for (size_t i = 0; i < s->n_methods; i++)
        s->methods[i].index = r->n_methods + (uint32_t)i;
    r->services[r->n_services++] = s;
    r->n_methods += (uint32_t)s->n_methods;
    return VGI_OK;
}

vgi__service *vgi__registry_find(const vgi__registry *r, vgi_str service)
{
    for (size_t i = 0; i < r->n_services; i++)
        if (vgi_str_eq(service, r->services[i]->def.name))
            return r->services[i];
    return NULL;
}

const vgi__method *vgi__service_find(const vgi__service *s, vgi_str method)
{
    size_t mask = s->n_buckets - 1;

    for (size_t at = vgi__name_hash(method) & mask; s->buckets[at] != 0;
         at = (at + 1) & mask) {
        const vgi__method *m = &s->methods[s->buckets[at] - 1];

        if (m->name_len == method.len && memcmp(m->name, method.data, method.len) == 0)
            return m;
    }
    return NULL;
}

const vgi_server_options *vgi__registry_options(const vgi__registry *r)
{
    return &r->options;
}

const char *vgi__registry_server_id(const vgi__registry *r)
{
    return r->server_id;
}

static const vgi__introspection *introspection(const vgi__registry *r, const char *name)
{
    vgi__service *s = vgi__registry_find(r, vgi_str_from(name));

    return s && vgi__introspect(r, s, NULL) == VGI_OK ? &s->introspection : NULL;
}

const char *vgi__registry_describe_hash(const vgi__registry *r, const char *service)
{
    const vgi__introspection *d = introspection(r, service);

    return d ? d->describe_hash : NULL;
}

const char *vgi__registry_protocol_hash(const vgi__registry *r, const char *service)
{
    const vgi__introspection *d = introspection(r, service);

    return d ? d->protocol_hash : NULL;
}
