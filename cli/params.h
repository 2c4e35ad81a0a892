/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters and input rows: from words and JSON to batches. */
#ifndef CLI_PARAMS_H
#define CLI_PARAMS_H

#include <vgirpc/client.h>

#include "options.h"
#include "text.h"

/* The parameters of `method` (NULL: not described, types are taken from the values) from
 * name=value words or
 * --json. *out owned; NULL when there are none. VGI_EINVAL: *err says what is wrong. */
int params_batch(vgi_batch **out, const vgi_method_info *method, const settings *s,
                 int argc, char **argv, vgi_error *err);

/* A schema from "name:type,name:type". */
int schema_from_words(vgi_schema **out, const char *words, vgi_error *err);
/* A schema that fits one JSON object: int64, float64, bool, utf8, and lists of them. */
int schema_from_json(vgi_schema **out, vgi_str json, vgi_arena *mem, vgi_error *err);

#endif
