/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGI_GCS_ENCODE_H
#define VGI_GCS_ENCODE_H

#include "store/text.h"

/* With '+', '/' and padding. */
void vgi__text_base64(vgi__text *t, vgi_bytes bytes);
/* With '-' and '_', without padding: tokens. */
void vgi__text_base64url(vgi__text *t, vgi_bytes bytes);
/* Undo vgi__text_base64, into `mem`; VGI_EINVAL: it was something else; VGI_ENOMEM. */
int vgi__base64_read(vgi_str text, vgi_arena *mem, vgi_bytes *bytes);

#endif
