/* SPDX-License-Identifier: Apache-2.0 */
#include <vgirpc/limits.h>

#include <stddef.h>

#define FILL(field, value) \
    do { \
        if (all.field == 0) \
            all.field = value; \
    } while (0)

vgi_limits vgi_limits_effective(const vgi_limits *limits)
{
    vgi_limits all = { 0 };
    if (limits)
        all = *limits;
    FILL(schema_bytes, VGI_DEFAULT_SCHEMA_BYTES);
    FILL(fields, VGI_DEFAULT_FIELDS);
    FILL(depth, VGI_DEFAULT_DEPTH);
    FILL(name_bytes, VGI_DEFAULT_NAME_BYTES);
    FILL(message_bytes, VGI_DEFAULT_MESSAGE_BYTES);
    FILL(decompressed_bytes, VGI_DEFAULT_DECOMPRESSED_BYTES);
    FILL(dictionary_bytes, VGI_DEFAULT_DICTIONARY_BYTES);
    FILL(metadata_bytes, VGI_DEFAULT_METADATA_BYTES);
    FILL(metadata_pairs, VGI_DEFAULT_METADATA_PAIRS);
    FILL(arena_bytes, VGI_DEFAULT_ARENA_BYTES);
    FILL(log_bytes, VGI_DEFAULT_LOG_BYTES);
    return all;
}
