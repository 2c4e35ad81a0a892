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
 * A function that fails leaves its message with the call: `return rc;`. None of
 * them blocks. Breaking the rules of a stream (a second batch in one turn, an end
 * of an exchange) fails the turn, whatever the handler returns.
 */
#ifndef VGIRPC_OUTPUT_H
#define VGIRPC_OUTPUT_H

#include <vgirpc/arrow.h>
#include <vgirpc/batch.h>
#include <vgirpc/type.h>

VGI_BEGIN_DECLS

/** Borrowed: valid until the handler returns, on its thread only. */
typedef struct vgi_output vgi_output;

/**
 * Return the schema that this turn's batch must have.
 *
 * @return borrowed until the handler returns; the declared one, or what open chose
 * @since 0.1
 */
VGI_API const vgi_schema *vgi_output_schema(const vgi_output *out);

/**
 * Append one row.
 *
 * @param type  descriptor of *row; has a member for each column of the output
 *              schema, by name and type (further ones are dropped). Known by its
 *              address: it must stay what and where it is as long as the server
 * @param row   one struct of type->size bytes; copied
 * @return VGI_OK; VGI_ESCHEMA a column is missing or of another type;
 *         VGI_EINVAL a value does not fit (no UTF-8, an unknown enum value, a
 *         decimal that is none), or the batch was sent already; VGI_ELIMIT;
 *         VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_output_row(vgi_output *out, const vgi_type *type, const void *row);

/**
 * Make room for a whole column of doubles and return it.
 *
 * @param column      name of an output column of format "g"
 * @param rows        number of rows, the same for every column of the batch
 * @param[out] items  `rows` values to fill, not zeroed; borrowed until the handler
 *                    returns; untouched on failure
 * @return VGI_OK; VGI_ESCHEMA no such column, or another type; VGI_EINVAL
 *         another number of rows, or the batch was sent already; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_output_f64(vgi_output *out, const char *column, size_t rows,
                           double **items);

/** As vgi_output_f64, for format "f". @since 0.1 */
VGI_API int vgi_output_f32(vgi_output *out, const char *column, size_t rows,
                           float **items);

/** As vgi_output_f64, for 64-bit signed storage: "l", timestamps, time64, date64,
 * durations. @since 0.1 */
VGI_API int vgi_output_i64(vgi_output *out, const char *column, size_t rows,
                           int64_t **items);

/** As vgi_output_f64, for 32-bit signed storage: "i", date32, time32. @since 0.1 */
VGI_API int vgi_output_i32(vgi_output *out, const char *column, size_t rows,
                           int32_t **items);

/** As vgi_output_f64, for format "L". @since 0.1 */
VGI_API int vgi_output_u64(vgi_output *out, const char *column, size_t rows,
                           uint64_t **items);

/**
 * Append one string to a column.
 *
 * Columns filled value by value must end up with as many rows as the others.
 *
 * @param column  name of an output column of format "u", "U", "vu", or a
 *                dictionary of them
 * @param value   UTF-8; copied; data NULL appends a null
 * @return VGI_OK; VGI_ESCHEMA no such column, or another type; VGI_EINVAL no
 *         UTF-8, a null where the column has none, or the batch was sent already;
 *         VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_output_str(vgi_output *out, const char *column, vgi_str value);

/** As vgi_output_str, for "z", "Z", "vz" and "w:N" (exactly N bytes). @since 0.1 */
VGI_API int vgi_output_bytes(vgi_output *out, const char *column, vgi_bytes value);

/** As vgi_output_str, for one boolean of a "b" column. @since 0.1 */
VGI_API int vgi_output_bool(vgi_output *out, const char *column, bool value);

/** As vgi_output_str, for one null of a nullable column of any type. @since 0.1 */
VGI_API int vgi_output_null(vgi_output *out, const char *column);

/**
 * Send a ready-made batch as this turn's, without copying its data.
 *
 * Columns are projected by name and safely cast to the output schema. The batch's
 * own metadata is not sent: see vgi_output_metadata.
 *
 * @param batch  the turn's input, or one of your own, which may be unreferenced
 *               at once: the library keeps a reference for as long as it needs one
 * @return VGI_OK; VGI_ESCHEMA a column is missing or cannot be cast;
 *         VGI_EINVAL something was put into this turn's batch already; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_output_batch(vgi_output *out, const vgi_batch *batch);

/**
 * Make this turn's batch one without columns but with rows.
 *
 * @param rows  0 or more
 * @return VGI_OK; VGI_EINVAL the output schema has columns, `rows` is negative, or
 *         the batch was sent already.
 * @since 0.1
 */
VGI_API int vgi_output_rows(vgi_output *out, int64_t rows);

/**
 * Add a metadata pair to this turn's batch. Call it before vgi_output_emit.
 *
 * @param key    NUL-terminated; copied
 * @param value  copied
 * @return VGI_OK; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_output_metadata(vgi_output *out, const char *key, vgi_str value);

/**
 * Put this turn's batch in its place now, so that later logs come after it.
 *
 * Without it the batch takes its place when the handler returns. A batch of no rows
 * is made when nothing was appended.
 *
 * @return VGI_OK; VGI_EINVAL a batch was already emitted in this turn, or its
 *         columns differ in length; VGI_ELIMIT; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_output_emit(vgi_output *out);

/**
 * End the stream after this turn, whose batch is still sent. Producers only.
 *
 * @return VGI_OK; VGI_EINVAL in an exchange or a unary handler.
 * @since 0.1
 */
VGI_API int vgi_output_finish(vgi_output *out);

VGI_END_DECLS

#endif
