/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: compiled services.
 *
 * The registry copies each table entry into a compiled method, with everything that the
 * checks found: schemas, records, names. Nothing of it changes while serving, so that any
 * number of sessions share it. What a session needs per method (builders) lives with its
 * call, in slots that are found by method->index.
 */
#ifndef VGI_RPC_METHOD_H
#define VGI_RPC_METHOD_H

#include <pthread.h>
#include <stdatomic.h>

#include <vgirpc/server.h>

#include "arrow/builder.h"
#include "arrow/writer.h"
#include "rpc/registry.h"
#include "types/record.h"

typedef struct vgi__service vgi__service;

typedef struct vgi__method {
    vgi_method def; /* copy of the table entry; zero beyond the entry's size */
    const vgi__service *service;
    const char *name; /* on the wire */
    size_t name_len;
    char *where;    /* "Service.method" */
    uint32_t index; /* in the registry: slot of a session */
    bool stream, has_return;
    unsigned visible; /* VGI_VISIBLE_*, never 0 */
    /* NULL for run-time methods, and where there is nothing to convert */
    vgi__record *params, *result, *header, *input, *output;
    vgi__record *state; /* NULL: it is opaque, or a run-time stream's */
    /* never NULL but for header_schema; borrowed from the records or the table */
    const vgi_schema *params_schema, *result_schema, *header_schema, *input_schema,
        *output_schema;
} vgi__method;

/* What a service says of itself, made when somebody first asks: most workers never do. */
typedef struct vgi__introspection {
    pthread_mutex_t lock; /* held while it is made */
    atomic_bool ready;    /* the rest is there, and stays as it is */
    char describe_hash[65], protocol_hash[65];
    /* the answer to `__describe__` */
    vgi__builder *builder; /* holds the memory of `rows` */
    struct ArrowArray *rows;
    vgi_pair pairs[5];
} vgi__introspection;

struct vgi__service {
    vgi_service def; /* copy, as above */
    uint64_t version[3];
    vgi__method *methods; /* by name, in code point order */
    size_t n_methods;
    uint32_t *buckets; /* open addressing over `methods`: index + 1, or 0 */
    size_t n_buckets;  /* a power of two */
    vgi__introspection introspection;
};

struct vgi__registry {
    vgi_server_options options; /* effective: limits filled in, hooks copied */
    char *server_id;
    vgi__service **services; /* the first is the primary */
    size_t n_services, services_cap;
    uint32_t n_methods; /* of all services */
};

/* registry.c */
vgi__service *vgi__registry_find(const vgi__registry *r, vgi_str service);
const vgi__method *vgi__service_find(const vgi__service *s, vgi_str method);

/* compile.c: check a table and compile its methods. */
int vgi__service_compile(vgi__service **out, const vgi_service *table,
                         const vgi_server_options *options, vgi_error *err);
void vgi__service_free(vgi__service *s, const vgi_allocator *a);

/* names.c */
bool vgi__version_parse(vgi_str text, uint64_t version[3]); /* MAJOR.MINOR.PATCH */
/* NULL when the name can be a protocol's, else what is wrong with it. */
const char *vgi__protocol_name_check(vgi_str name, bool allow_reserved);
bool vgi__name_is_dunder(vgi_str name);
uint32_t vgi__name_hash(vgi_str name);

/* hash.c */
int vgi__hash_describe(const vgi__service *s, char out[65], vgi_error *err);
int vgi__hash_protocol(const vgi__service *s, const vgi_allocator *a, char out[65],
                       vgi_error *err);

/* describe.c */
/* Make the service's introspection if it is not there yet. VGI_ENOMEM. Any thread. */
int vgi__introspect(const vgi__registry *r, vgi__service *s, vgi_error *err);
/* The answer to a `__describe__` request, onto the writer. After vgi__introspect. */
int vgi__describe_write(const vgi__service *s, vgi__writer *w, vgi_error *err);
/* The result's schema as `__describe__` states it, a new reference: release 0.15.0 calls
 * a described struct nullable, which it never is. */
int vgi__describe_result(const vgi__method *m, vgi_schema **out, vgi_error *err);
/* is_exchange as `__describe__` states it: '0', '1', or '-' for null. */
char vgi__describe_exchange(const vgi__method *m);

#endif
