/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the compiled schema.
 *
 * A schema is compiled once into a flat depth-first program of nodes. Node 0 is the root
 * struct; a node's children follow it, the next sibling is `index + subtree`. Reader,
 * writer, validation, builder, cast and text all walk this program beside the C Data
 * Interface arrays. A dictionary's value type is a program of its own
 * (schema->dictionaries[node.dictionary]).
 */
#ifndef VGI_ARROW_TYPES_H
#define VGI_ARROW_TYPES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <vgirpc/limits.h>
#include <vgirpc/schema.h>
#include <vgirpc/sys/alloc.h>

/* Physical layout: how many buffers and what they mean. */
typedef enum vgi__layout {
    VGI__LAYOUT_NULL,         /* no buffers */
    VGI__LAYOUT_BOOL,         /* validity, bits */
    VGI__LAYOUT_FIXED,        /* validity, values of `width` bytes */
    VGI__LAYOUT_BINARY,       /* validity, int32 offsets, data */
    VGI__LAYOUT_BINARY64,     /* validity, int64 offsets, data */
    VGI__LAYOUT_VIEW,         /* validity, 16-byte views, n variadic data buffers */
    VGI__LAYOUT_LIST,         /* validity, int32 offsets; also maps */
    VGI__LAYOUT_LIST64,       /* validity, int64 offsets */
    VGI__LAYOUT_LIST_VIEW,    /* validity, int32 offsets, int32 sizes */
    VGI__LAYOUT_LIST_VIEW64,  /* validity, int64 offsets, int64 sizes */
    VGI__LAYOUT_FIXED_LIST,   /* validity; `width` items per row */
    VGI__LAYOUT_STRUCT,       /* validity */
    VGI__LAYOUT_UNION_SPARSE, /* type ids */
    VGI__LAYOUT_UNION_DENSE,  /* type ids, int32 offsets */
    VGI__LAYOUT_RUN_END       /* none; children run_ends, values */
} vgi__layout;

/* Logical type, beyond the layout. Numbers are those of the flatbuffer Type union. */
typedef enum vgi__logical {
    VGI__TYPE_NULL = 1,
    VGI__TYPE_INT = 2,
    VGI__TYPE_FLOAT = 3,
    VGI__TYPE_BINARY = 4,
    VGI__TYPE_UTF8 = 5,
    VGI__TYPE_BOOL = 6,
    VGI__TYPE_DECIMAL = 7,
    VGI__TYPE_DATE = 8,
    VGI__TYPE_TIME = 9,
    VGI__TYPE_TIMESTAMP = 10,
    VGI__TYPE_INTERVAL = 11,
    VGI__TYPE_LIST = 12,
    VGI__TYPE_STRUCT = 13,
    VGI__TYPE_UNION = 14,
    VGI__TYPE_FIXED_BINARY = 15,
    VGI__TYPE_FIXED_LIST = 16,
    VGI__TYPE_MAP = 17,
    VGI__TYPE_DURATION = 18,
    VGI__TYPE_LARGE_BINARY = 19,
    VGI__TYPE_LARGE_UTF8 = 20,
    VGI__TYPE_LARGE_LIST = 21,
    VGI__TYPE_RUN_END = 22,
    VGI__TYPE_BINARY_VIEW = 23,
    VGI__TYPE_UTF8_VIEW = 24,
    VGI__TYPE_LIST_VIEW = 25,
    VGI__TYPE_LARGE_LIST_VIEW = 26
} vgi__logical;

typedef enum vgi__time_unit {
    VGI__UNIT_S,
    VGI__UNIT_MS,
    VGI__UNIT_US,
    VGI__UNIT_NS
} vgi__time_unit;

typedef struct vgi__node {
    uint8_t layout;    /* vgi__layout */
    uint8_t logical;   /* vgi__logical */
    uint8_t n_buffers; /* fixed ones; a VIEW has variadic ones beyond */
    bool utf8;         /* contents must be valid UTF-8 */
    bool nullable;
    bool is_signed; /* INT */
    bool ordered;   /* dictionary: ordered; map: keys sorted */
    /* vgi__time_unit; DATE: S for days, MS; INTERVAL: 0 months, 1 day-time, 2
     * month-day-nano */
    uint8_t unit;
    int32_t width;            /* FIXED: bytes per value; FIXED_LIST: items per row */
    int32_t precision, scale; /* DECIMAL */
    int32_t n_children;
    int32_t subtree; /* nodes of this subtree, itself included */
    /* Index into schema->dictionaries, the node is then the index type; or -1. */
    int32_t dictionary;
    const char *name; /* NUL-terminated, never NULL; owned by the schema */
    uint32_t name_len;
    const char *format; /* C Data Interface; of the index when dictionary-encoded */
    const char *extra; /* timezone of a timestamp, type ids "0,1,5" of a union; or NULL */
    const uint8_t *metadata; /* field metadata in C Data form, or NULL */
} vgi__node;

