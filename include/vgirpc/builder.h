/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file builder.h
 * Services made at run time: for schemas that are known only then, for C++,
 * and for bindings. The described structs stand on the same ground.
 *
 * Handlers get their parameters as a one-row batch and read them by name
 * (vgi_batch_str ...); they write results and rows with vgi_output_*.
 *
 *     vgi_builder_new(&builder, "Greeter", NULL, &err);
 *     vgi_builder_unary(builder, "hello", params, result, hello, NULL, &err);
 *     vgi_serve(vgi_builder_service(builder), argc, argv);
 *     vgi_builder_free(builder);
 *
 * A builder belongs to one thread until its service is made. Nothing here blocks.
 * Its memory is the C library's.
 */
#ifndef VGIRPC_BUILDER_H
#define VGIRPC_BUILDER_H

#include <vgirpc/service.h>

VGI_BEGIN_DECLS

/** A service under construction; the finished one belongs to it. */
typedef struct vgi_builder vgi_builder;

/**
 * A run-time unary handler: one row in, one row out.
 *
 * Results of the reference have one column, "result"; a void one puts nothing into
 * `out`. `in` and `out` are borrowed until it returns. @return as any handler: VGI_OK,
 * or what vgi_fail or a failed library call returned.
 */
typedef int vgi_dynamic_unary(vgi_call *call, const vgi_batch *in, vgi_output *out,
                              void *user);

/**
 * A run-time stream. Copied by vgi_builder_stream; schemas are referenced, and NULL
 * is the empty one.
 */
typedef struct vgi_dynamic_stream {
    size_t size;          /**< sizeof(vgi_dynamic_stream) */
    vgi_method_kind kind; /**< VGI_METHOD_PRODUCER or VGI_METHOD_EXCHANGE */
    const vgi_schema *params, *header, *input, *output; /**< header NULL: none */
    /** Make the state. `*state` may stay NULL; on failure close gets what was set. */
    int (*open)(vgi_call *call, const vgi_batch *in, void **state, void *user);
    /** One turn; `in` is the tick of a producer or the input of an exchange. */
    int (*next)(vgi_call *call, void *state, const vgi_batch *in, vgi_output *out,
                void *user);
    void (*cancel)(vgi_call *call, void *state); /**< the client cancelled; may be NULL */
    /** Free the state, once, however the stream ended; not called when it is NULL. */
    void (*close)(void *state, void *user);
    void *user; /**< passed to open, next, close, save and restore; borrowed */
    /**
     * Over HTTP a stream lives in its token: save puts the state into bytes (memory of
     * the call) after a turn, restore makes a state of them before the next, perhaps in
     * another process. Both or none; with none the stream cannot be opened over HTTP.
     */
    int (*save)(vgi_call *call, const void *state, vgi_bytes *bytes, void *user);
    int (*restore)(vgi_call *call, vgi_bytes bytes, void **state, void *user);
} vgi_dynamic_stream;

/**
 * Start a service.
 *
 * @param[out] out  owned: vgi_builder_free, after every server that uses it
 * @param name      wire name, see vgi_service.name; copied
 * @param version   MAJOR.MINOR.PATCH that clients must match; copied; NULL: no gate
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL a name or version of another form; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_builder_new(vgi_builder **out, const char *name, const char *version,
                            vgi_error *err);

/**
 * Add a unary method.
 *
 * @param method    wire name; copied
 * @param params    its columns are the parameters; referenced; NULL: none
 * @param result    referenced; NULL: the method is void
 * @param handler   may run on several threads at once
 * @param user      passed to the handler; borrowed
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL the name is taken or empty, the handler is NULL, or
 *         vgi_builder_service was called; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_builder_unary(vgi_builder *builder, const char *method,
                              const vgi_schema *params, const vgi_schema *result,
                              vgi_dynamic_unary *handler, void *user, vgi_error *err);

/**
 * Add a stream method.
 *
 * @param method    wire name; copied
 * @param stream    size, kind, open and next must be set; copied
 * @param[out] err  may be NULL
 * @return as vgi_builder_unary
 * @since 0.1
 */
VGI_API int vgi_builder_stream(vgi_builder *builder, const char *method,
                               const vgi_dynamic_stream *stream, vgi_error *err);

/**
 * Document a method, for --describe.
 *
 * @param method    as it was added
 * @param doc       one or more lines; copied; NULL: none
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_ENOTFOUND no such method; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_builder_doc(vgi_builder *builder, const char *method, const char *doc,
                            vgi_error *err);

/**
 * Give a parameter a default, used when a request of the seed epoch lacks the column.
 *
 * @param method    as it was added
 * @param param     column of its params schema
 * @param json      one JSON scalar; copied; takes the place of an earlier one
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_ENOTFOUND no such method or parameter; VGI_EINVAL the
 *         text is no JSON scalar of the column's type; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_builder_default(vgi_builder *builder, const char *method,
                                const char *param, const char *json, vgi_error *err);

/**
 * Return the service. No method can be added afterwards.
 *
 * @return borrowed from the builder; NULL when there is no memory
 * @since 0.1
 */
VGI_API const vgi_service *vgi_builder_service(vgi_builder *builder);

/** Free builder and service, after every server that hosts it. NULL is ignored.
 * @since 0.1 */
VGI_API void vgi_builder_free(vgi_builder *builder);

VGI_END_DECLS

#endif
