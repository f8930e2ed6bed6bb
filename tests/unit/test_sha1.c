/* SPDX-License-Identifier: BSD-3-Clause */
/* sha1: the Secure Hash Algorithm of 1995. The expected digests are those of FIPS 180 and of coreutils' sha1sum. */
#include <stdio.h>
#include <stdlib.h>

#include "base/sha1.h"
#include "checks.h"

static void check_digest(struct slice s, const char *expected)
{
    uint8_t digest[SHA1_BYTES];
    char hex[2 * SHA1_BYTES + 1];

    sha1(s, digest);
    for (int i = 0; i < SHA1_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    ck_assert_str_eq(hex, expected);
}

START_TEST(the_digests_match_the_examples_of_the_standard)
{
    check_digest(SLICE("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    check_digest(SLICE("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                 "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    check_digest(SLICE(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}
END_TEST

START_TEST(the_digest_of_a_million_letters_is_correct)
{
    char *p = malloc(1000000);

    memset(p, 'a', 1000000);
    check_digest(slice_of(p, 1000000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    free(p);
}
END_TEST

/* Around the ends of blocks, where the padding takes another form. */
START_TEST(every_length_near_a_block_boundary_is_correct)
{
    static const struct {
        size_t n;
        const char *digest;
    } cases[] = {
        {1, "11f6ad8ec52a2984abaafd7c3b516503785c2072"},
        {54, "31045e7bb077ff8d188a776b196b980388735dbb"},
        {55, "cef734ba81a024479e09eb5a75b6ddae62e6abf1"},
        {56, "901305367c259952f4e7af8323f480d59f81335b"},
        {57, "025ecbd5d70f8fb3c5457cd96bab13fda305dc59"},
        {63, "0ddc4e0cccd9a12850deb5abb0853a4425559fec"},
        {64, "bb2fa3ee7afb9f54c6dfb5d021f14b1ffe40c163"},
        {65, "78c741ddc482e4cdf8c474a0876347a0905b6233"},
        {118, "46e01fe9785dc90804798b79cd399c6e90d1d382"},
        {119, "4300320394f7ee239bcdce7d3b8bcee173a0cd5c"},
        {120, "ceb2821639c4b6dcb10bce0e522ca2e608ce056d"},
        {128, "150fa3fbdc899bd0b8f95a9fb6027f564d953762"},
        {129, "2699b675922cc84a9b0dfd926eb7f8211c78693d"},
    };
    char p[200];

    memset(p, 'x', sizeof p);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_digest(slice_of(p, cases[i].n), cases[i].digest);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sha1");
    TCase *tests = tcase_create("sha1");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, the_digests_match_the_examples_of_the_standard);
    tcase_add_test(tests, the_digest_of_a_million_letters_is_correct);
    tcase_add_test(tests, every_length_near_a_block_boundary_is_correct);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
