// AVX-512 without VNNI: like AVX2, twice as wide, but no instruction that gives
// a number another one's sign.
#include <immintrin.h>

#define MAX_ROWS 6
#define TILE_VECS 2

typedef __m512i bytes;
typedef __m512i quad;
typedef __m512i nibble_sums; // pairs, in 16 bits
typedef __m512i byte_sums;   // in 32 bits

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
INLINE __m512i add_pairs(__m512i pairs) {
  return _mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
}

// The sum, computed here: left alone, the compiler puts off all additions of a
// block and spills their operands.
INLINE __m512i settled(__m512i sum) {
  __asm__("" : "+v"(sum));
  return sum;
}

// 8 quads of a block: 8 * 2 * 15 * 127 = 30480 fits 16 bits.
INLINE nibble_sums no_nibbles(void) { return _mm512_setzero_si512(); }
INLINE nibble_sums dot_nibbles(nibble_sums sum, bytes w, quad x) {
  return settled(_mm512_add_epi16(sum, _mm512_maddubs_epi16(w, x)));
}
INLINE vec total_nibbles(nibble_sums sum) {
  return (vec)_mm512_cvtepi32_ps(add_pairs(sum));
}

// |weight| times x with the weight's sign: a pair is at most 2 * 128 * 127 =
// 32512.
INLINE byte_sums no_bytes(int32_t x_sum) {
  (void)x_sum;
  return _mm512_setzero_si512();
}
INLINE byte_sums dot_bytes(byte_sums sum, bytes w, quad x) {
  const __m512i weight = _mm512_xor_si512(w, _mm512_set1_epi8(-128));
  const __m512i turned = _mm512_mask_sub_epi8(x, _mm512_movepi8_mask(weight),
                                              _mm512_setzero_si512(), x);
  const __m512i pairs = _mm512_maddubs_epi16(_mm512_abs_epi8(weight), turned);
  return settled(_mm512_add_epi32(sum, add_pairs(pairs)));
}
INLINE vec total_bytes(byte_sums sum) { return (vec)_mm512_cvtepi32_ps(sum); }

INLINE vec multiply_add(vec a, vec b, vec c) {
  return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
