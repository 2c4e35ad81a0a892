/* SPDX-License-Identifier: Apache-2.0 */
/* What a record is, for the files of this layer. */
#ifndef VGI_TYPES_RECORD_IMPL_H
#define VGI_TYPES_RECORD_IMPL_H

#include <stdatomic.h>

#include "types/bind.h"
#include "types/plan.h"

typedef struct vgi__encoder vgi__encoder; /* encode.h */

struct vgi__record {
    const vgi_allocator *allocator;
    const vgi_type *type;
    vgi__role role;
    vgi_limits limits; /* effective */
    vgi__slot *slots;
    uint32_t n_slots;
    vgi_schema *schema;
    vgi__scratch scratch; /* of the slots */
    _Atomic(vgi__encoder *)
        encoder;                  /* a spare one, or NULL: the only part that changes */
    _Atomic(vgi_batch *) decoder; /* likewise, to decode embedded streams into */
    vgi__record *blobs, *next;    /* records of embedded structs */
};

#endif
