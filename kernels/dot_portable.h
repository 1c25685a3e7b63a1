// Plain C, for any processor.
#define MAX_ROWS 2
#define TILE_VECS 1

typedef uint8_t bytes __attribute__((vector_size(4 * LANES)));
typedef struct {
  int8_t x[4];
} quad;
typedef ivec nibble_sums;
typedef ivec byte_sums;

INLINE bytes load_bytes(const uint8_t *p) {
  typedef bytes bytes_u __attribute__((aligned(1), may_alias));
  return *(const bytes_u *)p;
}
INLINE bytes low_nibbles(bytes w) { return w & 15; }
INLINE bytes high_nibbles(bytes w) { return w >> 4; }
INLINE quad load_quad(const int8_t *p) {
  return (quad){{p[0], p[1], p[2], p[3]}};
}

INLINE ivec dot_quad(ivec sum, bytes w, quad x, int zero) {
  for (int lane = 0; lane < LANES; lane++)
    for (int i = 0; i < 4; i++)
      sum[lane] += (w[4 * lane + i] - zero) * x.x[i];
  return sum;
}

INLINE nibble_sums no_nibbles(void) { return (ivec){0}; }
INLINE nibble_sums dot_nibbles(nibble_sums sum, bytes w, quad x) {
  return dot_quad(sum, w, x, 0);
}
INLINE vec total_nibbles(nibble_sums sum) {
  return __builtin_convertvector(sum, vec);
}

INLINE byte_sums no_bytes(int32_t x_sum) {
  (void)x_sum;
  return (ivec){0};
}
INLINE byte_sums dot_bytes(byte_sums sum, bytes w, quad x) {
  return dot_quad(sum, w, x, 128);
}
INLINE vec total_bytes(byte_sums sum) {
  return __builtin_convertvector(sum, vec);
}

// Two roundings: a processor without a fused form must not call a library.
INLINE vec multiply_add(vec a, vec b, vec c) { return a * b + c; }
