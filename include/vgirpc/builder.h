/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file builder.h
 * Services made at run time: for schemas that are known only then, for C++,
 * and for bindings. The described structs stand on the same ground.
 *
 * Handlers get their parameters as a one-row batch and read them by name
 * (vgi_batch_str ...); they write results and rows with vgi_output_*.
 */
#ifndef VGIRPC_BUILDER_H
#define VGIRPC_BUILDER_H

#include <vgirpc/service.h>

VGI_BEGIN_DECLS

/** A service under construction; the finished one belongs to it. */
typedef struct vgi_builder vgi_builder;

/** A run-time unary handler: one row in, one row out ("result" column unless void). */
typedef int vgi_dynamic_unary(vgi_call *call, const vgi_batch *in, vgi_output *out,
                              void *user);

/** A run-time stream. Schemas are referenced, not consumed; NULL is the empty schema. */
typedef struct vgi_dynamic_stream {
    size_t size; /**< sizeof(vgi_dynamic_stream) */
    vgi_method_kind kind;
    const vgi_schema *params, *header, *input, *output; /**< header NULL: none */
    /** Make the state. `*state` may stay NULL. */
    int (*open)(vgi_call *call, const vgi_batch *in, void **state, void *user);
    /** One turn; `in` is the tick of a producer or the input of an exchange. */
    int (*next)(vgi_call *call, void *state, const vgi_batch *in, vgi_output *out,
                void *user);
    void (*cancel)(vgi_call *call, void *state); /**< may be NULL */
    void (*close)(void *state, void *user);      /**< frees the state; may be NULL */
    void *user;
} vgi_dynamic_stream;

/**
 * Start a service.
 * @param[out] out  owned: vgi_builder_free, after every server that uses it
 * @param name      wire name; copied
 * @param version   MAJOR.MINOR.PATCH or NULL; copied
 * @return VGI_OK; VGI_EINVAL a bad name or version; VGI_ENOMEM. @since 0.1
 */
VGI_API int vgi_builder_new(vgi_builder **out, const char *name, const char *version,
                            vgi_error *err);

/**
 * Add a unary method. `result` NULL makes it void.
 * @return VGI_OK; VGI_EINVAL the name is taken or empty; VGI_ENOMEM. @since 0.1
 */
VGI_API int vgi_builder_unary(vgi_builder *builder, const char *method,
                              const vgi_schema *params, const vgi_schema *result,
                              vgi_dynamic_unary *handler, void *user, vgi_error *err);

/** Add a stream method. @return as vgi_builder_unary. @since 0.1 */
VGI_API int vgi_builder_stream(vgi_builder *builder, const char *method,
                               const vgi_dynamic_stream *stream, vgi_error *err);

/** Document a method. Copied. @return VGI_OK; VGI_ENOTFOUND; VGI_ENOMEM. @since 0.1 */
VGI_API int vgi_builder_doc(vgi_builder *builder, const char *method, const char *doc,
                            vgi_error *err);

/**
 * Give a parameter a default, used when a request lacks the column.
 * @param json  one JSON scalar
 * @return VGI_OK; VGI_ENOTFOUND no such method or parameter; VGI_EINVAL the
 *         text is no JSON scalar of the column's type; VGI_ENOMEM. @since 0.1
 */
VGI_API int vgi_builder_default(vgi_builder *builder, const char *method,
                                const char *param, const char *json, vgi_error *err);

/** Return the service, borrowed from the builder. No more methods afterwards. @since 0.1
 */
VGI_API const vgi_service *vgi_builder_service(vgi_builder *builder);

/** Free builder and service. NULL is ignored. @since 0.1 */
VGI_API void vgi_builder_free(vgi_builder *builder);

VGI_END_DECLS

#endif
