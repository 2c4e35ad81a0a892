/* SPDX-License-Identifier: Apache-2.0 */
/* Filling a vgi_error. The library's own way is not public. */
#ifndef VGI_STORE_FAIL_H
#define VGI_STORE_FAIL_H

#include <vgirpc/error.h>
#include <vgirpc/value.h>

/* Set *err (may be NULL) and return `code`. */
int vgi__store_fail(vgi_error *err, int code, const char *fmt, ...) VGI_PRINTF(3, 4);
int vgi__store_nomem(vgi_error *err); /* VGI_ENOMEM */

/* Make text of a peer fit for a message: at most so many bytes, in printable ASCII.
 * Returns buf. */
#define VGI_STORE_ECHO_SIZE 257
const char *vgi__store_echo(char buf[VGI_STORE_ECHO_SIZE], vgi_str text);

#endif
