/* SPDX-License-Identifier: Apache-2.0 */
/* Decimals of 32 to 256 bits (little-endian two's complement) and their exact text. */
#ifndef VGI_TYPES_DECIMAL_H
#define VGI_TYPES_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vgirpc/value.h>

#define VGI__DECIMAL_TEXT_SIZE 208

/* Write the value with `scale` fraction digits ("123.4500"; "12E+3" for a scale below 0
 * or above 100). `width`: 4, 8, 16 or 32 bytes. Returns the length; no NUL. */
size_t vgi__decimal_text(char out[VGI__DECIMAL_TEXT_SIZE], const uint8_t *value,
                         int32_t width, int32_t scale);

typedef enum vgi__decimal_status {
    VGI__DECIMAL_OK,
    VGI__DECIMAL_MALFORMED, /* not [+-]digits[.digits][e[+-]digits] */
    VGI__DECIMAL_SCALE,     /* more fraction digits than the scale keeps */
    VGI__DECIMAL_PRECISION  /* more digits than the precision */
} vgi__decimal_status;

/* Read a text exactly: nothing is rounded. */
vgi__decimal_status vgi__decimal_parse(vgi_str text, int32_t precision, int32_t scale,
                                       int32_t width, uint8_t *out);

#endif
