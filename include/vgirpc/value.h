/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file value.h
 * The small value types that described structs are made of.
 *
 * Strings and byte runs are views: pointer and length, not NUL-terminated,
 * borrowed from whoever made them (a request's arena, a batch, a literal).
 */
#ifndef VGIRPC_VALUE_H
#define VGIRPC_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vgirpc/macros.h>

VGI_BEGIN_DECLS

/** A borrowed UTF-8 string. `data == NULL` stands for null where null is allowed. */
typedef struct vgi_str {
    const char *data;
    size_t len; /**< bytes */
} vgi_str;

/** A borrowed run of bytes. `data == NULL` stands for null where null is allowed. */
typedef struct vgi_bytes {
    const uint8_t *data;
    size_t len;
} vgi_bytes;

/** No value: the parameters of a method that takes none, or a void result. */
typedef struct vgi_void {
    char unused_;
} vgi_void;

/** A borrowed run of `item`: declare list members with it. */
#define VGI_SLICE(item)    \
    struct {               \
        const item *items; \
        size_t count;      \
    }

typedef VGI_SLICE(double) vgi_f64s;
typedef VGI_SLICE(float) vgi_f32s;
typedef VGI_SLICE(int64_t) vgi_i64s;
typedef VGI_SLICE(int32_t) vgi_i32s;
typedef VGI_SLICE(uint64_t) vgi_u64s;

/** A vgi_str of a string literal. */
#ifdef __cplusplus
#define VGI_LIT(s) (vgi_str{ "" s, sizeof(s) - 1 })
#else
#define VGI_LIT(s) ((vgi_str){ "" s, sizeof(s) - 1 })
#endif

/** printf pieces for a vgi_str: printf(VGI_STR_FMT, VGI_STR_ARG(s)). */
#define VGI_STR_FMT "%.*s"
#define VGI_STR_ARG(s) (int)(s).len, (s).data

/**
 * View a NUL-terminated string.
 *
 * @param text  NULL gives a null string (data NULL, len 0)
 * @return a view borrowed from `text`. Any thread.
 * @since 0.1
 */
VGI_API vgi_str vgi_str_from(const char *text);

/**
 * Tell whether a view holds exactly the bytes of a NUL-terminated string.
 *
 * @param s     a null string equals only NULL
 * @param text  may be NULL
 * @return true when equal. Any thread.
 * @since 0.1
 */
VGI_API bool vgi_str_eq(vgi_str s, const char *text);

VGI_END_DECLS

#endif
