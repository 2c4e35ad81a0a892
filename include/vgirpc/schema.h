/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file schema.h
 * Schemas: immutable, reference-counted, built from a plain table.
 *
 * Types are written as Arrow C Data Interface format strings ("l" int64, "u"
 * utf8, "tsu:UTC" timestamp, "+l" list, "d:20,4" decimal ...). A schema made
 * here is compiled once: the reader and the writer walk the compiled form, and
 * its IPC message is encoded only once.
 */
#ifndef VGIRPC_SCHEMA_H
#define VGIRPC_SCHEMA_H

#include <vgirpc/arrow.h>
#include <vgirpc/error.h>
#include <vgirpc/value.h>

VGI_BEGIN_DECLS

/** An immutable schema. Any number of threads may use one at a time. */
typedef struct vgi_schema vgi_schema;

/**
 * One column, as data. Nested types list their children: one for a list, the
 * fields for a struct, {key, value} inside one "entries" struct for a map.
 */
typedef struct vgi_column {
    const char *name;                  /**< required */
    const char *format;                /**< required; of the index for a dictionary */
    bool nullable;                     /**< may hold nulls */
    const struct vgi_column *children; /**< `n_children` of them, or NULL */
    size_t n_children;
    const struct vgi_column
        *dictionary; /**< value type when dictionary-encoded, or NULL */
} vgi_column;

/**
 * Build a schema from a table of columns.
 *
 * @param[out] out  owned: release it with vgi_schema_unref
 * @param columns   `count` columns; copied
 * @param count     0 gives the empty schema
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL a format is unknown or has the wrong children;
 *         VGI_ELIMIT too many fields or too deep; VGI_ENOMEM. Any thread.
 * @since 0.1
 */
VGI_API int vgi_schema_build(vgi_schema **out, const vgi_column *columns, size_t count,
                             vgi_error *err);

/**
 * Copy a schema out of the C Data Interface (a "+s" struct).
 *
 * @param[out] out  owned
 * @param schema    not consumed, not changed
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL not a struct, released, or an unknown format;
 *         VGI_ELIMIT; VGI_ENOMEM. Any thread.
 * @since 0.1
 */
VGI_API int vgi_schema_import(vgi_schema **out, const struct ArrowSchema *schema,
                              vgi_error *err);

/**
 * Write a copy of the schema as a C Data Interface struct.
 *
 * @param schema    not NULL
 * @param[out] out  owned: call out->release(out)
 * @param[out] err  may be NULL
 * @return VGI_OK or VGI_ENOMEM. Any thread.
 * @since 0.1
 */
VGI_API int vgi_schema_export(const vgi_schema *schema, struct ArrowSchema *out,
                              vgi_error *err);

/**
 * Read a schema from the bytes of one encapsulated IPC schema message, or of
 * an IPC stream that begins with one.
 *
 * @param[out] out  owned
 * @param message   hostile bytes are safe; copied
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EPROTO malformed; VGI_ELIMIT over a default limit;
 *         VGI_ENOTSUP big-endian; VGI_ENOMEM. Any thread.
 * @since 0.1
 */
VGI_API int vgi_schema_decode(vgi_schema **out, vgi_bytes message, vgi_error *err);

/**
 * Return the encapsulated IPC schema message: continuation, length,
 * flatbuffer, padding; no end-of-stream marker.
 *
 * @param schema  not NULL
 * @return borrowed from the schema. Any thread.
 * @since 0.1
 */
VGI_API vgi_bytes vgi_schema_message(const vgi_schema *schema);

/**
 * Take another reference.
 *
 * @param schema  NULL stays NULL
 * @return `schema`, owned: vgi_schema_unref. Any thread.
 * @since 0.1
 */
VGI_API vgi_schema *vgi_schema_ref(const vgi_schema *schema);

/** Give a reference back; the last one frees it. NULL is ignored. Any thread. @since 0.1
 */
VGI_API void vgi_schema_unref(vgi_schema *schema);

/** Return the number of top-level columns. Any thread. @since 0.1 */
VGI_API size_t vgi_schema_columns(const vgi_schema *schema);

/**
 * Return the name of a top-level column.
 *
 * @param index  below vgi_schema_columns
 * @return borrowed, NUL-terminated; NULL when out of range. Any thread.
 * @since 0.1
 */
VGI_API const char *vgi_schema_name(const vgi_schema *schema, size_t index);

/**
 * Return the C Data Interface format of a top-level column (of the index when
 * dictionary-encoded).
 *
 * @param index  below vgi_schema_columns
 * @return borrowed, NUL-terminated; NULL when out of range. Any thread.
 * @since 0.1
 */
VGI_API const char *vgi_schema_format(const vgi_schema *schema, size_t index);

/** Tell whether a top-level column may hold nulls; false when out of range. Any thread.
 * @since 0.1 */
VGI_API bool vgi_schema_nullable(const vgi_schema *schema, size_t index);

/**
 * Find a top-level column; the first one when several have the name.
 *
 * @param name  NUL-terminated
 * @return its index, or -1. Any thread.
 * @since 0.1
 */
VGI_API int vgi_schema_find(const vgi_schema *schema, const char *name);

/**
 * Tell whether two schemas agree in names, types and nullability, at all
 * levels; names of list children and metadata do not count, as in pyarrow.
 *
 * Any thread.
 * @since 0.1
 */
VGI_API bool vgi_schema_equal(const vgi_schema *a, const vgi_schema *b);

/**
 * Write a readable form of one column's type, in the words of Arrow:
 * "int64", "list<item: string>", "timestamp[us, tz=UTC]".
 *
 * @param index     top-level column
 * @param[out] buf  NUL-terminated, cut to `size`; may be NULL when size is 0
 * @param size      bytes of `buf`
 * @return the bytes the whole text needs, terminator not counted; 0 when the index
 *         is out of range or there is no memory. Any thread.
 * @since 0.1
 */
VGI_API size_t vgi_schema_type_text(const vgi_schema *schema, size_t index, char *buf,
                                    size_t size);

VGI_END_DECLS

#endif
