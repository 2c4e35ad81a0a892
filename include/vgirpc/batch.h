/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file batch.h
 * Record batches: n rows of a schema, with metadata.
 *
 * A batch that was received is views into the receive buffer; nothing is
 * copied. The columns come out as plain arrays where their type has one, as
 * rows of a described struct (vgi_batch_row), or through the C Data Interface.
 *
 * A getter that fails inside a handler leaves its message with the call, so
 * that `return rc;` from the handler is enough.
 *
 * Nothing here blocks. A batch is immutable: any number of threads may read one,
 * except one that a handler was lent, which belongs to the handler's thread.
 */
#ifndef VGIRPC_BATCH_H
#define VGIRPC_BATCH_H

#include <vgirpc/arena.h>
#include <vgirpc/arrow.h>
#include <vgirpc/error.h>
#include <vgirpc/metadata.h>
#include <vgirpc/schema.h>
#include <vgirpc/type.h>

VGI_BEGIN_DECLS

/** A batch. Borrowed ones say until when; owned ones end with vgi_batch_unref. */
typedef struct vgi_batch vgi_batch;

/** Return the number of rows, 0 or more. A batch without columns can have rows.
 * @since 0.1 */
VGI_API int64_t vgi_batch_rows(const vgi_batch *batch);

/** Return the schema, borrowed from the batch. @since 0.1 */
VGI_API const vgi_schema *vgi_batch_schema(const vgi_batch *batch);

/** Return the batch's metadata, borrowed from the batch; pairs NULL without any.
 * @since 0.1 */
VGI_API vgi_metadata vgi_batch_metadata(const vgi_batch *batch);

/**
 * View a column of 64-bit floats.
 *
 * @param batch       not NULL
 * @param column      name of a top-level column of format "g"
 * @param[out] items  vgi_batch_rows values, borrowed from the batch; a null row has
 *                    an unspecified value (see vgi_batch_is_null); untouched on failure
 * @return VGI_OK; VGI_ESCHEMA no such column, or another type. Nothing is copied.
 * @since 0.1
 */
VGI_API int vgi_batch_f64(const vgi_batch *batch, const char *column, vgi_f64s *items);

/** As vgi_batch_f64, for format "f". @since 0.1 */
VGI_API int vgi_batch_f32(const vgi_batch *batch, const char *column, vgi_f32s *items);

/** As vgi_batch_f64, for 64-bit signed storage: "l", timestamps, time64, date64,
 * durations. @since 0.1 */
VGI_API int vgi_batch_i64(const vgi_batch *batch, const char *column, vgi_i64s *items);

/** As vgi_batch_f64, for 32-bit signed storage: "i", date32, time32. @since 0.1 */
VGI_API int vgi_batch_i32(const vgi_batch *batch, const char *column, vgi_i32s *items);

/** As vgi_batch_f64, for format "L". @since 0.1 */
VGI_API int vgi_batch_u64(const vgi_batch *batch, const char *column, vgi_u64s *items);

/**
 * Read one boolean.
 *
 * @param column      name of a top-level column of format "b"
 * @param row         0-based, below vgi_batch_rows
 * @param[out] value  unspecified for a null row; untouched on failure
 * @return VGI_OK; VGI_ESCHEMA no such column, or another type; VGI_EINVAL row out
 *         of range.
 * @since 0.1
 */
VGI_API int vgi_batch_bool(const vgi_batch *batch, const char *column, int64_t row,
                           bool *value);

/**
 * View one string.
 *
 * @param column      name of a top-level column of format "u", "U", "vu", or a
 *                    dictionary of them
 * @param row         0-based, below vgi_batch_rows
 * @param[out] value  borrowed from the batch, not NUL-terminated; data NULL when the
 *                    row is null, and not NULL when it is empty
 * @return VGI_OK; VGI_ESCHEMA no such column, or another type; VGI_EINVAL row out
 *         of range.
 * @since 0.1
 */
VGI_API int vgi_batch_str(const vgi_batch *batch, const char *column, int64_t row,
                          vgi_str *value);

/** As vgi_batch_str, for "z", "Z", "vz", "w:N", or a dictionary of them. @since 0.1 */
VGI_API int vgi_batch_bytes(const vgi_batch *batch, const char *column, int64_t row,
                            vgi_bytes *value);

/**
 * Tell whether a row of a top-level column of any type is null.
 *
 * @return false also for an unknown column and a row out of range
 * @since 0.1
 */
VGI_API bool vgi_batch_is_null(const vgi_batch *batch, const char *column, int64_t row);

/**
 * Read one row into a described struct.
 *
 * Columns are found by name, safe widening is applied (int32 into int64,
 * float32 into double, utf8 for large_utf8 ...); further columns are ignored.
 *
 * @param batch     not NULL
 * @param row       0-based
 * @param type      descriptor of *out
 * @param[out] out  one struct of type->size bytes; strings and lists borrow
 *                  from the batch and from `mem`
 * @param mem       arena for lists and nested values; not NULL; in a handler
 *                  vgi_call_arena(call)
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_ESCHEMA a column is missing or of another type, or null where
 *         the struct cannot hold it; VGI_EINVAL row out of range, or a value that the
 *         member cannot hold (an enum name it does not know); VGI_ELIMIT far more
 *         memory than the batch came in; VGI_ENOMEM. One thread per arena.
 * @since 0.1
 */
