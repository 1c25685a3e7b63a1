// 4-bit weight panels. A block holds 16 outputs x 32 inputs in 320 bytes:
//   byte 64 j + 4 r + i   low nibble:  weight of output r, input 4 j + i
//                         high nibble: weight of output r, input 16 + 4 j + i
//   256                   16 f16 scales d
//   288                   16 f16 minima m
// and stands for d q + m, q in 0 .. 15.
#include "tile.h"

#define BLOCK_BYTES 320
#define SCALES_AT 256
#define FEW_ROWS 4 // up to so many rows wait for memory, not arithmetic
#define SYMBOL(NAME) agentc_##NAME##_q4

// total[r][v] += the products of one block, v over vectors of outputs.
INLINE void add_block(const int rows, const int vecs, const group_t *x,
                      const uint8_t *w, const uint8_t *scales,
                      size_t panel_bytes, totals_t total) {
  nibble_sums sum[MAX_ROWS][TILE_VECS];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vecs; v++)
      sum[r][v] = no_nibbles();
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    bytes low[TILE_VECS], high[TILE_VECS];
    for (int v = 0; v < vecs; v++) {
      const bytes b = load_bytes(w + weights_at(v, panel_bytes) + 64 * j);
      low[v] = low_nibbles(b);
      high[v] = high_nibbles(b);
    }
    for (int r = 0; r < rows; r++) {
      const quad first = load_quad(x[r].q + 4 * j);
      const quad second = load_quad(x[r].q + 16 + 4 * j);
      for (int v = 0; v < vecs; v++) {
        sum[r][v] = dot_nibbles(sum[r][v], low[v], first);
        sum[r][v] = dot_nibbles(sum[r][v], high[v], second);
      }
    }
  }
  for (int v = 0; v < vecs; v++) {
    const uint8_t *at = scales + scales_at(v, panel_bytes);
    const vec d = load_half((const half *)at);
    const vec m = load_half((const half *)(at + 32));
    for (int r = 0; r < rows; r++) {
      const vec product = total_nibbles(sum[r][v]) * d;
      total[r][v] = multiply_add(product, splat(x[r].scale), total[r][v]);
      total[r][v] = multiply_add(m, splat(x[r].scaled_sum), total[r][v]);
    }
  }
}

// 32 weights of one output of a block.
INLINE void unpack_output(const uint8_t *block, size_t output, float *w) {
  const float d = scale_of(block + SCALES_AT, output);
  const float m = scale_of(block + SCALES_AT + 32, output);
  for (size_t i = 0; i < 16; i++) {
    const uint8_t pair = block[64 * (i / 4) + 4 * output + i % 4];
    w[i] = d * (float)(pair & 15) + m;
    w[16 + i] = d * (float)(pair >> 4) + m;
  }
}
