/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file limits.h
 * Every ceiling of the library on one page.
 *
 * Everything a peer sends is compared with one of these before memory is
 * allocated for it. A field that is 0 means its default, so `{ 0 }` is the
 * default set.
 */
#ifndef VGIRPC_LIMITS_H
#define VGIRPC_LIMITS_H

#include <stdint.h>

#include <vgirpc/macros.h>

VGI_BEGIN_DECLS

#define VGI_DEFAULT_SCHEMA_BYTES (UINT32_C(16) << 20)      /**< 16 MiB */
#define VGI_DEFAULT_MESSAGE_BYTES (INT64_C(256) << 20)     /**< 256 MiB */
#define VGI_DEFAULT_DECOMPRESSED_BYTES (INT64_C(64) << 20) /**< 64 MiB */
#define VGI_DEFAULT_FIELDS UINT32_C(65536)
#define VGI_DEFAULT_DEPTH UINT32_C(64)
#define VGI_DEFAULT_NAME_BYTES (UINT32_C(64) << 10)    /**< 64 KiB */
#define VGI_DEFAULT_METADATA_BYTES (UINT32_C(1) << 20) /**< 1 MiB */
#define VGI_DEFAULT_METADATA_PAIRS UINT32_C(1024)
#define VGI_DEFAULT_ARENA_BYTES (INT64_C(1) << 30)       /**< 1 GiB */
#define VGI_DEFAULT_LOG_BYTES (UINT32_C(1) << 20)        /**< 1 MiB */
#define VGI_DEFAULT_DICTIONARY_BYTES (INT64_C(64) << 20) /**< 64 MiB */

/** Bytes of the peer's input that an error text may repeat. Not adjustable. */
#define VGI_ERROR_ECHO_BYTES 256

/** The ceilings. 0 in a field means the default beside it above. */
typedef struct vgi_limits {
    uint32_t schema_bytes; /**< metadata (flatbuffer) of one message */
    uint32_t fields;       /**< of one schema, all levels; <= its metadata bytes / 16 */
    uint32_t depth;        /**< nesting of types */
    uint32_t name_bytes;   /**< one field name, method name or format */
    int64_t message_bytes; /**< body of one message */
    int64_t decompressed_bytes; /**< one message's body after Arrow lz4/zstd buffers */
    int64_t dictionary_bytes;   /**< all dictionaries of one stream together */
    uint32_t metadata_bytes;    /**< custom metadata of one message */
    uint32_t metadata_pairs;    /**< pairs of it */
    int64_t arena_bytes;        /**< memory a handler may take from its call */
    uint32_t log_bytes;         /**< one log or exception text */
} vgi_limits;

/**
 * Return a copy of `limits` in which no field is 0.
 *
 * @param limits  NULL: all defaults
 * @return the effective ceilings. Any thread.
 * @since 0.1
 */
VGI_API vgi_limits vgi_limits_effective(const vgi_limits *limits);

VGI_END_DECLS

#endif
