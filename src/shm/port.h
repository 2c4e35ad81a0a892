/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: batches in a segment, from one process's side.
 *
 * Taking. A pointer is a batch of no rows whose metadata says where its contents are: a
 * whole stream, or for schemas with dictionary columns the messages behind its schema. It
 * becomes a view: plain values are used where they lie; whatever decides where else to
 * read, and text, is copied before it is checked, because the peer can change the segment
 * at any time.
 *
 * Putting. A batch from `min_bytes` on goes into an allocation of its own, one copy per
 * buffer. None for columns that were asked for with vgi__shm_room before they were
 * filled: those lie where the stream will have them.
 *
 *   allocation:  schema message | batch message | column 0 | column 1 | ... | end
 *                                               `- filled by a handler
 */
#ifndef VGI_SHM_PORT_H
#define VGI_SHM_PORT_H

#include "arrow/batch.h"
#include "arrow/writer.h"
#include "shm/segment.h"

typedef struct vgi__shm_port vgi__shm_port;

/* Smallest batch that goes by way of a segment: VGI_RPC_SHM_MIN_BATCH_BYTES of the
 * environment, else 128 KiB. */
uint64_t vgi__shm_min_batch_bytes(void);

/* Takes over the reference to the segment, also on failure. */
int vgi__shm_port_new(vgi__shm_port **out, vgi__shm *segment, const vgi_limits *limits,
                      const vgi_allocator *a, vgi_error *err);
void vgi__shm_port_free(vgi__shm_port *p);
vgi__shm *vgi__shm_port_segment(vgi__shm_port *p);

/* Write the batch into the segment, and a pointer to it to `w`, whose stream is of the
 * same schema. VGI_END: it is too small, or there is no room: write it inline. */
int vgi__shm_put(vgi__shm_port *p, vgi__writer *w, const vgi_schema *schema,
                 const struct ArrowArray *array, const vgi_metadata *m, vgi_error *err);
/* Memory for a whole column of `rows` values of the next batch that is put, if all of its
 * columns are of fixed width and it is big enough; else NULL. */
void *vgi__shm_room(vgi__shm_port *p, const vgi_schema *schema, int32_t node,
                    int64_t rows);
/* Replace a pointer by what it points to; other batches stay as they are. */
int vgi__shm_take(vgi__shm_port *p, vgi_batch *b, vgi_error *err);
/* Free the batch that was put last, if the peer has not done so. For peers that are known
 * to be done with it and to leave it. */
int vgi__shm_retract(vgi__shm_port *p, vgi_error *err);
/* Before the peer's turn: free what was taken and is not used any more, and room that
 * nothing was put into. */
int vgi__shm_settle_port(vgi__shm_port *p, vgi_error *err);

#endif
