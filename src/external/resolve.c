/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: from a pointer to its batch.
 *
 * The object is read twice where it has logs: once to find its batch and to know that
 * all of it is sound, and then, when nothing is going to be tried again, for the logs.
 *
 * The batch that comes of it has the metadata of the object's. The pointer's stay
 * readable as long as the batch is: a request's routing keys are in them.
 */
#include <stdio.h>
#include <string.h>

#include "arrow/reader.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/openssl/digest.h"
#include "external/external.h"
#include "wire/wire.h"

struct vgi__resolver {
    vgi_external *external;
    const vgi_allocator *allocator;
    vgi__reader *reader;
    vgi_batch batch; /* the one that was read last */
};

int vgi__resolver_new(vgi__resolver **out, vgi_external *x, const vgi_limits *limits,
                      const vgi_allocator *a, vgi_error *err)
{
    vgi__resolver *r = vgi__calloc(a, 1, sizeof(*r));

    if (!r)
        return vgi__fail_nomem(err);
    r->external = x;
    r->allocator = a;
    vgi__batch_init(&r->batch, a);
    int rc = vgi__reader_new(&r->reader, NULL, limits, a, err);
    if (rc != VGI_OK) {
        vgi__resolver_free(r);
        return rc;
    }
    *out = r;
    return VGI_OK;
}

void vgi__resolver_free(vgi__resolver *r)
{
    if (!r)
        return;
    vgi__batch_free(&r->batch);
    vgi__reader_free(r->reader);
    vgi__free(r->allocator, r);
}

/* ---- the object's stream ---- */

/* A pointer being resolved. */
typedef struct pointer {
    char *url;        /* NUL-terminated, owned */
    vgi_str location; /* the same, in the metadata */
    bool has_digest;
    uint8_t digest[32];
    const vgi_schema *schema; /* expected */
    bool client;              /* an exception may take its place */
} pointer;

static int begin(vgi__resolver *r, const pointer *p, const vgi__object *o, vgi_error *err)
{
    char name[VGI_ECHO_SIZE];
    const vgi_schema *schema;
    int rc;

    if (!o->block)
        return vgi__fail(err, VGI_EPROTO, NULL, "%s: the object is empty",
                         vgi__external_name(name, p->url));
    vgi__reader_feed(r->reader, o->block, o->len);
    rc = vgi__reader_begin(r->reader, &schema, err);
    if (rc == VGI_END)
        rc = vgi__fail(err, VGI_EPROTO, NULL, "%s: the object is no Arrow stream",
                       vgi__external_name(name, p->url));
    if (rc == VGI_OK && !vgi_schema_equal(schema, p->schema))
        rc = vgi__fail(err, VGI_ESCHEMA, "ValueError",
                       "%s: the object's schema is not that of the pointer",
                       vgi__external_name(name, p->url));
    return rc;
}

static int refuse(const pointer *p, const char *what, vgi_error *err)
{
    char name[VGI_ECHO_SIZE];

    return vgi__fail(err, VGI_ESCHEMA, "RuntimeError", "%s: the object %s",
                     vgi__external_name(name, p->url), what);
}

static int refuse_exception(const vgi_batch *b, vgi_error *err)
{
    char echo[VGI_ECHO_SIZE];
    vgi_str message = { NULL, 0 };

    (void)vgi_metadata_get(&b->metadata, VGI_KEY_LOG_MESSAGE, &message);
    return vgi__fail(err, VGI_ESCHEMA, "RuntimeError",
                     "an external object holds an exception: %s",
                     vgi__echo(echo, message));
}

/* Read on to the end; the data goes to `found`. VGI_ESCHEMA and VGI_ELIMIT would be the
 * same the next time. */
static int find_batch(vgi__resolver *r, const pointer *p, vgi_batch *found, bool *logs,
                      vgi_error *err)
{
    vgi_batch *next = found;
    int rc;

    *logs = false;
    while ((rc = vgi__reader_next(r->reader, next, err)) == VGI_OK) {
        if (vgi_metadata_get(&next->metadata, VGI_KEY_LOCATION, NULL))
            return refuse(p, "is a pointer itself", err);
        switch (vgi__batch_classify(next)) {
        case VGI__BATCH_LOG:
            *logs = true;
            break;
        case VGI__BATCH_ERROR:
            if (!p->client)
                return refuse_exception(next, err);
            if (next != found) {
                vgi_batch exception = *next;

                *next = *found;
                *found = exception;
            }
            return VGI_OK;
        default:
            if (next != found)
                return refuse(p, "has more than one data batch", err);
            next = &r->batch;
        }
    }
    if (rc != VGI_END)
        return rc;
    return next == found ? refuse(p, "has no data batch", err) : VGI_OK;
}

