/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/crc64.h"

#include "base/must.h"

#define POLYNOMIAL  0x95ac9329ac4bc9b5u /* ad93d23594c935a9 with its bits reversed */
#define CHECK_VALUE 0xe9c6d914c4b8d9cau /* of "123456789" */
#define STEP        8

/* tables[k][b]: the contribution of byte b after k more bytes. */
static uint64_t tables[STEP][256];

__attribute__((constructor)) static void fill_tables(void)
{
    for (unsigned b = 0; b < 256; b++) {
        uint64_t crc = b;

        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        tables[0][b] = crc;
    }
    for (unsigned k = 1; k < STEP; k++)
        for (unsigned b = 0; b < 256; b++)
            tables[k][b] = tables[k - 1][b] >> 8 ^ tables[0][tables[k - 1][b] & 255];
    must(crc64(0, SLICE("123456789")) == CHECK_VALUE);
}

static inline uint64_t one_byte(uint64_t crc, char byte)
{
    return crc >> 8 ^ tables[0][(crc ^ (uint8_t)byte) & 255];
}

uint64_t crc64(uint64_t crc, struct slice s)
{
    for (; s.n >= STEP; s.p += STEP, s.n -= STEP) {
        uint64_t word;

        memcpy(&word, s.p, sizeof word);
        crc ^= word;
        crc = tables[7][crc & 255] ^ tables[6][crc >> 8 & 255] ^ tables[5][crc >> 16 & 255] ^
              tables[4][crc >> 24 & 255] ^ tables[3][crc >> 32 & 255] ^ tables[2][crc >> 40 & 255] ^
              tables[1][crc >> 48 & 255] ^ tables[0][crc >> 56];
    }
    for (; s.n > 0; s.p++, s.n--)
        crc = one_byte(crc, *s.p);
    return crc;
}
