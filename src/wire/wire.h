/* SPDX-License-Identifier: Apache-2.0 */
/* What batches mean: requests, logs, errors, data. No sockets, no dispatch. */
#ifndef VGI_WIRE_WIRE_H
#define VGI_WIRE_WIRE_H

#include <string.h>

#include <vgirpc/call.h>
#include <vgirpc/server.h>

#include "arrow/writer.h"
#include "wire/epoch.h"
#include "wire/keys.h"

/* Is a string exactly this literal, whose length costs nothing? */
#define VGI__IS(s, literal) \
    ((s).len == sizeof(literal) - 1 && \
     memcmp((s).data, literal, sizeof(literal) - 1) == 0)

/* ---- requests ---- */

typedef struct vgi__request {
    vgi__epoch epoch;
    bool has_method, has_version, has_protocol, has_protocol_version, cancel;
    vgi_str method, version, protocol, protocol_version;
    const vgi_metadata *metadata;
} vgi__request;

/* Read the routing keys; never fails: absent ones have has_* false. Epoch by
 * wire-epochs.md 1.5. */
void vgi__request_parse(const vgi_metadata *m, vgi_compat compat, vgi__request *out);

/* ---- classification (2.2) ---- */

typedef enum vgi__batch_class {
    VGI__BATCH_DATA,
    VGI__BATCH_LOG,
    VGI__BATCH_ERROR,
    VGI__BATCH_LOCATION,
    VGI__BATCH_SHM
} vgi__batch_class;

vgi__batch_class vgi__batch_classify(const vgi_batch *b);

/* ---- logs and exceptions (2.3, 2.4) ---- */

typedef struct vgi__origin {
    const char *server_id;
    const char *request_id; /* NULL: not sent */
    bool tracebacks;
    const vgi_limits *limits;
    vgi__buffer *scratch; /* where texts are put together; reused, overwritten */
} vgi__origin;

/* Write a log batch on the writer's begun schema. */
int vgi__write_log(vgi__writer *w, vgi_log_level level, vgi_str message,
                   const vgi_metadata *extra, const vgi__origin *from, vgi_error *err);
/* Write an EXCEPTION batch on the writer's begun schema: seed keys and the current
 * superset; traceback and frames are synthesised from `where` ("Service.method"). */
int vgi__write_exception(vgi__writer *w, const vgi_failure *f, const char *where,
                         const vgi__origin *from, vgi_error *err);

/* "INFO" ... <-> level; 0: unknown. */
const char *vgi__level_name(vgi_log_level level);
vgi_log_level vgi__level_parse(vgi_str name);
/* Is it one of the sixteen canonical codes? */
bool vgi__code_valid(const char *code);
/* Is it a JSON array of objects, as error details have to be? */
bool vgi__details_valid(const char *json);

#endif
