// What every x86-64 processor has: `pmaddwd` multiplies 16-bit numbers and adds
// pairs into 32 bits.
#include <emmintrin.h>

#define MAX_ROWS 2
#define TILE_VECS 2

typedef __m128i bytes;
typedef __m128i quad; // twice, in 16 bits
typedef __m128i nibble_sums;
typedef __m128i byte_sums;

INLINE bytes load_bytes(const uint8_t *p) {
  return _mm_loadu_si128((const __m128i *)p);
}
INLINE bytes low_nibbles(bytes w) {
  return _mm_and_si128(w, _mm_set1_epi8(15));
}
INLINE bytes high_nibbles(bytes w) {
  return _mm_and_si128(_mm_srli_epi16(w, 4), _mm_set1_epi8(15));
}
INLINE quad load_quad(const int8_t *p) {
  const __m128i x = _mm_cvtsi32_si128(*(const word *)p);
  const __m128i wide = _mm_srai_epi16(_mm_unpacklo_epi8(x, x), 8);
  return _mm_unpacklo_epi64(wide, wide);
}

// Weights less `zero`, times activations.
INLINE __m128i dot_wide(__m128i sum, bytes w, quad x, short zero) {
  const __m128i less = _mm_set1_epi16(zero), none = _mm_setzero_si128();
  const __m128i a = _mm_sub_epi16(_mm_unpacklo_epi8(w, none), less);
  const __m128i b = _mm_sub_epi16(_mm_unpackhi_epi8(w, none), less);
  // Half sums of outputs 0 and 1, of 2 and 3; then those of all four, apart.
  const __m128 first = _mm_castsi128_ps(_mm_madd_epi16(a, x));
  const __m128 second = _mm_castsi128_ps(_mm_madd_epi16(b, x));
  const __m128 even = _mm_shuffle_ps(first, second, 0x88);
  const __m128 odd = _mm_shuffle_ps(first, second, 0xdd);
  return _mm_add_epi32(
      sum, _mm_add_epi32(_mm_castps_si128(even), _mm_castps_si128(odd)));
}

INLINE nibble_sums no_nibbles(void) { return _mm_setzero_si128(); }
INLINE nibble_sums dot_nibbles(nibble_sums sum, bytes w, quad x) {
  return dot_wide(sum, w, x, 0);
}
INLINE vec total_nibbles(nibble_sums sum) { return (vec)_mm_cvtepi32_ps(sum); }

INLINE byte_sums no_bytes(int32_t x_sum) {
  (void)x_sum;
  return _mm_setzero_si128();
}
INLINE byte_sums dot_bytes(byte_sums sum, bytes w, quad x) {
  return dot_wide(sum, w, x, 128);
}
INLINE vec total_bytes(byte_sums sum) { return (vec)_mm_cvtepi32_ps(sum); }

// Two roundings: a fused form would be a call into a library.
INLINE vec multiply_add(vec a, vec b, vec c) { return a * b + c; }
