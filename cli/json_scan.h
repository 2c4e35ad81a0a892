/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a JSON object, as spans of its text. What is no JSON is left to the
 * library to refuse. */
#ifndef CLI_JSON_SCAN_H
#define CLI_JSON_SCAN_H

#include <vgirpc/value.h>

typedef struct json_members {
    const char *at, *end;
} json_members;

typedef struct json_member {
    vgi_str key; /* between the quotes, escapes as they are */
    vgi_str value;
} json_member;

json_members json_members_of(vgi_str object);
bool json_next_member(json_members *m, json_member *out); /* false: no more, or no JSON */
/* The first item of an array; false: it is empty, or no array. */
bool json_first_item(vgi_str array, vgi_str *item);

#endif
