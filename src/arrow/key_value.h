/* SPDX-License-Identifier: Apache-2.0 */
/* Writing `[KeyValue]`, the flatbuffer form of all metadata: of messages, schemas and
 * fields. */
#ifndef VGI_ARROW_KEY_VALUE_H
#define VGI_ARROW_KEY_VALUE_H

#include <stdint.h>

#include <vgirpc/metadata.h>

/* Bytes of the vector with everything it points to; a multiple of 4. */
size_t vgi__key_value_size(const vgi_metadata *m);
/* Write it at `to`, which must be 4-aligned in its flatbuffer. */
void vgi__key_value_write(uint8_t *to, const vgi_metadata *m);

#endif
