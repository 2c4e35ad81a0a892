/* SPDX-License-Identifier: Apache-2.0 */
/* A worker in C++17: the service is made at run time with the builder.
 *
 * RUN: vgirpc call exec:cpp_worker shout text=hello
 * OUTPUT: {"result":"HELLO!"}
 *
 * RUN: vgirpc call exec:cpp_worker shout text=hello times=3
 * OUTPUT: {"result":"HELLO!!!"}
 *
 * RUN: vgirpc stream exec:cpp_worker countdown from=2
 * OUTPUT: {"n":2}
 * OUTPUT: {"n":1}
 */
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <initializer_list>
#include <memory>
#include <string>

#include <vgirpc/vgirpc.h>

namespace
{

using builder_ptr = std::unique_ptr<vgi_builder, decltype(&vgi_builder_free)>;
using schema_ptr = std::unique_ptr<vgi_schema, decltype(&vgi_schema_unref)>;

schema_ptr make_schema(std::initializer_list<vgi_column> columns, vgi_error &err)
{
    vgi_schema *schema = nullptr;

    vgi_schema_build(&schema, columns.begin(), columns.size(), &err);
    return { schema, vgi_schema_unref };
}

vgi_column column(const char *name, const char *format)
{
    vgi_column c{};

    c.name = name;
    c.format = format;
    return c;
}

/* No exception may leave a handler: the library is C. */
int shout(vgi_call *call, const vgi_batch *in, vgi_output *out, void *) noexcept
{
    vgi_str text;
    vgi_i64s times;

    if (int rc = vgi_batch_str(in, "text", 0, &text); rc != VGI_OK)
        return rc;
    if (int rc = vgi_batch_i64(in, "times", &times); rc != VGI_OK)
        return rc;
    if (times.items[0] < 0 || times.items[0] > 100)
        return vgi_fail(call, "ValueError", "times must be 0 to 100");

    std::string loud(text.data, text.len);
    std::transform(loud.begin(), loud.end(), loud.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    loud.append(static_cast<size_t>(times.items[0]), '!');
    return vgi_output_str(out, "result", { loud.data(), loud.size() });
}

/* Stream state is any pointer: here an object with a destructor. */
struct countdown {
    int64_t n;

    static int open(vgi_call *, const vgi_batch *in, void **state, void *) noexcept
    {
        vgi_i64s from;

        if (int rc = vgi_batch_i64(in, "from", &from); rc != VGI_OK)
            return rc;
        *state = new countdown{ from.items[0] };
        return VGI_OK;
    }
    static int next(vgi_call *, void *state, const vgi_batch *, vgi_output *out,
                    void *) noexcept
    {
        auto *self = static_cast<countdown *>(state);
        int64_t *items;

        if (self->n <= 0)
            return vgi_output_finish(out);
        if (int rc = vgi_output_i64(out, "n", 1, &items); rc != VGI_OK)
            return rc;
        items[0] = self->n--;
        return VGI_OK;
    }
    static void close(void *state, void *) noexcept
    {
        delete static_cast<countdown *>(state);
    }
};

int add_methods(vgi_builder *builder, vgi_error &err)
{
    const schema_ptr text =
        make_schema({ column("text", "u"), column("times", "l") }, err);
    const schema_ptr result = make_schema({ column("result", "u") }, err);
    const schema_ptr from = make_schema({ column("from", "l") }, err);
    const schema_ptr row = make_schema({ column("n", "l") }, err);
    vgi_dynamic_stream stream{};

    if (!text || !result || !from || !row)
        return err.code;
    stream.size = sizeof(stream);
    stream.kind = VGI_METHOD_PRODUCER;
    stream.params = from.get();
    stream.output = row.get();
    stream.open = countdown::open;
    stream.next = countdown::next;
    stream.close = countdown::close;
    if (int rc = vgi_builder_unary(builder, "shout", text.get(), result.get(), shout,
                                   nullptr, &err);
        rc != VGI_OK)
        return rc;
    if (int rc = vgi_builder_default(builder, "shout", "times", "1", &err); rc != VGI_OK)
        return rc;
    return vgi_builder_stream(builder, "countdown", &stream, &err);
}

} // namespace

int main(int argc, char **argv)
{
    vgi_error err{};
    vgi_builder *raw = nullptr;

    vgi_builder_new(&raw, "Loud", nullptr, &err);
    const builder_ptr builder(raw, vgi_builder_free);
    if (!builder || add_methods(builder.get(), err) != VGI_OK) {
        std::fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    return vgi_serve(vgi_builder_service(builder.get()), argc, argv);
}
