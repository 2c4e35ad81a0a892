/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file error.h
 * Statuses, and the record that says what went wrong.
 *
 * Every function that can fail returns an `int` status: VGI_OK (0), VGI_END (1,
 * a stream is over, not an error), or a negative code from the list below. A
 * function that can say more takes a `vgi_error *` as its last parameter: the
 * caller owns it, it may be NULL, and it is written only on failure.
 */
#ifndef VGIRPC_ERROR_H
#define VGIRPC_ERROR_H

#include <vgirpc/macros.h>

VGI_BEGIN_DECLS

/**
 * The negative statuses: X(NAME, number, text). One list makes the constants
 * and their texts. Numbers never change once released.
 */
#define VGI_STATUS_MAP(X)                                                     \
    X(ENOMEM, -1, "out of memory")                                            \
    X(EINVAL, -2, "invalid argument")                                         \
    X(EREMOTE, -3, "the server raised an exception")                          \
    X(ENOTSUP, -4, "not supported by this build or peer")                     \
    X(EPROTO, -5, "the peer broke the protocol")                              \
    X(EIO, -6, "input or output failed")                                      \
    X(ETIMEDOUT, -7, "timed out")                                             \
    X(ELIMIT, -8, "over a configured limit")                                  \
    X(ESCHEMA, -9, "the schema does not match")                               \
    X(ECLOSED, -10, "the peer closed the connection")                         \
    X(EINTERNAL, -11, "internal error")                                       \
    X(ENOTFOUND, -12, "not found")                                            \
    X(ECANCELLED, -13, "cancelled")                                           \
    X(ECONNECT, -14, "cannot connect")

enum {
    VGI_OK = 0,
    VGI_END = 1, /**< positive: not an error, the stream is over */
#define VGI_STATUS_ENUM_(name, number, text) VGI_##name = number,
    VGI_STATUS_MAP(VGI_STATUS_ENUM_)
#undef VGI_STATUS_ENUM_
};

/** Bytes of vgi_error.type and vgi_error.message, terminators included. */
#define VGI_ERROR_TYPE_SIZE 64
#define VGI_ERROR_MESSAGE_SIZE 444

/**
 * What went wrong, in one line. Plain data of 512 bytes: copy it, keep it,
 * nothing to free. Longer texts are cut at a UTF-8 boundary; of a remote
 * failure the client keeps the whole (see vgi_client_failure).
 */
typedef struct vgi_error {
    int code;                             /**< the status that was returned */
    char type[VGI_ERROR_TYPE_SIZE];       /**< exception type, e.g. "ValueError" */
    char message[VGI_ERROR_MESSAGE_SIZE]; /**< one line, NUL-terminated UTF-8 */
} vgi_error;

VGI_STATIC_ASSERT(sizeof(vgi_error) == 512, "vgi_error is part of the ABI");

/**
 * Return the symbolic name of a status, e.g. "VGI_EPROTO".
 *
 * @param status  any value
 * @return a string constant; "VGI_?" for a value that is no status. Any thread.
 * @since 0.1
 */
VGI_API const char *vgi_status_name(int status);

/**
 * Return a short text for a status, e.g. "the peer broke the protocol".
 *
 * @param status  any value
 * @return a string constant; "unknown status" for a value that is no status.
 *         Any thread.
 * @since 0.1
 */
VGI_API const char *vgi_status_text(int status);

VGI_END_DECLS

#endif
