/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGI_BASE_CLOCK_H
#define VGI_BASE_CLOCK_H

#include <stdint.h>

uint64_t vgi__clock_ns(void); /* monotonic */
int64_t vgi__wall_us(void);   /* Unix time */

#endif
