/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners of other libraries in the command line of a worker. */
#include <string.h>

#include <vgirpc/sys/listener.h>

#include "service.h"

/* A listener that writes down what it was told. */
typedef struct recorder {
    char text[256];
    int served;
} recorder;

static int option_set(void *user, const char *option, const char *value, bool *used,
                      vgi_error *err)
{
    recorder *r = user;
    const size_t n = strlen(r->text);

    if (strcmp(option, "--odd") == 0) {
        snprintf(err->message, sizeof(err->message), "is odd");
        return VGI_EINVAL;
    }
    if (strcmp(option, "--carry") != 0 && strcmp(option, "--box") != 0)
        return VGI_ENOTFOUND;
    *used = strcmp(option, "--box") == 0;
    snprintf(r->text + n, sizeof(r->text) - n, "%s %s;", option,
             *used && value ? value : "-");
    return VGI_OK;
}

static int serve(void *user, vgi_server *server, vgi_error *err)
{
    recorder *r = user;

    (void)server, (void)err;
    r->served++;
    return VGI_OK;
}

static recorder carried;
static const vgi_listener carry = { .size = sizeof(carry),
                                    .option = "--carry",
                                    .help = "      --carry\n",
                                    .option_set = option_set,
                                    .serve = serve,
                                    .user = &carried };

static int run(const char *first, const char *second, const char *third)
{
    const vgi_service *const services[] = { &test_service, NULL };
    const char *const args[] = { "worker", first, second, third };
    char *argv[5] = { NULL };
    int argc = 0;

    carried = (recorder){ .text = "" };
    while (argc < 4 && args[argc]) {
        argv[argc] = (char *)(uintptr_t)args[argc];
        argc++;
    }
    return vgi_serve_with(services, NULL, argc, argv);
}

static void incomplete_listeners_are_refused(void **state)
{
    (void)state;
    vgi_listener l = carry;

    assert_int_equal(vgi_listener_register(NULL), VGI_EINVAL);
    l.size = 8;
    assert_int_equal(vgi_listener_register(&l), VGI_EINVAL);
    l = carry;
    l.option = NULL;
    assert_int_equal(vgi_listener_register(&l), VGI_EINVAL);
    l = carry;
    l.help = NULL;
    assert_int_equal(vgi_listener_register(&l), VGI_EINVAL);
    l = carry;
    l.option_set = NULL;
    assert_int_equal(vgi_listener_register(&l), VGI_EINVAL);
    l = carry;
    l.serve = NULL;
    assert_int_equal(vgi_listener_register(&l), VGI_EINVAL);
}

static void its_option_chooses_it(void **state)
{
    (void)state;
    assert_int_equal(vgi_listener_register(&carry), VGI_OK);
    assert_int_equal(vgi_listener_register(&carry), VGI_OK); /* in place of itself */
    const int bare = run("--carry", NULL, NULL);
    assert_int_equal(carried.served, 1);
    assert_string_equal(carried.text, "--carry -;");
    const int apart = run("--box", "7", "--carry");
    assert_string_equal(carried.text, "--box 7;--carry -;");
    assert_int_equal(carried.served, 1);
    const int joined = run("--carry", "--box=7", NULL);
    assert_string_equal(carried.text, "--carry -;--box 7;");
    assert_int_equal(carried.served, 1);
    const int last_wins = run("--unix=/no/such/dir/s", "--carry", NULL);
    assert_int_equal(carried.served, 1);
    assert_int_equal(bare | apart | joined | last_wins, 0);
    assert_int_equal(run("--carry", "--unix=/no/such/dir/s", NULL), 1);
    assert_int_equal(carried.served, 0);
}

static void what_does_not_go_together_is_refused(void **state)
{
    (void)state;
    assert_int_equal(vgi_listener_register(&carry), VGI_OK);
    assert_int_equal(run("--box", "7", NULL), 2);
    assert_int_equal(run("--carry", "--box", "7") | run("--box=7", "--carry", NULL), 0);
    assert_int_equal(run("--carry", "--box=7", "--pipe"), 2);
    assert_int_equal(run("--carry=7", NULL, NULL), 2);
    assert_int_equal(run("--carry", "--odd", NULL), 2);
    assert_int_equal(run("--carry", "--even", NULL), 2);
    assert_int_equal(carried.served, 0);
}

static void there_are_at_most_eight(void **state)
{
    (void)state;
    static const char *const options[] = { "--l1", "--l2", "--l3", "--l4",
                                           "--l5", "--l6", "--l7", "--l8" };
    static vgi_listener more[8];

    assert_int_equal(vgi_listener_register(&carry), VGI_OK);
    for (size_t i = 0; i < 8; i++) {
        more[i] = carry;
        more[i].option = options[i];
        assert_int_equal(vgi_listener_register(&more[i]), i < 7 ? VGI_OK : VGI_ELIMIT);
    }
    assert_int_equal(vgi_listener_register(&carry), VGI_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(incomplete_listeners_are_refused),
        cmocka_unit_test(its_option_chooses_it),
        cmocka_unit_test(what_does_not_go_together_is_refused),
        cmocka_unit_test(there_are_at_most_eight),
    };

    return vgi_test_run(tests);
}
