/* SPDX-License-Identifier: Apache-2.0 */
/* Transfers that are all set up alike, kept with their connections for whoever comes
 * next. Any thread. */
#ifndef VGI_HTTP_CLIENT_POOL_H
#define VGI_HTTP_CLIENT_POOL_H

#include "http/client/transfer.h"

typedef struct vgi__transfer_pool vgi__transfer_pool;

/* The options are copied, with their texts. */
int vgi__transfer_pool_new(vgi__transfer_pool **out, const vgi__transfer_options *options,
                           vgi_error *err);
/* When all have been given back. NULL is ignored. */
void vgi__transfer_pool_free(vgi__transfer_pool *p);
int vgi__transfer_pool_take(vgi__transfer_pool *p, vgi__transfer **out, vgi_error *err);
void vgi__transfer_pool_give(vgi__transfer_pool *p, vgi__transfer *t);

#endif
