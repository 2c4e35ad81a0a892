/* SPDX-License-Identifier: Apache-2.0 */
/* The flatbuffer Message: what every encapsulated IPC message begins with. */
#ifndef VGI_ARROW_MESSAGE_H
#define VGI_ARROW_MESSAGE_H

#include <vgirpc/error.h>
#include <vgirpc/limits.h>
#include <vgirpc/metadata.h>

#include "arrow/flatbuf.h"

#define VGI__MESSAGE_PREFIX 8 /* continuation marker and metadata length */

typedef enum vgi__message_kind {
    VGI__MESSAGE_SCHEMA = 1,
    VGI__MESSAGE_DICTIONARY = 2,
    VGI__MESSAGE_BATCH = 3
} vgi__message_kind;

typedef struct vgi__message {
    vgi__flatbuf fb;      /* the metadata; the caller's bytes */
    vgi__fb_table header; /* Schema, DictionaryBatch or RecordBatch */
    int64_t body_bytes;   /* never negative */
    vgi__fb_vector pairs; /* custom_metadata */
    uint8_t kind;         /* vgi__message_kind */
    bool old_unions;      /* metadata V4: unions come with a validity buffer */
} vgi__message;

/* The prefix: true with the metadata length in *n (0: end of stream) when the 8 bytes are
 * one. */
static inline bool vgi__message_prefix(const uint8_t *p, uint32_t *n)
{
    *n = vgi__load32(p + 4);
    return vgi__load32(p) == UINT32_MAX;
}

/* Parse `n` bytes of metadata at `p`. VGI_EPROTO malformed or of an unknown kind;
 * VGI_ENOTSUP a version before V4. body_bytes is right even then, -1 when it could not be
 * known: the body can be skipped. */
int vgi__message_parse(vgi__message *m, const uint8_t *p, uint32_t n, vgi_error *err);

/* Copy the custom metadata into `pairs`, m->pairs.count of them, as views into the
 * metadata. VGI_EPROTO; VGI_ELIMIT too many bytes. The count must have been compared with
 * limits->metadata_pairs before. */
int vgi__message_pairs(vgi__message *m, const vgi_limits *limits, vgi_pair *pairs,
                       vgi_error *err);

#endif
