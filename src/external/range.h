/* SPDX-License-Identifier: Apache-2.0 */
/* Content-Range, a header of a peer. */
#ifndef VGI_EXTERNAL_RANGE_H
#define VGI_EXTERNAL_RANGE_H

#include <stdbool.h>

#include <vgirpc/value.h>

/* "bytes FIRST-LAST/TOTAL" of exactly this range: the total. */
bool vgi__range_total(vgi_str content_range, int64_t first, int64_t last, int64_t *total);

#endif
