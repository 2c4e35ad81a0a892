/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a vgi_error, once, where the cause is known. */
#ifndef VGI_BASE_FAIL_H
#define VGI_BASE_FAIL_H

#include <stdarg.h>

#include <vgirpc/error.h>
#include <vgirpc/value.h>

/* Set *err (may be NULL) and return `code`. `type` is the exception type a client would
 * see; NULL chooses by code: EPROTO "ArrowInvalid", ELIMIT "LimitError", ESCHEMA and
 * EINVAL "TypeError", ENOMEM "MemoryError", EIO "OSError", ENOTSUP "NotImplementedError",
 * others "RuntimeError". */
int vgi__fail(vgi_error *err, int code, const char *type, const char *fmt, ...)
    VGI_PRINTF(4, 5);
int vgi__vfail(vgi_error *err, int code, const char *type, const char *fmt, va_list ap);
int vgi__fail_nomem(vgi_error *err); /* VGI_ENOMEM */
int vgi__fail_errno(vgi_error *err, int code,
                    const char *what); /* appends strerror(errno) */

/* Make hostile text fit for a message: at most VGI_ERROR_ECHO_BYTES, control and invalid
 * UTF-8 bytes as \xNN. `buf` needs VGI_ECHO_SIZE bytes; returns buf. */
#define VGI_ECHO_SIZE 1100
const char *vgi__echo(char *buf, vgi_str text);

#endif
