/* SPDX-License-Identifier: Apache-2.0 */
/* A store in memory: what tests upload to. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "external/external.h"

#define SCHEME "memory:"

typedef struct object {
    vgi__block *block;
    size_t len;
    vgi__coding coding;
} object;

typedef struct memory {
    pthread_mutex_t lock;
    object *objects; /* the URL is the index */
    size_t n, cap;
} memory;

static int make_url(vgi_arena *mem, size_t n, vgi_str *url, vgi_error *err)
{
    char *text = vgi_arena_alloc(mem, sizeof(SCHEME) + 20);

    if (!text)
        return vgi__fail_nomem(err);
    (void)snprintf(text, sizeof(SCHEME) + 20, SCHEME "%zu", n);
    *url = vgi_str_from(text);
    return VGI_OK;
}

/* Keep an object, or a place for one when `block` is NULL. */
static int add(memory *m, object o, size_t *index, vgi_error *err)
{
    int rc = VGI_OK;

    pthread_mutex_lock(&m->lock);
    *index = m->n;
    if (vgi__grow(NULL, (void **)&m->objects, &m->cap, m->n + 1, sizeof(*m->objects)))
        m->objects[m->n++] = o;
    else
        rc = vgi__fail_nomem(err);
    pthread_mutex_unlock(&m->lock);
    return rc;
}

static int upload(void *user, const vgi_storage_object *given, vgi_arena *mem,
                  vgi_str *url, vgi_error *err)
{
    object o = { .block = vgi__block_new(NULL, given->data.len),
                 .len = given->data.len,
                 .coding = given->content_encoding
                               ? vgi__coding_parse(vgi_str_from(given->content_encoding))
                               : VGI__CODING_IDENTITY };
    size_t index;
    int rc;

    if (!o.block)
        return vgi__fail_nomem(err);
    if (o.len > 0)
        memcpy(o.block->data, given->data.data, o.len);
    rc = add(user, o, &index, err);
    if (rc != VGI_OK)
        vgi__block_unref(o.block);
    return rc == VGI_OK ? make_url(mem, index, url, err) : rc;
}

static void close_memory(void *user)
{
    memory *m = user;

    for (size_t i = 0; i < m->n; i++)
        vgi__block_unref(m->objects[i].block);
    vgi__free(NULL, m->objects);
    pthread_mutex_destroy(&m->lock);
    vgi__free(NULL, m);
}

int vgi_memory_storage(vgi_storage *out, vgi_error *err)
{
    memory *m = vgi__calloc(NULL, 1, sizeof(*m));

    if (!m)
        return vgi__fail_nomem(err);
    pthread_mutex_init(&m->lock, NULL);
    *out = (vgi_storage){
        .size = sizeof(*out), .upload = upload, .close = close_memory, .user = m
    };
    return VGI_OK;
}

static bool find(memory *m, size_t index, object *o)
{
    pthread_mutex_lock(&m->lock);
    const bool found = index < m->n;
    if (found) {
        *o = m->objects[index];
        vgi__block_ref(o->block);
    }
    pthread_mutex_unlock(&m->lock);
    return found;
}

static int decode(const vgi_external *x, object *o, vgi__object *out, vgi_error *err)
{
    int rc;

    *out = (vgi__object){ o->block, o->len };
    if (o->coding == VGI__CODING_IDENTITY)
        return VGI_OK;
    *out = (vgi__object){ NULL, 0 };
    rc = vgi__coding_decode(o->coding, o->block->data, o->len,
                            (size_t)x->options.max_decompressed_bytes, NULL, &out->block,
                            &out->len, err);
    vgi__block_unref(o->block);
    return rc;
}

int vgi__memory_fetch(const vgi_external *x, const char *url, vgi__object *out,
                      vgi_error *err)
{
    const size_t scheme = sizeof(SCHEME) - 1;
    uint64_t index;
    object o;

    if (x->storage.upload != upload || strncmp(url, SCHEME, scheme) != 0)
        return VGI_END;
    if (!vgi__parse_u64(vgi_str_from(url + scheme), &index) ||
        !find(x->storage.user, (size_t)index, &o))
        return vgi__fail(err, VGI_ENOTFOUND, "RuntimeError",
                         "there is no such object in memory");
    return decode(x, &o, out, err);
}
