/* SPDX-License-Identifier: Apache-2.0 */
/* Who signs: what the program said, the environment, or a profile of a file. */
#ifndef VGI_S3_CREDENTIALS_H
#define VGI_S3_CREDENTIALS_H

#include <vgirpc/arena.h>
#include <vgirpc/error.h>
#include <vgirpc/value.h>

typedef struct vgi__credentials {
    const char *id, *secret;
    const char *token; /* NULL: none */
} vgi__credentials;

/* Where to look, as vgi_s3_options has it. */
typedef struct vgi__credentials_source {
    vgi__credentials explicit_;
    const char *file, *profile;
} vgi__credentials_source;

/* Find them, in `mem`. A file is read anew each time, so that rotated keys take effect
 * with the next signature. VGI_ENOTFOUND: nowhere; VGI_EIO: the file cannot be read. */
int vgi__credentials_find(vgi__credentials *out, const vgi__credentials_source *source,
                          vgi_arena *mem, vgi_error *err);

/* Take a profile out of the text of a file. Members that are not there stay NULL.
 * VGI_ENOMEM. */
int vgi__credentials_scan(vgi__credentials *out, vgi_str text, const char *profile,
                          vgi_arena *mem);

#endif
