/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the canonical request.
 *
 *     METHOD \n escaped path \n query \n name:value \n ... \n \n names \n payload
 *
 * The query's names and values are escaped first and sorted then, as bytes; '=' takes no
 * part in the order, so that "a" stands before "a-b". A header's name is in lower case,
 * its value without blanks around it and with one space for each run of them.
 */
#include "store/canonical.h"

#include <stdlib.h>
#include <string.h>

#include "store/text.h"

static int compare(vgi_str a, vgi_str b)
{
    const size_t n = a.len < b.len ? a.len : b.len;
    const int order = n > 0 ? memcmp(a.data, b.data, n) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_pairs(const void *left, const void *right)
{
    const vgi_pair *a = left, *b = right;
    const int order = compare(a->key, b->key);
    return order != 0 ? order : compare(a->value, b->value);
}

/* The pairs, each made over by `change`, in order; NULL: no memory. */
static vgi_pair *sorted(vgi_metadata pairs, bool (*change)(vgi_pair *, vgi_arena *),
                        vgi_arena *mem)
{
    vgi_pair *out = vgi_arena_calloc(mem, pairs.count, sizeof(*out));
    if (!out)
        return NULL;
    for (size_t i = 0; i < pairs.count; i++) {
        out[i] = pairs.pairs[i];
        if (!change(&out[i], mem))
            return NULL;
    }
    if (pairs.count > 1)
        qsort(out, pairs.count, sizeof(*out), compare_pairs);
    return out;
}

static bool escape_pair(vgi_pair *pair, vgi_arena *mem)
{
    vgi__text key = { .mem = mem }, value = { .mem = mem };
    vgi__text_escape(&key, pair->key, false);
    vgi__text_escape(&value, pair->value, false);
    pair->key = vgi__text_done(&key);
    pair->value = vgi__text_done(&value);
    return pair->key.data && pair->value.data;
}

vgi_str vgi__canonical_query(vgi_metadata query, vgi_arena *mem)
{
    const vgi_pair *pairs = sorted(query, escape_pair, mem);
    vgi__text t = { .mem = mem, .failed = !pairs };
    for (size_t i = 0; pairs && i < query.count; i++) {
        if (i > 0)
            vgi__text_char(&t, '&');
        vgi__text_add(&t, pairs[i].key);
        vgi__text_char(&t, '=');
        vgi__text_add(&t, pairs[i].value);
    }
    return vgi__text_done(&t);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool fold_header(vgi_pair *header, vgi_arena *mem)
{
    vgi__text key = { .mem = mem }, value = { .mem = mem };
    for (size_t i = 0; i < header->key.len; i++) {
        const char c = header->key.data[i];
        vgi__text_char(&key, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
    bool gap = false;
    for (size_t i = 0; i < header->value.len; i++) {
        const char c = header->value.data[i];
        if (is_blank(c)) {
            gap = value.len > 0;
            continue;
        }
        if (gap)
            vgi__text_char(&value, ' ');
        gap = false;
        vgi__text_char(&value, c);
    }
    header->key = vgi__text_done(&key);
    header->value = vgi__text_done(&value);
    return header->key.data && header->value.data;
}

static void add_names(vgi__text *t, const vgi_pair *headers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            vgi__text_char(t, ';');
        vgi__text_add(t, headers[i].key);
    }
}

vgi_str vgi__canonical_names(vgi_metadata headers, vgi_arena *mem)
{
    const vgi_pair *pairs = sorted(headers, fold_header, mem);
    vgi__text t = { .mem = mem, .failed = !pairs };
    if (pairs)
        add_names(&t, pairs, headers.count);
    return vgi__text_done(&t);
}

vgi_str vgi__canonical_request(const vgi__canonical *request, vgi_arena *mem)
{
    const vgi_pair *headers = sorted(request->headers, fold_header, mem);
    const vgi_str query = vgi__canonical_query(request->query, mem);
    vgi__text t = { .mem = mem, .failed = !headers || !query.data };
    vgi__text_printf(&t, "%s\n", request->method);
    vgi__text_escape(&t, request->path, true);
    vgi__text_char(&t, '\n');
    vgi__text_add(&t, query);
    vgi__text_char(&t, '\n');
    for (size_t i = 0; headers && i < request->headers.count; i++) {
        vgi__text_add(&t, headers[i].key);
        vgi__text_char(&t, ':');
        vgi__text_add(&t, headers[i].value);
        vgi__text_char(&t, '\n');
    }
    vgi__text_char(&t, '\n');
    if (headers)
        add_names(&t, headers, request->headers.count);
    vgi__text_printf(&t, "\n%s", request->payload);
    return vgi__text_done(&t);
}
