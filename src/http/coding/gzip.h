/* SPDX-License-Identifier: Apache-2.0 */
/* gzip members, both ways. Contexts are per thread and reused. */
#ifndef VGI_HTTP_CODING_GZIP_H
#define VGI_HTTP_CODING_GZIP_H

#include "codec/codec.h"

/* Start with the thread's next member. */
int vgi__gzip_begin(vgi_error *err);
/* Decode as far as input and room go. VGI_END: the member is complete. */
int vgi__gzip_step(vgi__codec_span *s, vgi_error *err);
/* Append one member. VGI_END: it would not be smaller than its content, and `out` is as
 * it was. */
int vgi__gzip_encode(int level, const struct iovec *iov, size_t n, vgi__buffer *out,
                     vgi_error *err);

#endif
