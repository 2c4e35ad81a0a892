/* SPDX-License-Identifier: Apache-2.0 */
#include "support/arrow/literal.h"

#include <stdlib.h>
#include <string.h>

#include "arrow/half.h"
#include "support/arrow/render.h"

/* ---- schemas ---- */

enum { FIELDS = 64, TEXT = 1024 };

typedef struct parser {
    const char *at;
    vgi_column pool[FIELDS];
    size_t used;
    char text[TEXT];
    size_t text_used;
} parser;

static const char *word(parser *p, const char *ends)
{
    size_t n = strcspn(p->at, ends);
    char *copy = p->text + p->text_used;
    memcpy(copy, p->at, n);
    copy[n] = 0;
    p->text_used += n + 1;
    p->at += n;
    return copy;
}

/* Fields up to `end`, side by side in the pool. */
static size_t parse_fields(parser *p, char end, const vgi_column **out)
{
    vgi_column fields[FIELDS] = { { 0 } };
    size_t n = 0;
    while (*p->at && *p->at != end) {
        vgi_column *f = &fields[n++];
        f->name = word(p, "=");
        p->at++;
        f->format = word(p, "();<>!");
        if (*p->at == '(') {
            p->at++;
            f->n_children = parse_fields(p, ')', &f->children);
            p->at++;
        }
        if (*p->at == '<') {
            p->at++;
            parse_fields(p, '>', &f->dictionary);
            p->at++;
        }
        f->nullable = *p->at != '!';
        p->at += *p->at == '!';
        p->at += *p->at == ';';
    }
    *out = memcpy(&p->pool[p->used], fields, n * sizeof(*fields));
    p->used += n;
    return n;
}

int vgi_test_schema(vgi_schema **out, const char *text, vgi_error *err)
{
    parser p = { .at = text };
    const vgi_column *columns;
    size_t n = parse_fields(&p, '\0', &columns);
    return vgi_schema_build(out, columns, n, err);
}

int vgi_test_builder(vgi__builder **out, const char *schema, vgi_error *err)
{
    vgi_schema *s;
    int rc = vgi_test_schema(&s, schema, err);
    if (rc != VGI_OK)
        return rc;
    rc = vgi__builder_new(out, s, NULL, NULL, err);
    vgi_schema_unref(s);
    return rc;
}

/* ---- values ---- */

static int append_one(vgi__builder *b, int32_t node, const char **at);

static void skip_blanks(const char **at)
{
    *at += strspn(*at, " ");
}

static int append_number(vgi__builder *b, int32_t node, const vgi__node *n,
                         const char **at)
{
    char *end;
    uint8_t wide[32];
    double d = strtod(*at, &end);
    float f = (float)d;
    uint16_t h = vgi__half_from(d);
    int64_t i = n->is_signed || n->logical != VGI__TYPE_INT
                    ? strtoll(*at, NULL, 10)
                    : (int64_t)strtoull(*at, NULL, 10);
    if (end == *at)
        return VGI_EINVAL;
    *at = end;
    if (n->logical == VGI__TYPE_FLOAT)
        return vgi__builder_fixed(b, node,
                                  n->width == 8   ? (void *)&d
                                  : n->width == 4 ? (void *)&f
                                                  : (void *)&h);
    memset(wide, i < 0 ? 0xFF : 0, sizeof(wide));
    memcpy(wide, &i, sizeof(i));
    return vgi__builder_fixed(b, node, wide);
}

static int append_items(vgi__builder *b, int32_t node, const char **at)
{
    int rc = VGI_OK;
    for (++*at, skip_blanks(at); rc == VGI_OK && **at != ']'; skip_blanks(at))
        rc = append_one(b, vgi__child(node), at);
    ++*at;
    return rc == VGI_OK ? vgi__builder_close_list(b, node) : rc;
}

static int append_fields(vgi__builder *b, int32_t node, const char **at)
{
    const vgi_schema *s = vgi__builder_schema(b);
    int32_t child = vgi__child(node);
    int rc = VGI_OK;
    for (++*at, skip_blanks(at); rc == VGI_OK && **at != '}'; skip_blanks(at)) {
        rc = append_one(b, child, at);
        child = vgi__sibling(s, child);
    }
    ++*at;
    return rc == VGI_OK ? vgi__builder_valid(b, node) : rc;
}

static int append_one(vgi__builder *b, int32_t node, const char **at)
{
    const vgi_schema *s = vgi__builder_schema(b);
    const vgi__node *n = &s->nodes[node];
    if (n->dictionary >= 0)
        n = &s->dictionaries[n->dictionary].values->nodes[1];
    if (strncmp(*at, "null", 4) == 0) {
        *at += 4;
        return vgi__builder_null(b, node);
    }
    if (**at == 't' || **at == 'f') {
        bool v = **at == 't';
        *at += v ? 4 : 5;
        return vgi__builder_bool(b, node, v);
    }
    if (**at == '\'') {
        const char *text = ++*at;
        *at += strcspn(text, "'") + 1;
        return vgi__builder_bytes(b, node, text, (size_t)(*at - 1 - text));
    }
    if (**at == '[')
        return append_items(b, node, at);
    if (**at == '{')
        return append_fields(b, node, at);
    return append_number(b, node, n, at);
}

int vgi_test_append(vgi__builder *b, int32_t node, const char *values)
{
    int rc = VGI_OK;
    for (skip_blanks(&values); rc == VGI_OK && *values; skip_blanks(&values))
        rc = append_one(b, node, &values);
    return rc;
}

const char *vgi_test_values(vgi__buffer *out, const vgi_schema *s, int32_t node,
                            const struct ArrowArray *a)
{
    vgi__buffer_clear(out);
    for (int64_t row = 0; row < a->length; row++) {
        if (row > 0)
            vgi__buffer_char(out, ',');
        vgi_test_render_value(out, s, node, a, row);
    }
    return vgi__buffer_char(out, 0) ? (const char *)out->data : "";
}
