// What every x86-64 processor has: `pmaddwd` multiplies 16-bit numbers and adds
// pairs into 32 bits.
#include <emmintrin.h>

#define MAX_ROWS 2
#define TILE_VECS 2

typedef __m128i bytes;
typedef __m128i quad; // twice, in 16 bits
typedef struct {
  __m128i first, second; // two half sums of outputs 0 and 1, of 2 and 3
} pairs_t;
typedef pairs_t nibble_sums;
typedef pairs_t byte_sums;

INLINE bytes load_bytes(const uint8_t *p) {
  return _mm_loadu_si128((const __m128i *)p);
}
INLINE bytes low_nibbles(bytes w) { return _mm_and_si128(w, _mm_set1_epi8(15)); }
INLINE bytes high_nibbles(bytes w) {
  return _mm_and_si128(_mm_srli_epi16(w, 4), _mm_set1_epi8(15));
}
INLINE quad load_quad(const int8_t *p) {
  const __m128i x = _mm_cvtsi32_si128(*(const word *)p);
  const __m128i wide = _mm_srai_epi16(_mm_unpacklo_epi8(x, x), 8);
  return _mm_unpacklo_epi64(wide, wide);
}

INLINE pairs_t no_pairs(void) {
  return (pairs_t){_mm_setzero_si128(), _mm_setzero_si128()};
}
// Weights less `zero`, times activations.
INLINE pairs_t dot_pairs(pairs_t sum, bytes w, quad x, short zero) {
  const __m128i less = _mm_set1_epi16(zero), none = _mm_setzero_si128();
  const __m128i a = _mm_sub_epi16(_mm_unpacklo_epi8(w, none), less);
  const __m128i b = _mm_sub_epi16(_mm_unpackhi_epi8(w, none), less);
  return (pairs_t){_mm_add_epi32(sum.first, _mm_madd_epi16(a, x)),
                   _mm_add_epi32(sum.second, _mm_madd_epi16(b, x))};
}
INLINE vec total_pairs(pairs_t sum) {
  const __m128 a = _mm_castsi128_ps(sum.first);
  const __m128 b = _mm_castsi128_ps(sum.second);
  const __m128i even = _mm_castps_si128(_mm_shuffle_ps(a, b, 0x88));
  const __m128i odd = _mm_castps_si128(_mm_shuffle_ps(a, b, 0xdd));
  return (vec)_mm_cvtepi32_ps(_mm_add_epi32(even, odd));
}

INLINE nibble_sums no_nibbles(void) { return no_pairs(); }
INLINE nibble_sums dot_nibbles(nibble_sums sum, bytes w, quad x) {
  return dot_pairs(sum, w, x, 0);
}
INLINE vec total_nibbles(nibble_sums sum) { return total_pairs(sum); }

INLINE byte_sums no_bytes(int32_t x_sum) {
  (void)x_sum;
  return no_pairs();
}
INLINE byte_sums dot_bytes(byte_sums sum, bytes w, quad x) {
  return dot_pairs(sum, w, x, 128);
}
INLINE vec total_bytes(byte_sums sum) { return total_pairs(sum); }

// Two roundings: a fused form would be a call into a library.
INLINE vec multiply_add(vec a, vec b, vec c) { return a * b + c; }
