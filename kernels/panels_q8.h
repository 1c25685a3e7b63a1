// 8-bit weight panels. A block holds 16 outputs x 32 inputs in 544 bytes:
//   byte 64 j + 4 r + i   128 + weight of output r, input 4 j + i
//   512                   16 f16 scales d
// and stands for d w, w in -128 .. 127.
#include "tile.h"

#define BLOCK_BYTES 544
#define SCALES_AT 512
#define FEW_ROWS 8 // up to so many rows wait for memory, not arithmetic
#define SYMBOL(NAME) agentc_##NAME##_q8

// total[r][v] += the products of one block, v over vectors of outputs.
INLINE void add_block(const int rows, const int vecs, const group_t *x,
                      const uint8_t *w, const uint8_t *scales,
                      size_t panel_bytes, totals_t total) {
  byte_sums sum[MAX_ROWS][TILE_VECS];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vecs; v++)
      sum[r][v] = no_bytes(x[r].sum);
#pragma GCC unroll 8
  for (int j = 0; j < 8; j++) {
    bytes b[TILE_VECS];
    for (int v = 0; v < vecs; v++)
      b[v] = load_bytes(w + weights_at(v, panel_bytes) + 64 * j);
    for (int r = 0; r < rows; r++) {
      const quad a = load_quad(x[r].q + 4 * j);
      for (int v = 0; v < vecs; v++)
        sum[r][v] = dot_bytes(sum[r][v], b[v], a);
    }
  }
  for (int v = 0; v < vecs; v++) {
    const uint8_t *at = scales + scales_at(v, panel_bytes);
    const vec d = load_half((const half *)at);
    for (int r = 0; r < rows; r++) {
      const vec product = total_bytes(sum[r][v]) * d;
      total[r][v] = multiply_add(product, splat(x[r].scale), total[r][v]);
    }
  }
}

// 32 weights of one output of a block.
INLINE void unpack_output(const uint8_t *block, size_t output, float *w) {
  const float d = scale_of(block + SCALES_AT, output);
  for (size_t i = 0; i < 32; i++)
    w[i] = d * (float)(block[64 * (i / 4) + 4 * output + i % 4] - 128);
}
