/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file metadata.h
 * Key-value pairs that travel with one batch (Arrow's `custom_metadata`).
 */
#ifndef VGIRPC_METADATA_H
#define VGIRPC_METADATA_H

#include <vgirpc/value.h>

VGI_BEGIN_DECLS

/** One pair. Both are UTF-8 by convention; neither is checked for it. */
typedef struct vgi_pair {
    vgi_str key;
    vgi_str value;
} vgi_pair;

/** A borrowed run of pairs, in wire order. */
typedef struct vgi_metadata {
    const vgi_pair *pairs;
    size_t count;
} vgi_metadata;

/**
 * Find the value of a key. The first pair wins when a key stands twice.
 *
 * @param metadata    NULL is an empty set
 * @param key         NUL-terminated
 * @param[out] value  borrowed from the metadata; untouched when not found;
 *                    may be NULL
 * @return true when the key is there. Any thread.
 * @since 0.1
 */
VGI_API bool vgi_metadata_get(const vgi_metadata *metadata, const char *key,
                              vgi_str *value);

VGI_END_DECLS

#endif
