/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of run-end encoded arrays. `ends` is the child with the run ends, its items
 * `width` bytes. */
#ifndef VGI_ARROW_RUNS_H
#define VGI_ARROW_RUNS_H

#include <stdint.h>

#include <vgirpc/arrow.h>

/* Row that run `i` ends before. */
static inline int64_t vgi__run_end(const struct ArrowArray *ends, int32_t width,
                                   int64_t i)
{
    const void *items = ends->buffers[1];
    i += ends->offset;
    if (width == 2)
        return ((const int16_t *)items)[i];
    return width == 4 ? ((const int32_t *)items)[i] : ((const int64_t *)items)[i];
}

/* The run that row `row` lies in. */
static inline int64_t vgi__run_find(const struct ArrowArray *ends, int32_t width,
                                    int64_t row)
{
    int64_t low = 0;
    int64_t high = ends->length;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (vgi__run_end(ends, width, middle) <= row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

#endif
