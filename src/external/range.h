/* SPDX-License-Identifier: Apache-2.0 */
/* A range of an object. */
#ifndef VGI_EXTERNAL_RANGE_H
#define VGI_EXTERNAL_RANGE_H

#include "external/external.h"

/* Content-Range, "bytes FIRST-LAST/TOTAL" of exactly this range: the total. */
bool vgi__range_total(vgi_str content_range, int64_t first, int64_t last, int64_t *total);

typedef struct vgi__range {
    const vgi__whole *whole;
    int64_t first, last;
    uint8_t *into; /* where the bytes go; NULL: into a block */
    const atomic_bool *stop;
} vgi__range;

/* One attempt; *block: a reference, when `into` is NULL. */
int vgi__range_fetch(vgi__attempt *attempt, vgi__transfer *t, const vgi__range *r,
                     vgi__block **block, vgi_error *err);

#endif
