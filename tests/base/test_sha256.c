/* SHA-256 and HMAC against the examples of FIPS 180-4 and RFC 4231. */
#include "base/sha256.h"

#include "tap.h"

static const char *hex(const uint8_t *bytes)
{
    static char text[65];
    for (int i = 0; i < 32; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

static const char *hash_of(const char *text, size_t step)
{
    uint8_t out[32];
    par_sha256 hash;
    size_t len = strlen(text);
    par_sha256_begin(&hash);
    for (size_t i = 0; i < len; i += step) par_sha256_add(&hash, text + i, len - i < step ? len - i : step);
    par_sha256_end(&hash, out);
    return hex(out);
}

static void the_examples_of_the_standard(void)
{
    for (size_t step = 1; step < 70; step += 17) {
        CHECK(strcmp(hash_of("", step), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") == 0);
        CHECK(strcmp(hash_of("abc", step), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0);
        CHECK(strcmp(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", step),
                     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1") == 0);
    }
    static char many[1000001];
    memset(many, 'a', 1000000);
    CHECK(strcmp(hash_of(many, 1000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0") == 0);
}

static const char *hmac_of(const void *key, size_t key_len, const char *text)
{
    uint8_t out[32];
    par_hmac_sha256(out, key, key_len, text, strlen(text));
    return hex(out);
}

static void the_examples_of_hmac(void)
{
    uint8_t key[20];
    memset(key, 0x0b, sizeof key);
    CHECK(strcmp(hmac_of(key, 20, "Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7") == 0);
    CHECK(strcmp(hmac_of("Jefe", 4, "what do ya want for nothing?"), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843") ==
          0);
}

static void secrets_that_differ_in_one_bit(void)
{
    uint8_t a[32] = {0}, b[32] = {0};
    CHECK(par_same_secret(a, b, 32));
    for (int i = 0; i < 256; i++) {
        b[i / 8] ^= (uint8_t)(1 << i % 8);
        CHECK(!par_same_secret(a, b, 32));
        b[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

TAP_MAIN(TEST(the_examples_of_the_standard), TEST(the_examples_of_hmac), TEST(secrets_that_differ_in_one_bit))
