/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 in pieces, and signatures: expected values are of the openssl command. */
#include <string.h>

#include "support/traced.h"

#include "base/text.h"
#include "crypto/openssl/digest.h"

/* Made for this test; they protect nothing. */
static const char pkcs1[] =
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIIEogIBAAKCAQEAv9DBOT9mqN6OrKxcxNvRm2AbbLNkuFmIPpyjcTbD6GAuDh7i\n"
    "hwf7IbTzXj7k0Hu8P7z0zWED/jkK6Ul9aFCI1ILeWn0tznTvrca4I4wtLHSEWcfV\n"
    "iNhEqo3aZeS1ZTSHut8F1ZdyGm/6Z8QM7ZZfffhnEzkM0xgiP8jjaOsG9IvN8DX3\n"
    "CcWhj8rv82uxNb5RHz/6+q45ayUNVYw3h1z4jmiotm23COxjDmGvIvgCp40rKjUA\n"
    "O6xWhBmDURqwIFpNe2PWx3tncFEIaOyse65OOUrOWVgXo4zDx7rV/QQw7BJHPf60\n"
    "sgLw1VmPaBREz85FiOpI7g7o5u5mUCoIC5g3GwIDAQABAoIBAAsqdMUHWsuDwRxu\n"
    "ICxZe3cm/hGy068jjxnN9nm1rWvOhX/O7nLb1ROeO/iFgr5cJZY0Qq/d8OSQn4D7\n"
    "BTDYV06/m3/6/3qgNf+QrNFs7IhE9Bth1Z1UsZKYFVmPGbwddbU8HFPVsA+36wS1\n"
    "VedStJZZqm5lCMkVA5Fg+VP3Mn1zuCBZWIpZwqIkvGPQfgz++o+3MO+ea0knh7OI\n"
    "7yjFtX3n/kr7iDVoX39ljXE3Mf+WGBIcRycMuyNV76fKd5cyasCQPT8TzYOX5O0h\n"
    "nvYqz5I7cLBTKcv92kbdkHzonmWIxmXyxneMZIlD+WdHPoVawmpOIyOQLIwReoji\n"
    "PSMkx9ECgYEA6aulPsnFjLve0k5rU5E/5nX3NlFrdnx3N08CtEbHfOdeKMSOqoJ1\n"
    "K5emi/M8slVp4BSx7td0Nk/eyGNJz07o2IGXfHvbc6nr5Rk+VnOsMk/ejGA3uSqH\n"
    "ndhTckV05gRvVLKO7aUDdjugiO4KX+6BeXCxg9c8e3xF3lvvK9458BkCgYEA0iUy\n"
    "PtAeWJvduEgA+pChEl+fBQa2UfVm2aUPZ6AUwr2wgCXSOCWHdknErU0UjA7CfGQz\n"
    "dypiQRSNM3cZ/tYBduxPnrhDG736z6GlEc0bSlg1xmJaztxbW7Q6rMLTcwXBJgga\n"
    "dgj7LbkGnoQx5rgDMzp5fre3G96ci9Jbmu1KN1MCgYBGPlAVeOhG7y8Df4lp/K79\n"
    "45ZmIMGyQ6Y+3SSN9vz/Ajpe/P96KG96pELvrTYg0eZa8z2t89y+evIYwSguBqWe\n"
    "eA6G4GDO+1SrcRQ5PtqT4UigYEhABJXyEFa9cj2667hf+LFYpRNOVoxivVQnFHad\n"
    "gBAM9wX6hRgnyPEz+cDm+QKBgGbsNNmy0MoRPNye12vhHiKDlry9dtpZWNBMGWll\n"
    "bAWdJi79VyKMrvXuV1eRovid2f9WjCZXKdw6FpYYRTEc24bFYpGYKbYSrB65SsGX\n"
    "NUCKR3wse9FI963IbdxjZ3C0Zs8btOoOqAbS0j0c/dvEUDzs7Mh1bkdGFmIc2yTc\n"
    "BzdlAoGAcT7NTYAQA6YhBihoGcJW6hOanYtxxfVVCp/yKGalhblQM510szmcQfuc\n"
    "XSxCca/OSF8s5CnhDcHs8oEfz65xAhaRUffHmXwqJ/BMCRFGhtpeJHh2oHcyPn9K\n"
    "1MQaFwWPLLaAJjBpptMspO0WhVhdAzl9dVMH/PodncgI8POwBlU=\n"
    "-----END RSA PRIVATE KEY-----\n";

