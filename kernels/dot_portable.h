// Any little-endian processor, in f32: products and sums of a block are whole
// numbers below 2^24, which f32 holds exactly.
#define MAX_ROWS 2
#define TILE_VECS 1

typedef ivec bytes; // four weights of an output in each lane
typedef struct {
  float x[4];
} quad;
typedef vec nibble_sums;
typedef vec byte_sums;

INLINE bytes load_bytes(const uint8_t *p) {
  typedef ivec unaligned __attribute__((aligned(1), may_alias));
  return *(const unaligned *)p;
}
INLINE bytes low_nibbles(bytes w) { return w & 0x0f0f0f0f; }
INLINE bytes high_nibbles(bytes w) { return (w >> 4) & 0x0f0f0f0f; }
INLINE quad load_quad(const int8_t *p) {
  return (quad){{p[0], p[1], p[2], p[3]}};
}
INLINE vec dot_words(vec sum, bytes w, quad x) {
  for (int i = 0; i < 4; i++)
    sum += __builtin_convertvector((w >> (8 * i)) & 255, vec) * x.x[i];
  return sum;
}

INLINE nibble_sums no_nibbles(void) { return splat(0.0f); }
INLINE nibble_sums dot_nibbles(nibble_sums sum, bytes w, quad x) {
  return dot_words(sum, w, x);
}
INLINE vec total_nibbles(nibble_sums sum) { return sum; }

// The sum of the block's activations is what the 128 in every weight
// multiplies.
INLINE byte_sums no_bytes(int32_t x_sum) {
  return splat(-128.0f * (float)x_sum);
}
INLINE byte_sums dot_bytes(byte_sums sum, bytes w, quad x) {
  return dot_words(sum, w, x);
}
INLINE vec total_bytes(byte_sums sum) { return sum; }

// Fused or not, as the processor likes it: the same for every tile.
INLINE vec multiply_add(vec a, vec b, vec c) { return a * b + c; }
