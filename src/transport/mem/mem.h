/* SPDX-License-Identifier: Apache-2.0 */
/* Memory as a byte stream, for tests and fuzzing. */
#ifndef VGI_TRANSPORT_MEM_H
#define VGI_TRANSPORT_MEM_H

#include "base/buffer.h"
#include "base/io.h"

/* Reads `in` (borrowed; at most `step` bytes per read, 0: all), appends writes to *out
 * (borrowed; NULL: dropped). */
int vgi__mem_open(vgi__io **out_io, const uint8_t *in, size_t n, size_t step,
                  vgi__buffer *out, const vgi_allocator *a, vgi_error *err);
/* Two connected ends with unbounded queues between them, for two threads. */
int vgi__mem_pair(vgi__io **a_end, vgi__io **b_end, const vgi_allocator *a,
                  vgi_error *err);

#endif