typedef struct vgi__dictionary_type {
    int64_t id;                /* on the wire */
    struct vgi_schema *values; /* one column: the value type; may nest dictionaries */
    int32_t nested;            /* where those begin in the count n_slots */
} vgi__dictionary_type;

struct vgi_schema {
    atomic_int refs;
    const vgi_allocator *allocator;
    vgi__node *nodes; /* n_nodes; [0] is the root struct */
    int32_t n_nodes;
    int32_t n_columns;
    int32_t n_buffers; /* fixed buffers of all nodes but the root */
    int32_t n_views;   /* nodes of layout VIEW */
    bool plain;        /* no dictionaries and no views at any level: fast paths apply */
    vgi__dictionary_type *dictionaries; /* in depth-first order of their nodes */
    int32_t n_dictionaries; /* of this program (values' own are inside them) */
    int32_t n_slots;        /* at all levels: those of this program, then those in each */
    int32_t n_spelled;      /* nodes, and for each dictionary-encoded one its values' */
    const uint8_t *message; /* encapsulated IPC schema message */
    uint32_t message_len;
    const uint8_t *metadata; /* schema metadata in C Data form, or NULL */
    uint64_t hash;           /* of the message bytes */
    char *text;       /* room for names, formats, metadata: see vgi__schema_alloc */
    uint8_t *encoded; /* owns `message` when this library encoded it; or NULL */
};

/*
 * Making a schema: alloc, fill the nodes, finish, seal. Strings (and a received message)
 * go into s->text. A node needs name, name_len, metadata, nullable, ordered, n_children,
 * dictionary and what vgi__format_parse sets. A dictionary type needs id and values: a
 * schema of one nullable column with the name "", finished but not sealed. On failure of
 * any step: unref.
 */
/* One zeroed allocation, refs 1; NULL: no memory. */
vgi_schema *vgi__schema_alloc(const vgi_allocator *a, int32_t n_nodes,
                              int32_t n_dictionaries, size_t text);
/* Most n_spelled. Nodes may share a dictionary type, also one with such nodes. */
#define VGI__SCHEMA_SPELLED (1 << 18)
/* Check the shapes (child counts, map entries, run ends, union ids, index types; `code`
 * is the status of a violation) and set subtree, the counts and `plain`. */
int vgi__schema_finish(vgi_schema *s, int code, vgi_error *err);
/* Set hash and, unless it is set already, encode message. */
int vgi__schema_seal(vgi_schema *s, vgi_error *err);

/* First child, next sibling. */
static inline int32_t vgi__child(int32_t node)
{
    return node + 1;
}
static inline int32_t vgi__sibling(const struct vgi_schema *s, int32_t node)
{
    return node + s->nodes[node].subtree;
}
/* Node index of a top-level column, -1 when out of range. */
int32_t vgi__column_node(const struct vgi_schema *s, int32_t column);

/* Bytes of field metadata in C Data form: int32 pairs, then int32 length and bytes of
 * each key and value. */
size_t vgi__packed_metadata_size(const uint8_t *metadata);

/* Compile from C Data (deep copy). `limits` NULL: defaults. */
int vgi__schema_compile(vgi_schema **out, const struct ArrowSchema *s,
                        const vgi_limits *limits, const vgi_allocator *a, vgi_error *err);
/* Parse a format string into the node's format, layout, logical, n_buffers, utf8,
 * is_signed, unit, width, precision, scale and extra (the last points into `format`);
 * false: unknown. */
bool vgi__format_parse(const char *format, vgi__node *node);
/* The empty schema: one static instance, ref/unref are no-ops on it. */
const vgi_schema *vgi__schema_empty(void);
/* Which child each type id of a union stands for. */
void vgi__union_children(const vgi__node *node, uint8_t child_of[128]);
/* Equality of a pair of columns as vgi_schema_equal sees it. Their own names and
 * nullability count only if asked. */
bool vgi__node_equal(const vgi_schema *a, int32_t na, const vgi_schema *b, int32_t nb,
                     bool names, bool nullability);
/* Arrow's own words for a node's type, appended: "list<item: int64 not null>". */
struct vgi__buffer;
bool vgi__type_text(struct vgi__buffer *b, const vgi_schema *s, int32_t node);
/* All columns on one line: "a: int64 not null, b: string". */
bool vgi__schema_text(struct vgi__buffer *b, const vgi_schema *s);
/* The same for messages: into `out`, NUL-terminated, as much as fits. Return out.
 * vgi__names_words: "['a', 'b']". */
const char *vgi__type_words(char *out, size_t size, const vgi_schema *s, int32_t node);
const char *vgi__schema_words(char *out, size_t size, const vgi_schema *s);
const char *vgi__names_words(char *out, size_t size, const vgi_schema *s);

#endif