/* Its logs to the client, up to the exception if there is one. */
static int deliver_logs(vgi__resolver *r, const pointer *p, const vgi__object *o,
                        const vgi__external_client *client, vgi_error *err)
{
    int rc = begin(r, p, o, err);

    while (rc == VGI_OK && (rc = vgi__reader_next(r->reader, &r->batch, err)) == VGI_OK) {
        const vgi__batch_class kind = vgi__batch_classify(&r->batch);

        if (kind == VGI__BATCH_ERROR)
            return VGI_OK;
        if (kind == VGI__BATCH_LOG)
            rc = client->log(client->user, &r->batch, err);
    }
    return rc == VGI_END ? VGI_OK : rc;
}

/* ---- attempts ---- */

static int verify(const pointer *p, const vgi__object *o, vgi_error *err)
{
    const struct iovec all = { o->block ? o->block->data : NULL, o->len };
    char name[VGI_ECHO_SIZE], expected[65] = "", actual[65] = "";
    uint8_t digest[32];
    int rc;

    if (!p->has_digest)
        return VGI_OK;
    if ((rc = vgi__digest_sha256(&all, o->len > 0, digest, err)) != VGI_OK)
        return rc;
    if (memcmp(digest, p->digest, sizeof(digest)) == 0)
        return VGI_OK;
    vgi__hex(expected, p->digest, sizeof(digest));
    vgi__hex(actual, digest, sizeof(digest));
    return vgi__fail(err, VGI_ESCHEMA, "RuntimeError",
                     "SHA-256 checksum mismatch for %s: expected %s, got %s",
                     vgi__external_name(name, p->url), expected, actual);
}

/* The object, and whether it has logs; its batch is `found`. */
typedef struct finding {
    vgi__object object;
    vgi_batch *found;
    bool logs;
} finding;

static int attempt_once(vgi__resolver *r, vgi__attempt *attempt, const pointer *p,
                        finding *f, vgi_error *err)
{
    vgi__object *o = &f->object;
    int rc = vgi__external_fetch(attempt, p->url, o, err);

    if (rc != VGI_OK)
        return rc;
    rc = verify(p, o, err);
    if (rc == VGI_OK)
        rc = begin(r, p, o, err);
    if (rc == VGI_OK)
        rc = find_batch(r, p, f->found, &f->logs, err);
    /* Bytes with the right digest are what was uploaded: no other will come. */
    attempt->final =
        p->has_digest || rc == VGI_ESCHEMA || rc == VGI_ELIMIT || rc == VGI_ENOMEM;
    if (rc != VGI_OK) {
        vgi__batch_clear(f->found);
        vgi__block_unref(o->block);
        o->block = NULL;
    }
    return rc;
}

static int resolve(vgi__resolver *r, const pointer *p, vgi_batch *found,
                   const vgi__external_client *client, vgi_error *err)
{
    vgi__attempt attempt = vgi__attempt_first(r->external);
    finding f = { .found = found };
    int rc;

    do
        rc = attempt_once(r, &attempt, p, &f, err);
    while (rc != VGI_OK && vgi__attempt_next(&attempt));
    if (rc == VGI_OK && f.logs && client)
        rc = deliver_logs(r, p, &f.object, client, err);
    vgi__batch_clear(&r->batch);
    vgi__reader_feed(r->reader, NULL, 0);
    vgi__block_unref(f.object.block);
    return rc;
}

/* ---- metadata ---- */

/* A text, and what must stay as long as it. */
typedef struct note {
    vgi__block block; /* first */
    char text[24];
} note;

static void free_note(vgi__block *b)
{
    vgi__block_unref(b->owner);
    vgi__free(b->allocator, b);
}

