/* SPDX-License-Identifier: Apache-2.0 */
/* A request in the one form that both sides sign: Amazon's Signature Version 4, whose
 * canonical requests Google's V4 signatures share. */
#ifndef VGI_STORE_CANONICAL_H
#define VGI_STORE_CANONICAL_H

#include <vgirpc/arena.h>
#include <vgirpc/metadata.h>

/* Nothing in it is escaped. */
typedef struct vgi__canonical {
    const char *method;
    vgi_str path;
    vgi_metadata query;
    vgi_metadata headers; /* all of them are signed */
    const char *payload;  /* the body's SHA-256 in hex, or what stands for it */
} vgi__canonical;

/* "a=1&b=", escaped, sorted by name and then by value. Null: no memory. */
vgi_str vgi__canonical_query(vgi_metadata query, vgi_arena *mem);
/* "host;x-amz-date": names in lower case, sorted. Null: no memory. */
vgi_str vgi__canonical_names(vgi_metadata headers, vgi_arena *mem);
/* The whole text. Null: no memory. */
vgi_str vgi__canonical_request(const vgi__canonical *request, vgi_arena *mem);

#endif