static const char pkcs8[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC/0ME5P2ao3o6s\n"
    "rFzE29GbYBtss2S4WYg+nKNxNsPoYC4OHuKHB/shtPNePuTQe7w/vPTNYQP+OQrp\n"
    "SX1oUIjUgt5afS3OdO+txrgjjC0sdIRZx9WI2ESqjdpl5LVlNIe63wXVl3Iab/pn\n"
    "xAztll99+GcTOQzTGCI/yONo6wb0i83wNfcJxaGPyu/za7E1vlEfP/r6rjlrJQ1V\n"
    "jDeHXPiOaKi2bbcI7GMOYa8i+AKnjSsqNQA7rFaEGYNRGrAgWk17Y9bHe2dwUQho\n"
    "7Kx7rk45Ss5ZWBejjMPHutX9BDDsEkc9/rSyAvDVWY9oFETPzkWI6kjuDujm7mZQ\n"
    "KggLmDcbAgMBAAECggEACyp0xQday4PBHG4gLFl7dyb+EbLTryOPGc32ebWta86F\n"
    "f87uctvVE547+IWCvlwlljRCr93w5JCfgPsFMNhXTr+bf/r/eqA1/5Cs0WzsiET0\n"
    "G2HVnVSxkpgVWY8ZvB11tTwcU9WwD7frBLVV51K0llmqbmUIyRUDkWD5U/cyfXO4\n"
    "IFlYilnCoiS8Y9B+DP76j7cw755rSSeHs4jvKMW1fef+SvuINWhff2WNcTcx/5YY\n"
    "EhxHJwy7I1Xvp8p3lzJqwJA9PxPNg5fk7SGe9irPkjtwsFMpy/3aRt2QfOieZYjG\n"
    "ZfLGd4xkiUP5Z0c+hVrCak4jI5AsjBF6iOI9IyTH0QKBgQDpq6U+ycWMu97STmtT\n"
    "kT/mdfc2UWt2fHc3TwK0Rsd8514oxI6qgnUrl6aL8zyyVWngFLHu13Q2T97IY0nP\n"
    "TujYgZd8e9tzqevlGT5Wc6wyT96MYDe5Koed2FNyRXTmBG9Uso7tpQN2O6CI7gpf\n"
    "7oF5cLGD1zx7fEXeW+8r3jnwGQKBgQDSJTI+0B5Ym924SAD6kKESX58FBrZR9WbZ\n"
    "pQ9noBTCvbCAJdI4JYd2ScStTRSMDsJ8ZDN3KmJBFI0zdxn+1gF27E+euEMbvfrP\n"
    "oaURzRtKWDXGYlrO3FtbtDqswtNzBcEmCBp2CPstuQaehDHmuAMzOnl+t7cb3pyL\n"
    "0lua7Uo3UwKBgEY+UBV46EbvLwN/iWn8rv3jlmYgwbJDpj7dJI32/P8COl78/3oo\n"
    "b3qkQu+tNiDR5lrzPa3z3L568hjBKC4GpZ54DobgYM77VKtxFDk+2pPhSKBgSEAE\n"
    "lfIQVr1yPbrruF/4sVilE05WjGK9VCcUdp2AEAz3BfqFGCfI8TP5wOb5AoGAZuw0\n"
    "2bLQyhE83J7Xa+EeIoOWvL122llY0EwZaWVsBZ0mLv1XIoyu9e5XV5Gi+J3Z/1aM\n"
    "Jlcp3DoWlhhFMRzbhsVikZgpthKsHrlKwZc1QIpHfCx70Uj3rcht3GNncLRmzxu0\n"
    "6g6oBtLSPRz928RQPOzsyHVuR0YWYhzbJNwHN2UCgYBxPs1NgBADpiEGKGgZwlbq\n"
    "E5qdi3HF9VUKn/IoZqWFuVAznXSzOZxB+5xdLEJxr85IXyzkKeENwezygR/PrnEC\n"
    "FpFR98eZfCon8EwJEUaG2l4keHagdzI+f0rUxBoXBY8stoAmMGmm0yyk7RaFWF0D\n"
    "OX11Uwf8+h2dyAjw87AGVQ==\n"
    "-----END PRIVATE KEY-----\n";

static const char encrypted[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIKR2L1fNRsaICAggA\n"
    "MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBC43pFBfUku3rJxkhBPT+XlBIIE\n"
    "0FBYKzetgdHP0cM9l03uDPcR71gSfJIv4jvWDZQ9Y1OmMZWxTIfhlis1Voc6YCqV\n"
    "ONOihan5v1q/2RbeqXUHDyY9SmUi+1Dlxe+RsFmMGWk2PIdBNy+emkT3StG+xtF1\n"
    "VC6gUAT+JlJ9UcISWX1ZVc4mg/2JF+jvd3dpC2SxbZ5VaPtQQSyJkfke8eOGfMcU\n"
    "Mz9Xn7zJ8mJ/t59b3wUKll84pI8NiHDzFoRxGm5DclSx/FKZAS10nDE/Gm5uQLPX\n"
    "SXINpZ5p06HizMVYvAXZpYDPkanFHd4YY8ZigrAO+NGf7yFI7sTDWHmZU4MWxJIS\n"
    "9050TPfXRhhwB6CyODCq7UxL3oZVia9GGxTvcZVmAZZ0/J88//yrnb3GlreCYtBa\n"
    "1dqAVkw5f7ftC/tPGV6iEwmcqo/sNONYdGj+XAbGd4fFhi6NfTIH3tZnZ4Zmzi7Y\n"
    "YKM7KyvtNXWdR2il6cNhuoHD/ZjfJ+TbTlf4U+KRHatxb6GHCqgrzdnjzg0b7PNP\n"
    "tpXPtHVujReTwkdb0hfG9Cj2s+JdFTiK0x1gQ53ca+RXOMx+AifND8nXS4r8Rmrj\n"
    "z9UgcgfAxoqkNF6j1y1Vd6/B8f82moT2mS79KqFXxBz5L3eALdqtUqyOmxUASFLh\n"
    "PudyrnBCW/oUq3fJUkZZDIfsyQhev45ujVqJTQzQY6YIxDjHy+XHJI8IleKyL+jk\n"
    "aWF5j5AJI4g2WX+4O2+isjP23vBxEWa5HkWbkncB6Yt3NlCTgWfBSZ2N9cLeep6d\n"
    "xZNCK5Cza0UHZjFek0LGpZewf3tqxemlxvFEUgSN8iB6GsywUTcnql8E/2RSLS/S\n"
    "spzIg7ekuyAyFI0AASuarFeCPA2kI2LvqnE6lgE4Ds81Mktk74j+wItwRS4YpzRG\n"
    "+nAKVdxax9UnWR1qyfmck410PJ9fRx6K5JYJvkAS8d0jbZuahStPE6uS7XyA+1JT\n"
    "9RIyeMEOPaMqGzUkboZ79bO3Zv1AYRggqHoucYXe8KWt75UusuViwJARyt8ysmjV\n"
    "otY4OUQ1Zf9hzrkCpEPaj8KV1ekFaMYPPmkBNmPVKq6VYhSQJ+RVU4kt0Qb70qMr\n"
    "B/YbCp0/BsiXF71fHOkfxiyHqgPjY17CNUAOCAvXwckqgoNmpyBJVC2veGa8I/l6\n"
    "PQdTEI5ZxBujluHcY5EHquqBtIKRmUiTtC2DZ8FzUmUDN8G+URboxkLLYYx4KRUT\n"
    "DEeFlR6to5E0THDR+UpnI3CNFSch9ePCfe2kFcZgJNjytMLx0TdoEzV8Vqk2Dk8N\n"
    "vRMrWKXKPhdmsRn/FpRNG7vj/Gl//0Wf1TmMM+OruNJtHRtlqDjBdAvWE5mF4HuN\n"
    "JjtFybnm+FGYTj4areWjAsRG8VcEsPI3SIeM5cQ5QIekb7SGxGdJ3DO/V4M68Qt7\n"
    "JPeRkYt3M5XJBO9cdlxllHyzthjSgR7ueMj1bLD6M2fGwkp26QvPMVqJhFWwe9Lp\n"
    "+BnKVX57Xk1CC6ZkaO80yMjCMg1Lu3b0iDz2Q3NETEV8UZHuHi2f1nWeh/ilJPaq\n"
    "6IYaWdmsNpn/F0UrZvckya9XqdFfpjyKQYlWPiWTJdsZ6JTeaXusQku53johSAns\n"
    "H0E2ajioptv2d8wjcaPpTgOn6wjluKAMCyoFkYBuc7Ln\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char elliptic[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKUr8oK/1gUSxhRHU\n"
    "SF6u0VVbNuF0ll1NomzFt+cWBGqhRANCAARFqNKIJrnCTUNYT4PMh5LZpUjZ8cqh\n"
    "/pJpCrzxA1eBmS6px1bAdn7JpoN/cQgUTbw4blxifCqKHWY0mt+PTrDM\n"
    "-----END PRIVATE KEY-----\n";

/* SHA-256 of the signature of "to be signed". */
static const char signature_digest[] =
    "c0a0c2cf9833495422028d56261768a3d9d6721b695721df29310232f8d9539e";

static void digest_text(const struct iovec *iov, size_t n, char text[65])
{
    uint8_t out[32];

    assert_int_equal(vgi__digest_sha256(iov, n, out, NULL), VGI_OK);
    vgi__hex(text, out, 32);
    text[64] = '\0';
}

static void test_sha256(void **state)
{
    char abc[] = "abc", text[65];
    const struct iovec pieces[] = { { abc, 1 }, { abc, 0 }, { abc + 1, 2 } };

    (void)state;
    digest_text(NULL, 0, text);
    assert_string_equal(
        text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_text(pieces, 3, text);
    assert_string_equal(
        text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void expect_signature(const char *pem)
{
    const vgi_bytes data = { (const uint8_t *)"to be signed", 12 };
    vgi_arena mem = { 0 };
    vgi_bytes signature = { NULL, 0 };
    vgi_error err = { 0 };
    char text[65];

    assert_int_equal(
        vgi__digest_rsa_sign(vgi_str_from(pem), data, &mem, &signature, &err), VGI_OK);
    assert_int_equal(signature.len, 256);
    const struct iovec all = { (void *)(uintptr_t)signature.data, signature.len };
    digest_text(&all, 1, text);
    assert_string_equal(text, signature_digest);
    vgi_arena_free(&mem);
}

static void test_signature(void **state)
{
    (void)state;
    expect_signature(pkcs1);
    expect_signature(pkcs8);
}

static void expect_no_key(const char *pem)
{
    const vgi_bytes data = { (const uint8_t *)"x", 1 };
    vgi_arena mem = { 0 };
    vgi_bytes signature = { NULL, 0 };
    vgi_error err = { 0 };

    assert_int_equal(
        vgi__digest_rsa_sign(vgi_str_from(pem), data, &mem, &signature, &err),
        VGI_EINVAL);
    assert_non_null(strstr(err.message, "no unencrypted RSA private key"));
    vgi_arena_free(&mem);
}

static void test_no_key(void **state)
{
    (void)state;
    expect_no_key("");
    expect_no_key("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    expect_no_key(encrypted); /* nobody is asked for a password */
    expect_no_key(elliptic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_no_key),
    };

    return vgi_test_run(tests);
}
