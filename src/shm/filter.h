/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared memory as the batch filter of a server's byte-stream connection.
 *
 * A request that names a segment attaches it; one is kept per connection, so that later
 * requests can do with pointers alone. Answers of a request go out as pointers if it
 * named a segment or was a pointer itself: nobody else looks for them.
 */
#ifndef VGI_SHM_FILTER_H
#define VGI_SHM_FILTER_H

#include <sys/types.h>

#include "wire/batch_filter.h"

/* `owner`: the user whose segments may be named; NULL: any that can be opened. A server
 * may be able to open what its client is not. */
int vgi__shm_filter_new(vgi__batch_filter **out, const uid_t *owner,
                        const vgi_limits *limits, const vgi_allocator *a, vgi_error *err);
void vgi__shm_filter_free(vgi__batch_filter *f); /* NULL is ignored */

#endif
