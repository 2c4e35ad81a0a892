/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest worker: one method, one default, one doc string.
 *
 * RUN: vgirpc call exec:hello hello name=World
 * OUTPUT: {"result":"Hello, World!"}
 *
 * RUN: hello --describe
 * OUTPUT: Greeter
 * OUTPUT:
 * OUTPUT:     hello(name, greeting) -> string
 * OUTPUT:         Greet someone by name.
 * OUTPUT:         name      string            Whom to greet.
 * OUTPUT:         greeting  string = "Hello"
 */
#include <vgirpc/vgirpc.h>

typedef struct hello_params {
    vgi_str name;
    vgi_str greeting;
} hello_params;

VGI_STRUCT(hello_params, VGI_FIELD(hello_params, name, .doc = "Whom to greet."),
           VGI_FIELD(hello_params, greeting, .fallback = "\"Hello\""));

static int hello(vgi_call *call, const hello_params *in, vgi_str *out)
{
    return vgi_strf(call, out, VGI_STR_FMT ", " VGI_STR_FMT "!",
                    VGI_STR_ARG(in->greeting), VGI_STR_ARG(in->name));
}
VGI_UNARY(hello, hello_params, vgi_str, .doc = "Greet someone by name.");

static const vgi_method *const methods[] = { VGI_METHOD(hello), NULL };
static const vgi_service greeter = { VGI_SERVICE_INIT, .name = "Greeter",
                                     .methods = methods };

int main(int argc, char **argv)
{
    return vgi_serve(&greeter, argc, argv); /* stdin and stdout, or --unix PATH */
}
