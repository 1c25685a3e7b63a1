// AVX-512 with VNNI: one instruction multiplies 64 pairs of bytes (unsigned
// weights, signed activations) and adds them by fours.
#include <immintrin.h>

// Largest tile: rows x vectors of outputs. Its sums, its totals, weights and a
// quad fill the 32 registers.
#define MAX_ROWS 6
#define TILE_VECS 2

typedef __m512i bytes;
typedef __m512i quad;
typedef __m512i nibble_sums;
typedef __m512i byte_sums;

INLINE bytes load_bytes(const uint8_t *p) { return _mm512_loadu_si512(p); }
INLINE bytes low_nibbles(bytes w) {
  return _mm512_and_si512(w, _mm512_set1_epi8(15));
}
INLINE bytes high_nibbles(bytes w) {
  return _mm512_and_si512(_mm512_srli_epi16(w, 4), _mm512_set1_epi8(15));
}
INLINE quad load_quad(const int8_t *p) {
  return _mm512_set1_epi32(*(const word *)p);
}

INLINE nibble_sums no_nibbles(void) { return _mm512_setzero_si512(); }
INLINE nibble_sums dot_nibbles(nibble_sums sum, bytes w, quad x) {
  return _mm512_dpbusd_epi32(sum, w, x);
}
INLINE vec total_nibbles(nibble_sums sum) {
  return (vec)_mm512_cvtepi32_ps(sum);
}

// `x_sum`: the sum of the block's activations, which the 128 in every weight
// multiplies.
INLINE byte_sums no_bytes(int32_t x_sum) {
  return _mm512_set1_epi32(-128 * x_sum);
}
INLINE byte_sums dot_bytes(byte_sums sum, bytes w, quad x) {
  return _mm512_dpbusd_epi32(sum, w, x);
}
INLINE vec total_bytes(byte_sums sum) { return (vec)_mm512_cvtepi32_ps(sum); }

INLINE vec multiply_add(vec a, vec b, vec c) {
  return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
