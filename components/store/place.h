/* SPDX-License-Identifier: Apache-2.0 */
/* Where objects go: the server, the bucket, and their names in it. */
#ifndef VGI_STORE_PLACE_H
#define VGI_STORE_PLACE_H

#include <stdbool.h>

#include <vgirpc/arena.h>
#include <vgirpc/error.h>
#include <vgirpc/value.h>

/* "https://host:port", taken apart. */
typedef struct vgi__endpoint {
    const char *scheme; /* "http" or "https" */
    const char *host;   /* "host:port"; "host" when the port is the scheme's own */
} vgi__endpoint;

/* Read `http[s]://host[:port][/]`, into `mem`. VGI_EINVAL: it is something else. */
int vgi__endpoint_parse(vgi__endpoint *out, const char *text, vgi_arena *mem,
                        vgi_error *err);

/* VGI_EINVAL unless it is 3 to 222 letters, digits and ".-_". */
int vgi__bucket_check(const char *bucket, vgi_error *err);
/* VGI_EINVAL: too long for a name, or it has a part "." or ".." that clients of HTTP
 * would resolve. */
int vgi__prefix_check(const char *prefix, vgi_error *err);

#define VGI_STORE_PREFIX "vgi-rpc/" /* when none is given */

/* A new object's path: root, prefix, 32 random hex digits, and ".arrow" with what its
 * coding adds. Null: no memory. */
vgi_str vgi__object_path(const char *root, const char *prefix, const char *coding,
                         vgi_arena *mem);

#endif
