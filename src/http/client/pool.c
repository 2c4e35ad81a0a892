/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client/pool.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"

/* More idle connections than this are closed. */
#define KEPT 16

struct vgi__transfer_pool {
    vgi__transfer_options options;
    char *ca_file;
    pthread_mutex_t lock; /* of what follows */
    vgi__transfer *idle[KEPT];
    size_t n_idle;
};

int vgi__transfer_pool_new(vgi__transfer_pool **out, const vgi__transfer_options *options,
                           vgi_error *err)
{
    const vgi_allocator *a = options->allocator;
    vgi__transfer_pool *p = vgi__calloc(a, 1, sizeof(*p));

    if (!p)
        return vgi__fail_nomem(err);
    p->options = *options;
    if (options->ca_file) {
        p->ca_file = vgi__strndup(a, options->ca_file, strlen(options->ca_file));
        p->options.ca_file = p->ca_file;
    }
    if ((options->ca_file && !p->ca_file) || pthread_mutex_init(&p->lock, NULL) != 0) {
        vgi__free(a, p->ca_file);
        vgi__free(a, p);
        return vgi__fail_nomem(err);
    }
    *out = p;
    return VGI_OK;
}

void vgi__transfer_pool_free(vgi__transfer_pool *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n_idle; i++)
        vgi__transfer_free(p->idle[i]);
    pthread_mutex_destroy(&p->lock);
    vgi__free(p->options.allocator, p->ca_file);
    vgi__free(p->options.allocator, p);
}

int vgi__transfer_pool_take(vgi__transfer_pool *p, vgi__transfer **out, vgi_error *err)
{
    *out = NULL;
    pthread_mutex_lock(&p->lock);
    if (p->n_idle > 0)
        *out = p->idle[--p->n_idle];
    pthread_mutex_unlock(&p->lock);
    return *out ? VGI_OK : vgi__transfer_new(out, &p->options, err);
}

void vgi__transfer_pool_give(vgi__transfer_pool *p, vgi__transfer *t)
{
    pthread_mutex_lock(&p->lock);
    if (p->n_idle < KEPT) {
        p->idle[p->n_idle++] = t;
        t = NULL;
    }
    pthread_mutex_unlock(&p->lock);
    vgi__transfer_free(t);
}