static note *new_note(const vgi_allocator *a, vgi__block *owner)
{
    note *n = vgi__calloc(a, 1, sizeof(*n));

    if (!n)
        return NULL;
    atomic_init(&n->block.refs, 1);
    n->block.data = (uint8_t *)n->text;
    n->block.size = sizeof(n->text);
    n->block.release = free_note;
    n->block.allocator = a;
    n->block.owner = vgi__block_ref(owner);
    return n;
}

/* Say where the batch came from. */
static int annotate(vgi_batch *b, note *n, vgi_str location, uint64_t ns, vgi_error *err)
{
    vgi__array_store *s = &b->store;
    const size_t count = b->metadata.count;

    if (!vgi__grow(b->allocator, (void **)&s->pairs, &s->pairs_cap, count + 2,
                   sizeof(*s->pairs)))
        return vgi__fail_nomem(err);
    (void)snprintf(n->text, sizeof(n->text), "%.1f", (double)ns / 1e6);
    s->pairs[count] =
        (vgi_pair){ VGI_LIT(VGI_KEY_LOCATION_FETCH_MS), vgi_str_from(n->text) };
    s->pairs[count + 1] = (vgi_pair){ VGI_LIT(VGI_KEY_LOCATION_SOURCE), location };
    b->metadata = (vgi_metadata){ s->pairs, count + 2 };
    return VGI_OK;
}

/* ---- pointers ---- */

static int read_pointer(pointer *p, const vgi_batch *b, vgi_error *err)
{
    char echo[VGI_ECHO_SIZE];
    vgi_str digest;

    (void)vgi_metadata_get(&b->metadata, VGI_KEY_LOCATION, &p->location);
    p->has_digest = vgi_metadata_get(&b->metadata, VGI_KEY_LOCATION_SHA256, &digest);
    if (p->has_digest && (digest.len != 64 || !vgi__unhex(p->digest, digest.data, 64)))
        return vgi__fail(err, VGI_EPROTO, "ValueError",
                         "'" VGI_KEY_LOCATION_SHA256 "' is '%s', which is no SHA-256",
                         vgi__echo(echo, digest));
    if (p->location.len == 0 || memchr(p->location.data, '\0', p->location.len))
        return vgi__fail(err, VGI_EPROTO, "ValueError",
                         "'" VGI_KEY_LOCATION "' is no URL");
    p->schema = b->schema;
    p->url = vgi__strndup(NULL, p->location.data, p->location.len);
    return p->url ? VGI_OK : vgi__fail_nomem(err);
}

/* `found` in place of the pointer in `b`. */
static int replace(vgi_batch *b, vgi_batch *found, const pointer *p, uint64_t ns,
                   vgi_error *err)
{
    note *n = new_note(b->allocator, b->meta ? b->meta : b->body);
    int rc = n ? annotate(found, n, p->location, ns, err) : vgi__fail_nomem(err);

    if (rc != VGI_OK) {
        if (n)
            vgi__block_unref(&n->block);
        return rc;
    }
    vgi_batch old = *b;
    *b = *found;
    b->meta = &n->block;
    b->sink = old.sink;
    b->heap = old.heap;
    old.heap = false;
    *found = old;
    return VGI_OK;
}

int vgi__resolve(vgi__resolver *r, vgi_batch *b, const vgi__external_client *client,
                 vgi_error *err)
{
    vgi_external *x = r->external;
    const uint64_t began = vgi__clock_ns();
    pointer p = { .client = client != NULL };
    vgi_batch found;
    int rc;

    if (vgi__batch_classify(b) != VGI__BATCH_LOCATION)
        return VGI_OK;
    vgi__batch_init(&found, b->allocator);
    if ((rc = read_pointer(&p, b, err)) == VGI_OK)
        rc = resolve(r, &p, &found, client, err);
    const uint64_t ns = vgi__clock_ns() - began;
    if (rc == VGI_OK)
        rc = replace(b, &found, &p, ns, err);
    vgi__batch_free(&found);
    vgi__free(NULL, p.url);
    atomic_fetch_add(rc == VGI_OK ? &x->fetches : &x->fetch_failures, 1);
    atomic_fetch_add(&x->fetch_ns, ns);
    return rc == VGI_ENOTFOUND ? VGI_EIO : rc;
}
