// AVX2: `maddubs` multiplies unsigned by signed bytes and adds pairs into 16
// bits, saturating.
#include <immintrin.h>

#define MAX_ROWS 4
#define TILE_VECS 1

typedef __m256i bytes;
typedef __m256i quad;
typedef __m256i nibble_sums; // pairs, in 16 bits
typedef __m256i byte_sums;   // in 32 bits

INLINE bytes load_bytes(const uint8_t *p) {
  return _mm256_loadu_si256((const __m256i *)p);
}
INLINE bytes low_nibbles(bytes w) {
  return _mm256_and_si256(w, _mm256_set1_epi8(15));
}
INLINE bytes high_nibbles(bytes w) {
  return _mm256_and_si256(_mm256_srli_epi16(w, 4), _mm256_set1_epi8(15));
}
INLINE quad load_quad(const int8_t *p) {
  return _mm256_set1_epi32(*(const word *)p);
}
INLINE __m256i add_pairs(__m256i pairs) {
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

// The sum, computed here: left alone, the compiler puts off all additions of a
// block and spills their operands.
INLINE __m256i settled(__m256i sum) {
  __asm__("" : "+x"(sum));
  return sum;
}

// 8 quads of a block: 8 * 2 * 15 * 127 = 30480 fits 16 bits.
INLINE nibble_sums no_nibbles(void) { return _mm256_setzero_si256(); }
INLINE nibble_sums dot_nibbles(nibble_sums sum, bytes w, quad x) {
  return settled(_mm256_add_epi16(sum, _mm256_maddubs_epi16(w, x)));
}
INLINE vec total_nibbles(nibble_sums sum) {
  return (vec)_mm256_cvtepi32_ps(add_pairs(sum));
}

// |weight| times x with the weight's sign: a pair is at most 2 * 128 * 127 =
// 32512.
INLINE byte_sums no_bytes(int32_t x_sum) {
  (void)x_sum;
  return _mm256_setzero_si256();
}
INLINE byte_sums dot_bytes(byte_sums sum, bytes w, quad x) {
  const __m256i weight = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(weight),
                                             _mm256_sign_epi8(x, weight));
  return settled(_mm256_add_epi32(sum, add_pairs(pairs)));
}
INLINE vec total_bytes(byte_sums sum) { return (vec)_mm256_cvtepi32_ps(sum); }

INLINE vec multiply_add(vec a, vec b, vec c) {
  return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
