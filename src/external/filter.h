/* SPDX-License-Identifier: Apache-2.0 */
/* External locations as clients use them; servers know only their vgi__filter_source. */
#ifndef VGI_EXTERNAL_FILTER_H
#define VGI_EXTERNAL_FILTER_H

#include <vgirpc/external.h>

#include "wire/batch_filter.h"

/* Who gets the logs of an object, and its exception in place of data. */
typedef struct vgi__external_client {
    int (*log)(void *user, const vgi_batch *b, vgi_error *err);
    void *user;
} vgi__external_client;

/* Resolving for a client. `external` NULL: *out is NULL. */
int vgi__external_filter_new(vgi__batch_filter **out, const vgi_external *external,
                             const vgi__external_client *client, const vgi_limits *limits,
                             const vgi_allocator *a, vgi_error *err);
/* Upload to a URL that a server has made, which is checked as those that are fetched. */
int vgi__external_put(const vgi_external *external, const char *url,
                      const struct iovec *iov, size_t n, vgi_error *err);
/* May a URL be fetched? */
int vgi__external_check(const vgi_external *external, const char *url, vgi_error *err);

#endif
