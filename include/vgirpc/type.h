/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file type.h
 * Described structs: one table per struct says where each member is and what
 * it is on the wire. The same table serves parameters, results, rows, stream
 * headers and stream state.
 *
 *     typedef struct point { double x, y; } point;
 *     VGI_STRUCT(point, VGI_FIELD(point, x), VGI_FIELD(point, y));
 *
 * The macros only spell `static const` data; the structs below are the ABI and
 * may be written by hand. The declaring macros are C only; C++ uses hand-made
 * tables or the functions of builder.h.
 *
 * How a C member maps to Arrow:
 *
 *   C member                         Arrow                     format
 *   bool, intN_t, uintN_t            bool, intN, uintN         b c s i l C S I L
 *   float, double                    float32, float64          f g
 *   vgi_str, vgi_bytes               utf8, binary              u z
 *   const T * (scalar or struct)     the same, nullable
 *   vgi_str/.nullable = true         utf8, null if data NULL   u
 *   VGI_SLICE(T)                     list of T                 +l
 *   VGI_SLICE({key, value} struct)   map, .arrow = "+m"        +m
 *   described struct                 struct; binary (one-row IPC stream) when
 *                                    it is a parameter or a result itself
 *   int32_t with .enum_names         dictionary<int16, utf8>   s
 *   vgi_batch *, vgi_schema *        binary holding its IPC form
 *
 * Attributes are trailing designated initialisers: .wire_name, .arrow (a C
 * Data Interface format string that the C type can hold: "tsu:UTC" in an
 * int64_t, "tdD" in an int32_t, "U" or "d:20,4" in a vgi_str, "w:8" in a
 * vgi_bytes), .fallback, .doc, .enum_names, .nullable, .dictionary. On a list,
 * .arrow says what the list is when it is a list's format ("+m", "+L", "+w:3"),
 * and what the items are otherwise; .enum_names and .dictionary are of the items.
 */
#ifndef VGIRPC_TYPE_H
#define VGIRPC_TYPE_H

#ifdef __GNUC__
#pragma GCC system_header /* gcc reports a misused macro where it is used */
#endif

#include <vgirpc/macros.h>
#include <vgirpc/value.h>

VGI_BEGIN_DECLS

struct vgi_batch;
struct vgi_schema;

/** The layout of vgi_type and vgi_field that these headers spell. */
#define VGI_TYPE_ABI 1

/** What a described type is in C. */
typedef enum vgi_kind {
    VGI_KIND_VOID = 1,
    VGI_KIND_BOOL,
    VGI_KIND_INT8,
    VGI_KIND_INT16,
    VGI_KIND_INT32,
    VGI_KIND_INT64,
    VGI_KIND_UINT8,
    VGI_KIND_UINT16,
    VGI_KIND_UINT32,
    VGI_KIND_UINT64,
    VGI_KIND_FLOAT32,
    VGI_KIND_FLOAT64,
    VGI_KIND_STR,      /**< vgi_str */
    VGI_KIND_BYTES,    /**< vgi_bytes */
    VGI_KIND_STRUCT,   /**< a struct with `fields` */
    VGI_KIND_LIST,     /**< a VGI_SLICE of `item` */
    VGI_KIND_OPTIONAL, /**< a pointer to `item`, NULL is null */
    VGI_KIND_ALIAS,    /**< `item` under another name, with other attributes */
    VGI_KIND_BATCH,    /**< struct vgi_batch *: binary holding an IPC stream */
    VGI_KIND_SCHEMA,   /**< struct vgi_schema *: binary holding a schema message */
    VGI_KIND_OPAQUE    /**< memory that never travels; only as stream state */
} vgi_kind;

/** How a member holds its type. */
typedef enum vgi_shape {
    VGI_VALUE,    /**< the value itself */
    VGI_OPTIONAL, /**< a const pointer to it; NULL is null */
    VGI_LIST_OF   /**< a VGI_SLICE of it */
} vgi_shape;

typedef struct vgi_type vgi_type;

/** One member of a described struct. */
typedef struct vgi_field {
    const char *name;     /**< C name; NULL ends the table */
    const vgi_type *type; /**< of the value, the pointee or the item */
    size_t offset;        /**< of the member in its struct, bytes */
    vgi_shape shape;
    /* attributes, all optional */
    const char *wire_name; /**< NULL: `name` */
    const char *arrow;     /**< Arrow C format string; NULL: follows from `type` */
    const char *fallback;  /**< value when the column is missing, as one JSON scalar */
    const char *doc;       /**< for describe pages, --help */
    const char *const *enum_names; /**< NULL-terminated, indexed by value */
    const char *dictionary; /**< index format ("s") to dictionary-encode a string */
    bool nullable;          /**< data, items or the handle being NULL is null */
    int reserved_;          /**< 0 */
} vgi_field;

