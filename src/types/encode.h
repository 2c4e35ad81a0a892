/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: structs as one-row IPC streams.
 *
 * Encoding needs a builder and a writer. A record keeps one spare pair behind an atomic
 * pointer: whoever encodes takes it, or makes another, and the last one returned stays.
 * So records can be shared by threads, and a steady stream of calls allocates nothing.
 */
#ifndef VGI_TYPES_ENCODE_H
#define VGI_TYPES_ENCODE_H

#include "types/record_impl.h"

int vgi__encoder_take(vgi__record *r, vgi__encoder **out, vgi_error *err);
/* Encode one row; *bytes is borrowed until the encoder's next use. */
int vgi__encoder_row(vgi__encoder *e, const void *row, vgi_bytes *bytes, vgi_error *err);
void vgi__encoder_give(vgi__encoder *e);
void vgi__encoder_free(vgi__encoder *e);

#endif
