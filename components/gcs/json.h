/* SPDX-License-Identifier: Apache-2.0 */
/* JSON, as far as Google's services need it. The only file here that knows jansson is
 * json.c. */
#ifndef VGI_GCS_JSON_H
#define VGI_GCS_JSON_H

#include <vgirpc/error.h>
#include <vgirpc/metadata.h>

#include "store/text.h"

/* A member that is looked for, and where its value goes: one of the two. */
typedef struct vgi__json_want {
    const char *parent; /* NULL: the document itself */
    const char *name;
    vgi_str *text;
    int64_t *number;
} vgi__json_want;

/* Read members of an object, strings into `mem`. What is absent, or of another kind,
 * stays as it was. VGI_EINVAL: no object; VGI_ENOMEM. */
int vgi__json_read(vgi_str json, const vgi__json_want *wants, size_t n, vgi_arena *mem,
                   vgi_error *err);

/* Write {"key":"value", ...}. Text that is not UTF-8 fails. */
void vgi__json_write(vgi__text *t, vgi_metadata members);

#endif