/** A described type. Identity is structural: two equal tables are one type. */
struct vgi_type {
    uint32_t abi;        /**< VGI_TYPE_ABI */
    uint32_t field_size; /**< sizeof(vgi_field): the stride of `fields` */
    vgi_kind kind;
    const char *name;        /**< C name, for messages */
    const char *arrow;       /**< Arrow C format string; NULL: the default of the kind */
    size_t size;             /**< sizeof the C type */
    const vgi_field *fields; /**< structs: ends with name == NULL */
    const vgi_type *item;    /**< lists, optionals and aliases */
    const char *const *enum_names; /**< aliases of int32_t: see vgi_field */
    const char *dictionary;        /**< see vgi_field */
    const char *doc;
    bool nullable; /**< aliases: see vgi_field */
    int reserved_; /**< 0 */
};

/* clang-format off */

/** The scalar types: X(C type, kind, Arrow format). */
#define VGI_SCALARS_(X)      \
    X(vgi_void, VOID, "n")   \
    X(_Bool, BOOL, "b")      \
    X(int8_t, INT8, "c")     \
    X(int16_t, INT16, "s")   \
    X(int32_t, INT32, "i")   \
    X(int64_t, INT64, "l")   \
    X(uint8_t, UINT8, "C")   \
    X(uint16_t, UINT16, "S") \
    X(uint32_t, UINT32, "I") \
    X(uint64_t, UINT64, "L") \
    X(float, FLOAT32, "f")   \
    X(double, FLOAT64, "g")  \
    X(vgi_str, STR, "u")     \
    X(vgi_bytes, BYTES, "z")

#define VGI_DECLARE_(T, K, A) extern VGI_API const vgi_type vgi_type_##T;
VGI_SCALARS_(VGI_DECLARE_)
#undef VGI_DECLARE_
extern VGI_API const vgi_type vgi_type_vgi_batch;  /**< of a `vgi_batch *` member */
extern VGI_API const vgi_type vgi_type_vgi_schema; /**< of a `vgi_schema *` member */
/** `bool` is a macro for _Bool in C; this makes vgi_type_##bool work. */
#define vgi_type_bool vgi_type__Bool

#ifndef __cplusplus

#define VGI_ARM_(T, sym) T: &vgi_type_##sym, const T *: &vgi_type_##sym
#define VGI_TYPE_OF_(x)                                                               \
    _Generic((x), VGI_ARM_(_Bool, _Bool), VGI_ARM_(int8_t, int8_t),                   \
             VGI_ARM_(int16_t, int16_t), VGI_ARM_(int32_t, int32_t),                  \
             VGI_ARM_(int64_t, int64_t), VGI_ARM_(uint8_t, uint8_t),                  \
             VGI_ARM_(uint16_t, uint16_t), VGI_ARM_(uint32_t, uint32_t),              \
             VGI_ARM_(uint64_t, uint64_t), VGI_ARM_(float, float),                    \
             VGI_ARM_(double, double), VGI_ARM_(vgi_str, vgi_str),                    \
             VGI_ARM_(vgi_bytes, vgi_bytes), struct vgi_batch *: &vgi_type_vgi_batch, \
             struct vgi_schema *: &vgi_type_vgi_schema)

#define VGI_OPT_ARM_(T) const T *: VGI_OPTIONAL
#define VGI_SHAPE_OF_(x)                                                             \
    _Generic((x), VGI_OPT_ARM_(_Bool), VGI_OPT_ARM_(int8_t), VGI_OPT_ARM_(int16_t),  \
             VGI_OPT_ARM_(int32_t), VGI_OPT_ARM_(int64_t), VGI_OPT_ARM_(uint8_t),    \
             VGI_OPT_ARM_(uint16_t), VGI_OPT_ARM_(uint32_t), VGI_OPT_ARM_(uint64_t), \
             VGI_OPT_ARM_(float), VGI_OPT_ARM_(double), VGI_OPT_ARM_(vgi_str),       \
             VGI_OPT_ARM_(vgi_bytes), default: VGI_VALUE)

#define VGI_MEMBER_(T, m) (((T *)0)->m)

/** A scalar, string, batch or schema member; its Arrow type follows from its C type. */
#define VGI_FIELD(...) VGI_FIELD_(__VA_ARGS__, .reserved_ = 0)
#define VGI_FIELD_(T, m, ...)                                                \
    {                                                                        \
        .name = #m, .type = VGI_TYPE_OF_(VGI_MEMBER_(T, m)),                 \
        .offset = offsetof(T, m), .shape = VGI_SHAPE_OF_(VGI_MEMBER_(T, m)), \
        __VA_ARGS__                                                          \
    }

/** A member of a named type `U` (VGI_STRUCT, VGI_ENUM, ...), or `const U *`: optional. */
#define VGI_NESTED(...) VGI_NESTED_(__VA_ARGS__, .reserved_ = 0)
#define VGI_NESTED_(T, m, U, ...)                                                    \
    {                                                                                \
        .name = #m, .type = &vgi_type_##U, .offset = offsetof(T, m),                 \
        .shape = _Generic(VGI_MEMBER_(T, m), U: VGI_VALUE, const U *: VGI_OPTIONAL), \
        __VA_ARGS__                                                                  \
    }

