/* SPDX-License-Identifier: Apache-2.0 */
/* Dates, times and durations in ISO 8601. Values come from anywhere: any int64 is written
 * without overflow. */
#ifndef VGI_TYPES_TEXT_TIME_H
#define VGI_TYPES_TEXT_TIME_H

#include "base/buffer.h"
#include "types/cell.h"

/* A resolved cell of logical type DATE, TIME, TIMESTAMP, DURATION or INTERVAL; ASCII
 * without quotes. */
bool vgi__time_text(vgi__buffer *b, const vgi__cell *c);

#endif
