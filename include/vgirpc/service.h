/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file service.h
 * Methods and services, as static tables.
 *
 * A handler is a plain typed function; one macro line after it publishes it.
 * A wrong signature is a compile error that names the user's type.
 *
 *     static int hello(vgi_call *call, const hello_params *in, vgi_str *out);
 *     VGI_UNARY(hello, hello_params, vgi_str, .doc = "Greet someone.");
 *
 *     static const vgi_method *const methods[] = { VGI_METHOD(hello), NULL };
 *     static const vgi_service greeter = { VGI_SERVICE_INIT, .name = "Greeter",
 *                                          .methods = methods };
 *
 * A handler returns VGI_OK, or whatever vgi_fail() or a failed library call
 * returned. Tables must outlive the server. Handlers may run on several
 * threads at once unless the server is sequential.
 */
#ifndef VGIRPC_SERVICE_H
#define VGIRPC_SERVICE_H

#ifdef __GNUC__
#pragma GCC system_header /* gcc reports a misused macro where it is used */
#endif

#include <vgirpc/batch.h>
#include <vgirpc/call.h>
#include <vgirpc/output.h>
#include <vgirpc/type.h>

VGI_BEGIN_DECLS

/** What a method is on the wire. */
typedef enum vgi_method_kind {
    VGI_METHOD_UNARY = 1, /**< one request, one result */
    VGI_METHOD_PRODUCER,  /**< the server sends batches until it finishes */
    VGI_METHOD_EXCHANGE   /**< one batch out for each batch in */
} vgi_method_kind;

/** Where a method is visible. 0 means everywhere. */
enum {
    VGI_VISIBLE_SEED = 1,   /**< to clients of the seed wire epoch (0.15) */
    VGI_VISIBLE_CURRENT = 2 /**< to clients of the current wire epoch */
};

/**
 * One method. Made by the macros below, by hand, or by builder.h. What a kind
 * does not use is NULL. Types and schemas are alternatives: a method made at
 * run time has `*_schema` in place of types and `dynamic` handlers.
 */
typedef struct vgi_method {
    size_t size;       /**< sizeof(vgi_method) */
    const char *ident; /**< C name; the wire name unless `name` is set */
    vgi_method_kind kind;
    const vgi_type *params; /**< described struct or vgi_void */
    const vgi_type *result; /**< unary */
    const vgi_type *state;  /**< streams; zeroed before open */
    const vgi_type *input;  /**< exchange: rows that come in */
    const vgi_type *output; /**< streams: rows that go out */
    int (*unary)(vgi_call *call, const void *in, void *out);
    int (*open)(vgi_call *call, const void *in, void *state);
    int (*next)(vgi_call *call, void *state, vgi_output *out);
    int (*exchange)(vgi_call *call, void *state, const vgi_batch *in, vgi_output *out);
    /* attributes, all optional */
    const char *name;       /**< wire name */
    const char *doc;        /**< one or more lines */
    const vgi_type *header; /**< streams: described struct sent once before the data */
    /** The client cancelled; see VGI_ON_CANCEL. */
    void (*cancel)(vgi_call *call, void *state);
    /**
     * The stream is over, however it ended; not called when open failed. Over HTTP a
     * state lives for one request: this runs at the end of each.
     */
    void (*destroy)(void *state);
    unsigned visible; /**< VGI_VISIBLE_*; 0: everywhere */
    /* run-time methods (builder.h) */
    const struct vgi_schema *params_schema;
    const struct vgi_schema *result_schema;
    const struct vgi_schema *header_schema;
    const struct vgi_schema *input_schema;
    const struct vgi_schema *output_schema;
    int (*dynamic_unary)(vgi_call *call, const vgi_batch *in, vgi_output *out,
                         void *user);
    int (*dynamic_open)(vgi_call *call, const vgi_batch *in, void **state, void *user);
    int (*dynamic_next)(vgi_call *call, void *state, const vgi_batch *in, vgi_output *out,
                        void *user);
    void (*dynamic_close)(void *state, void *user);
    void *user; /**< passed to the dynamic handlers */
    /** NULL, or per column of params_schema a JSON scalar (NULL: none): its default. */
    const char *const *defaults;
    /** Of a run-time stream: its state as bytes and back; see vgi_dynamic_stream. */
    int (*dynamic_save)(vgi_call *call, const void *state, vgi_bytes *bytes, void *user);
    int (*dynamic_restore)(vgi_call *call, vgi_bytes bytes, void **state, void *user);
    int reserved_;
} vgi_method;

/** A service: a name and its methods. */
typedef struct vgi_service {
    size_t size;         /**< sizeof(vgi_service); VGI_SERVICE_INIT sets it */
    const char *name;    /**< wire name: [A-Za-z_][A-Za-z0-9_.]*, at most 255 bytes */
    const char *version; /**< MAJOR.MINOR.PATCH that clients must match; NULL: no gate */
    const char *doc;     /**< one or more lines, for --describe */
    const vgi_method *const *methods; /**< ends with NULL */
    bool untyped_streams; /**< `__describe__` states no is_exchange for its streams */
    int reserved_;
} vgi_service;

/** The first initialiser of a vgi_service. */
#define VGI_SERVICE_INIT .size = sizeof(vgi_service)

/** The table entry of a published method. */
#define VGI_METHOD(fn) (&fn##_vgi_method)

#ifndef __cplusplus

/* Compilers only warn about incompatible function pointers; this makes it an error, which
 * says what the function has to look like. */