/** A member declared VGI_SLICE(U). */
#define VGI_LIST(...) VGI_LIST_(__VA_ARGS__, .reserved_ = 0)
#define VGI_LIST_(T, m, U, ...)                                             \
    {                                                                       \
        .name = #m, .type = &vgi_type_##U, .offset = offsetof(T, m),        \
        .shape = _Generic(VGI_MEMBER_(T, m.items), const U *: VGI_LIST_OF), \
        __VA_ARGS__                                                         \
    }

/** Describe struct `T`, field by field, in wire order. At file scope. */
#define VGI_STRUCT(T, ...)                                             \
    static const vgi_type vgi_type_##T = {                             \
        .abi = VGI_TYPE_ABI,                                           \
        .field_size = sizeof(vgi_field),                               \
        .kind = VGI_KIND_STRUCT,                                       \
        .name = #T,                                                    \
        .size = sizeof(T),                                             \
        .fields = (const vgi_field[]){ __VA_ARGS__, { .name = NULL } } \
    }

#define VGI_NAMED_(T, K, ...)                                               \
    static const vgi_type vgi_type_##T = { .abi = VGI_TYPE_ABI,             \
                                           .field_size = sizeof(vgi_field), \
                                           .kind = VGI_KIND_##K,            \
                                           .name = #T,                      \
                                           .size = sizeof(T),               \
                                           __VA_ARGS__ }

/**
 * Name a list, so that it can be a result or the item of another list:
 *     typedef VGI_SLICE(int64_t) i64s;   VGI_LIST_TYPE(i64s, int64_t);
 * For a map the item is a {key, value} struct, and `.arrow = "+m"`.
 */
#define VGI_LIST_TYPE(...) VGI_LIST_TYPE_(__VA_ARGS__, .reserved_ = 0)
#define VGI_LIST_TYPE_(T, U, ...)                                          \
    VGI_STATIC_ASSERT(_Generic(((T *)0)->items, const U *: 1, default: 0), \
                      #T " is not a VGI_SLICE(" #U ")");                   \
    VGI_NAMED_(T, LIST, .item = &vgi_type_##U, __VA_ARGS__)

/**
 * Name an optional, so that it can be a result or the item of a list:
 *     typedef const int64_t *maybe_i64;  VGI_OPTIONAL_TYPE(maybe_i64, int64_t);
 */
#define VGI_OPTIONAL_TYPE(...) VGI_OPTIONAL_TYPE_(__VA_ARGS__, .reserved_ = 0)
#define VGI_OPTIONAL_TYPE_(T, U, ...)                              \
    VGI_STATIC_ASSERT(_Generic(*(T *)0, const U *: 1, default: 0), \
                      #T " is not a const " #U " *");              \
    VGI_NAMED_(T, OPTIONAL, .item = &vgi_type_##U, __VA_ARGS__)

/**
 * Name a scalar with attributes of its own:
 *     typedef int32_t date;      VGI_SCALAR(date, int32_t, .arrow = "tdD");
 *     typedef vgi_str maybe_str; VGI_SCALAR(maybe_str, vgi_str, .nullable = true);
 */
#define VGI_SCALAR(...) VGI_SCALAR_(__VA_ARGS__, .reserved_ = 0)
#define VGI_SCALAR_(T, U, ...)                                                  \
    VGI_STATIC_ASSERT(_Generic(*(T *)0, U: 1, default: 0), #T " is not a " #U); \
    VGI_NAMED_(T, ALIAS, .item = &vgi_type_##U, __VA_ARGS__)

/**
 * Name an enum: a C enum or an int32_t whose values index `names`, a
 * NULL-terminated array of wire names.
 *     typedef enum status { PENDING, ACTIVE } status;
 *     static const char *const status_names[] = { "PENDING", "ACTIVE", NULL };
 *     VGI_ENUM(status, status_names);
 */
#define VGI_ENUM(...) VGI_ENUM_(__VA_ARGS__, .reserved_ = 0)
#define VGI_ENUM_(T, names, ...)                                                \
    VGI_STATIC_ASSERT(sizeof(T) == sizeof(int32_t), #T " is not 4 bytes wide"); \
    VGI_NAMED_(T, ALIAS, .item = &vgi_type_int32_t, .enum_names = (names), __VA_ARGS__)

/** Name a struct that never leaves the process: stream state with handles in it. */
#define VGI_OPAQUE(T) VGI_NAMED_(T, OPAQUE, .reserved_ = 0)

/** Pass a typed pointer together with its descriptor; a wrong type is an error. */
#define VGI_FROM(T, p) &vgi_type_##T, _Generic((p), T *: (p), const T *: (p))
/** As VGI_FROM, for a pointer that is written through. */
#define VGI_INTO(T, p) &vgi_type_##T, _Generic((p), T *: (p))

#endif /* !__cplusplus */

/* clang-format on */

VGI_END_DECLS

#endif
