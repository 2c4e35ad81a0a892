/* SPDX-License-Identifier: Apache-2.0 */
/* Make a batch fit another schema: columns matched by name, safely cast where types
 * differ. */
#ifndef VGI_ARROW_CAST_H
#define VGI_ARROW_CAST_H

#include "arrow/batch.h"

typedef struct vgi__caster vgi__caster; /* reusable memory of the conversions */

int vgi__caster_new(vgi__caster **out, const vgi_limits *limits, const vgi_allocator *a,
                    vgi_error *err);
void vgi__caster_free(vgi__caster *c);

typedef enum vgi__cast_mode {
    VGI__CAST_SAME_NAMES, /* stream input: the name sets must be equal */
    VGI__CAST_PROJECT     /* stream output: further columns are dropped */
} vgi__cast_mode;

/* *out is `in` itself (no work) when schemas are equal, else a batch owned by the caster,
 * valid until its next use or the end of `in`, sharing columns that need no conversion
 * and the metadata. SAME_NAMES: whatever is wrong, names, types or values, is
 * VGI_ESCHEMA, a TypeError "Input schema mismatch: expected ..., got ...", as in the
 * reference. PROJECT: a missing column is VGI_ESCHEMA, a ValueError; a type that cannot
 * be cast VGI_ESCHEMA, "ArrowNotImplementedError"; a value that does not survive the cast
 * VGI_EINVAL, "ArrowInvalid"; nulls in a column that is not nullable VGI_EINVAL, a
 * ValueError. Either: what would grow too large is VGI_ELIMIT. */
int vgi__cast(vgi__caster *c, const vgi_batch *in, const vgi_schema *target,
              vgi__cast_mode mode, const vgi_batch **out, vgi_error *err);

#endif
