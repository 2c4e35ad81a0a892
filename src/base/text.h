/* SPDX-License-Identifier: Apache-2.0 */
/* Text forms: hex, base64, numbers. */
#ifndef VGI_BASE_TEXT_H
#define VGI_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vgirpc/value.h>

void vgi__hex(char *out /* 2n, no NUL */, const uint8_t *p, size_t n); /* lowercase */
bool vgi__unhex(uint8_t *out /* n/2 */, const char *p, size_t n);
size_t vgi__base64(char *out /* 4*((n+2)/3), no NUL */, const uint8_t *p, size_t n);
bool vgi__unbase64(uint8_t *out /* 3*(n/4) */, size_t *len, const char *p,
                   size_t n);                         /* padded, strict */
size_t vgi__u64_text(char *out /* 20 */, uint64_t v); /* decimal digits, no NUL */
size_t vgi__i64_text(char *out /* 20 */, int64_t v);
size_t vgi__f64_text(char *out /* 32 */,
                     double v);             /* shortest that reads back; "inf", "nan" */
bool vgi__parse_i64(vgi_str s, int64_t *v); /* whole string, decimal, optional '-' */
bool vgi__parse_u64(vgi_str s, uint64_t *v);
bool vgi__parse_f64(vgi_str s, double *v); /* whole string, C locale */

#endif
