/* SPDX-License-Identifier: Apache-2.0 */
/* Small files: credentials. */
#ifndef VGI_STORE_FILE_H
#define VGI_STORE_FILE_H

#include <vgirpc/arena.h>
#include <vgirpc/error.h>
#include <vgirpc/value.h>

#define VGI_STORE_FILE_BYTES ((size_t)256 << 10)

/* The whole of a file, in `mem`. VGI_ENOTFOUND: there is none; VGI_EIO; VGI_ELIMIT: it
 * is longer than VGI_STORE_FILE_BYTES. */
int vgi__file_read(const char *path, vgi_arena *mem, vgi_str *text, vgi_error *err);

/* An environment variable that says something; NULL otherwise. */
const char *vgi__variable(const char *name);

#endif
