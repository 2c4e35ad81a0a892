/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGI_BASE_UTF8_H
#define VGI_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool vgi__utf8_valid(const void *p,
                     size_t n); /* no surrogates, no overlong forms, <= U+10FFFF */
/* The largest prefix length <= max that does not cut a character of valid UTF-8. */
size_t vgi__utf8_cut(const char *p, size_t n, size_t max);

#endif