VGI_API int vgi_batch_row(const vgi_batch *batch, int64_t row, const vgi_type *type,
                          void *out, vgi_arena *mem, vgi_error *err);

/**
 * Return the batch as a C Data Interface struct array, borrowed: valid as long
 * as the batch, not to be released or changed.
 * @since 0.1
 */
VGI_API const struct ArrowArray *vgi_batch_array(const vgi_batch *batch);

/**
 * Hand the batch out through the C Data Interface, without copying the data:
 * the arrays keep the receive buffer alive and may be released on any thread.
 *
 * @param[out] array   owned: array->release(array)
 * @param[out] schema  owned: schema->release(schema); may be NULL when not wanted
 * @param[out] err     may be NULL
 * @return VGI_OK; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_batch_export(const vgi_batch *batch, struct ArrowArray *array,
                             struct ArrowSchema *schema, vgi_error *err);

/**
 * Take a batch from the C Data Interface, without copying the data.
 *
 * The data is trusted to be what the format says: it comes from this process.
 *
 * @param[out] out  owned
 * @param schema    of the batch (vgi_schema_import makes one); a reference is taken
 * @param array     a struct array; moved on success (its release is NULL afterwards),
 *                  untouched on failure
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL lengths or children do not fit the schema;
 *         VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_batch_import(vgi_batch **out, const vgi_schema *schema,
                             struct ArrowArray *array, vgi_error *err);

/**
 * Build a batch of `count` rows from described structs.
 *
 * @param[out] out  owned
 * @param type      descriptor of the rows
 * @param rows      `count` structs of type->size bytes each; copied; NULL when count
 *                  is 0
 * @param count     number of rows
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL the type cannot describe rows, or a value does not fit
 *         its Arrow type; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_batch_from_rows(vgi_batch **out, const vgi_type *type, const void *rows,
                                size_t count, vgi_error *err);

/**
 * Keep a borrowed batch beyond its time. The data is shared where it can be.
 *
 * @param[out] out  owned: vgi_batch_unref; may be `batch` itself
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_batch_retain(const vgi_batch *batch, vgi_batch **out, vgi_error *err);

/** End an owned batch. NULL is ignored. Any thread. @since 0.1 */
VGI_API void vgi_batch_unref(vgi_batch *batch);

/**
 * Encode a batch as a complete Arrow IPC stream (schema, batch, end).
 * @param metadata    custom metadata of the record batch message; NULL: the batch's own
 * @param mem         arena that receives the bytes
 * @param[out] bytes  arena
 * @param[out] err    may be NULL
 * @return VGI_OK; VGI_ELIMIT the body is over the default limits.message_bytes;
 *         VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_batch_encode(const vgi_batch *batch, const vgi_metadata *metadata,
                             vgi_arena *mem, vgi_bytes *bytes, vgi_error *err);

/**
 * Decode the first batch of an Arrow IPC stream held in memory, with full
 * validation under the default limits.
 *
 * @param[out] out  owned; holds its own copy of the bytes
 * @param bytes     hostile bytes are safe; what follows the first batch is not read
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_END a stream without a batch; VGI_EPROTO malformed
 *         or cut off; VGI_ELIMIT over a default limit; VGI_ENOTSUP
 *         big-endian, or a compression that this build has not; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_batch_decode(vgi_batch **out, vgi_bytes bytes, vgi_error *err);

/**
 * Write one row as a JSON object, columns in order, any Arrow type.
 *
 * Binary becomes base64, timestamps ISO 8601, decimals and 64-bit integers
 * beyond 2^53 stay exact numbers, non-finite floats become strings.
 * @param row        0-based, below vgi_batch_rows
 * @param mem        arena that receives the text
 * @param[out] json  arena, NUL-terminated beyond len
 * @param[out] err   may be NULL
 * @return VGI_OK; VGI_EINVAL row out of range; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_batch_row_json(const vgi_batch *batch, int64_t row, vgi_arena *mem,
                               vgi_str *json, vgi_error *err);

/**
 * Write one cell as a person reads it: strings plain, null empty, lists and
 * structs as JSON.
 *
 * @param row        0-based, below vgi_batch_rows
 * @param column     index, below vgi_schema_columns
 * @param mem        arena that receives the text
 * @param[out] text  arena, NUL-terminated beyond len
 * @param[out] err   may be NULL
 * @return VGI_OK; VGI_EINVAL row or column out of range; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_batch_cell_text(const vgi_batch *batch, int64_t row, size_t column,
                                vgi_arena *mem, vgi_str *text, vgi_error *err);

VGI_END_DECLS

#endif