#define VGI_ASSERT_TYPE_(fn, ret, ...) \
    VGI_STATIC_ASSERT(_Generic(&fn, ret(*)(__VA_ARGS__) : 1, default : 0), \
                      #fn " must be: " #ret " " #fn "(" #__VA_ARGS__ ")")

#define VGI_PUBLISH_(fn, K, ...) \
    static const vgi_method fn##_vgi_method = { \
        .size = sizeof(vgi_method), .ident = #fn, .kind = VGI_METHOD_##K, __VA_ARGS__ \
    }

/**
 * Publish the unary method `fn`, a function
 *     int fn(vgi_call *call, const P *in, R *out);
 * VGI_UNARY(fn, P, R, attributes...): P is a described struct or vgi_void, R any
 * described type or vgi_void. *out is zeroed before the call. What `in` points to is
 * borrowed until the handler returns, what *out points to must stay until the result
 * has been written: literals, static data, `in`, or memory of the call.
 */
#define VGI_UNARY(...) VGI_UNARY_(__VA_ARGS__, .reserved_ = 0)
#define VGI_UNARY_(fn, P, R, ...) \
    VGI_ASSERT_TYPE_(fn, int, vgi_call *, const P *, R *); \
    static int fn##_vgi_unary(vgi_call *call, const void *in, void *out) \
    { \
        const P *p_ = in; \
        R *r_ = out; \
        return fn(call, p_, r_); \
    } \
    VGI_PUBLISH_(fn, UNARY, .params = &vgi_type_##P, .result = &vgi_type_##R, \
                 .unary = fn##_vgi_unary, __VA_ARGS__)

#define VGI_OPEN_THUNK_(fn, P, S) \
    VGI_ASSERT_TYPE_(fn##_open, int, vgi_call *, const P *, S *); \
    static int fn##_vgi_open(vgi_call *call, const void *in, void *st) \
    { \
        const P *p_ = in; \
        S *s_ = st; \
        return fn##_open(call, p_, s_); \
    }

/**
 * Publish the producer stream `fn`, made of
 *     int fn_open(vgi_call *, const P *, S *);
 *     int fn_next(vgi_call *, S *, vgi_output *);
 * that emits rows of `Row`: VGI_PRODUCER(fn, P, S, Row, attributes...). `S` is a
 * described struct, VGI_OPAQUE or vgi_void; it is zeroed before open. Strings and
 * lists of `P` stay valid until the stream ends, so the state may point to them.
 */
#define VGI_PRODUCER(...) VGI_PRODUCER_(__VA_ARGS__, .reserved_ = 0)
#define VGI_PRODUCER_(fn, P, S, Row, ...) \
    VGI_OPEN_THUNK_(fn, P, S) \
    VGI_ASSERT_TYPE_(fn##_next, int, vgi_call *, S *, vgi_output *); \
    static int fn##_vgi_next(vgi_call *call, void *st, vgi_output *out) \
    { \
        S *s_ = st; \
        return fn##_next(call, s_, out); \
    } \
    VGI_PUBLISH_(fn, PRODUCER, .params = &vgi_type_##P, .state = &vgi_type_##S, \
                 .output = &vgi_type_##Row, .open = fn##_vgi_open, \
                 .next = fn##_vgi_next, __VA_ARGS__)

/**
 * Publish the exchange stream `fn`: fn_open as above, and per turn
 *     int fn_exchange(vgi_call *, S *, const vgi_batch *in, vgi_output *);
 * VGI_EXCHANGE(fn, P, S, In, Out, attributes...): `In` and `Out` describe the rows.
 * Input columns are matched by name and safely cast before the handler sees them; a
 * batch that cannot be cast ends the stream with an error.
 */
#define VGI_EXCHANGE(...) VGI_EXCHANGE_(__VA_ARGS__, .reserved_ = 0)
#define VGI_EXCHANGE_(fn, P, S, In, Out, ...) \
    VGI_OPEN_THUNK_(fn, P, S) \
    VGI_ASSERT_TYPE_(fn##_exchange, int, vgi_call *, S *, const vgi_batch *, \
                     vgi_output *); \
    static int fn##_vgi_exchange(vgi_call *call, void *st, const vgi_batch *in, \
                                 vgi_output *out) \
    { \
        S *s_ = st; \
        return fn##_exchange(call, s_, in, out); \
    } \
    VGI_PUBLISH_(fn, EXCHANGE, .params = &vgi_type_##P, .state = &vgi_type_##S, \
                 .input = &vgi_type_##In, .output = &vgi_type_##Out, \
                 .open = fn##_vgi_open, .exchange = fn##_vgi_exchange, __VA_ARGS__)

/**
 * Make `void fn_cancel(vgi_call *, S *)` the cancel callback of stream `fn`:
 * put this line before VGI_PRODUCER or VGI_EXCHANGE, and `.cancel =
 * VGI_CANCEL(fn)` into it.
 */
#define VGI_ON_CANCEL(fn, S) \
    VGI_ASSERT_TYPE_(fn##_cancel, void, vgi_call *, S *); \
    static void fn##_vgi_cancel(vgi_call *call, void *st) \
    { \
        S *s_ = st; \
        fn##_cancel(call, s_); \
    } \
    VGI_STATIC_ASSERT(1, "")
#define VGI_CANCEL(fn) fn##_vgi_cancel

/**
 * As VGI_ON_CANCEL, for `void fn_destroy(S *)` and `.destroy = VGI_DESTROY(fn)`: runs
 * once when a stream that was opened is over. An open that fails cleans up itself.
 */
#define VGI_ON_DESTROY(fn, S) \
    VGI_ASSERT_TYPE_(fn##_destroy, void, S *); \
    static void fn##_vgi_destroy(void *st) \
    { \
        S *s_ = st; \
        fn##_destroy(s_); \
    } \
    VGI_STATIC_ASSERT(1, "")
#define VGI_DESTROY(fn) fn##_vgi_destroy

#endif /* !__cplusplus */

VGI_END_DECLS

#endif
