// Any little-endian processor, in plain vectors of 32-bit numbers.
#define MAX_ROWS 2
#define TILE_VECS 1

typedef ivec bytes; // four weights of an output in each lane
typedef struct {
  int32_t x[4];
} quad;
typedef ivec nibble_sums;
typedef ivec byte_sums;

INLINE bytes load_bytes(const uint8_t *p) {
  typedef ivec unaligned __attribute__((aligned(1), may_alias));
  return *(const unaligned *)p;
}
INLINE bytes low_nibbles(bytes w) { return w & 0x0f0f0f0f; }
INLINE bytes high_nibbles(bytes w) { return (w >> 4) & 0x0f0f0f0f; }
INLINE quad load_quad(const int8_t *p) {
  return (quad){{p[0], p[1], p[2], p[3]}};
}
INLINE ivec dot_words(ivec sum, bytes w, quad x) {
  for (int i = 0; i < 4; i++)
    sum += ((w >> (8 * i)) & 255) * x.x[i];
  return sum;
}

INLINE nibble_sums no_nibbles(void) { return (ivec){0}; }
INLINE nibble_sums dot_nibbles(nibble_sums sum, bytes w, quad x) {
  return dot_words(sum, w, x);
}
INLINE vec total_nibbles(nibble_sums sum) {
  return __builtin_convertvector(sum, vec);
}

// The sum of the block's activations is what the 128 in every weight
// multiplies.
INLINE byte_sums no_bytes(int32_t x_sum) { return (ivec){0} - 128 * x_sum; }
INLINE byte_sums dot_bytes(byte_sums sum, bytes w, quad x) {
  return dot_words(sum, w, x);
}
INLINE vec total_bytes(byte_sums sum) {
  return __builtin_convertvector(sum, vec);
}

// Fused or not, as the processor likes it: the same for every tile.
INLINE vec multiply_add(vec a, vec b, vec c) { return a * b + c; }
