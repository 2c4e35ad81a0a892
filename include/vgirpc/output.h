/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file output.h
 * What a stream turn (or a run-time unary method) sends back.
 *
 * A turn sends at most one batch. It is made of rows (vgi_output_row), of
 * whole columns (vgi_output_f64 and its kin), or is handed over ready-made
 * (vgi_output_batch). It goes out when the handler returns, or, to place logs
 * after it, at vgi_output_emit. A producer says vgi_output_finish when it is
 * done; an exchange must send exactly one batch per turn.
 *
 * A function that fails leaves its message with the call: `return rc;`.
 */
#ifndef VGIRPC_OUTPUT_H
#define VGIRPC_OUTPUT_H

#include <vgirpc/arrow.h>
#include <vgirpc/batch.h>
#include <vgirpc/type.h>

VGI_BEGIN_DECLS

/** Borrowed: valid until the handler returns, on its thread only. */
typedef struct vgi_output vgi_output;

/** Return the schema this turn's batch must have. Borrowed. @since 0.1 */
VGI_API const vgi_schema *vgi_output_schema(const vgi_output *out);

/**
 * Append one row.
 * @param type  descriptor of *row; its columns must be those of the output
 *              schema by name and type (further ones are dropped)
 * @param row   copied
 * @return VGI_OK; VGI_ESCHEMA; VGI_EINVAL a value does not fit; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_output_row(vgi_output *out, const vgi_type *type, const void *row);

/**
 * Make room for a whole column and return it.
 * @param column      name of an output column of format "g"
 * @param rows        the same for every column of the batch
 * @param[out] items  `rows` values to fill, not zeroed, borrowed until the handler returns
 * @return VGI_OK; VGI_ESCHEMA no such column, or another type; VGI_EINVAL
 *         another number of rows; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_output_f64(vgi_output *out, const char *column, size_t rows, double **items);

/** As vgi_output_f64, for format "f". @since 0.1 */
VGI_API int vgi_output_f32(vgi_output *out, const char *column, size_t rows, float **items);

/** As vgi_output_f64, for 64-bit signed storage. @since 0.1 */
VGI_API int vgi_output_i64(vgi_output *out, const char *column, size_t rows, int64_t **items);

/** As vgi_output_f64, for 32-bit signed storage. @since 0.1 */
VGI_API int vgi_output_i32(vgi_output *out, const char *column, size_t rows, int32_t **items);

/** As vgi_output_f64, for format "L". @since 0.1 */
VGI_API int vgi_output_u64(vgi_output *out, const char *column, size_t rows, uint64_t **items);

/** Append one string to a "u" or "U" column; data NULL appends a null. @since 0.1 */
VGI_API int vgi_output_str(vgi_output *out, const char *column, vgi_str value);

/** Append one value to a "z", "Z" or "w:N" column; data NULL appends a null. @since 0.1 */
VGI_API int vgi_output_bytes(vgi_output *out, const char *column, vgi_bytes value);

/** Append one boolean to a "b" column. @since 0.1 */
VGI_API int vgi_output_bool(vgi_output *out, const char *column, bool value);

/** Append one null to a nullable column of any type. @since 0.1 */
VGI_API int vgi_output_null(vgi_output *out, const char *column);

/**
 * Send a ready-made batch, without copying its data. Columns are projected by
 * name and safely cast to the output schema.
 * @param batch  must stay valid until the handler returns
 * @return VGI_OK; VGI_ESCHEMA; VGI_EINVAL a batch was already made. @since 0.1
 */
VGI_API int vgi_output_batch(vgi_output *out, const vgi_batch *batch);

/** Send a batch without columns but with `rows` rows (an empty output schema). @since 0.1 */
VGI_API int vgi_output_rows(vgi_output *out, int64_t rows);

/** Add a metadata pair to this turn's batch. Copied. @return VGI_OK or VGI_ENOMEM. @since 0.1 */
VGI_API int vgi_output_metadata(vgi_output *out, const char *key, vgi_str value);

/**
 * Send what was built now, so that later logs come after it.
 * @return VGI_OK; VGI_EINVAL a batch was already emitted in this turn. @since 0.1
 */
VGI_API int vgi_output_emit(vgi_output *out);

/**
 * End the stream after this turn. Producers only.
 * @return VGI_OK; VGI_EINVAL on an exchange. @since 0.1
 */
VGI_API int vgi_output_finish(vgi_output *out);

VGI_END_DECLS

#endif
