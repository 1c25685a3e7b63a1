// 64-bit Arm with the dot product extension: signed bytes by fours.
#include <arm_neon.h>

#define MAX_ROWS 4
#define TILE_VECS 2

typedef int8x16_t bytes;
typedef int8x16_t quad;
typedef int32x4_t nibble_sums;
typedef int32x4_t byte_sums;

INLINE bytes load_bytes(const uint8_t *p) {
  return vreinterpretq_s8_u8(vld1q_u8(p));
}
INLINE bytes low_nibbles(bytes w) { return vandq_s8(w, vdupq_n_s8(15)); }
INLINE bytes high_nibbles(bytes w) {
  return vreinterpretq_s8_u8(vshrq_n_u8(vreinterpretq_u8_s8(w), 4));
}
INLINE quad load_quad(const int8_t *p) {
  return vreinterpretq_s8_s32(vdupq_n_s32(*(const word *)p));
}

INLINE nibble_sums no_nibbles(void) { return vdupq_n_s32(0); }
INLINE nibble_sums dot_nibbles(nibble_sums sum, bytes w, quad x) {
  return vdotq_s32(sum, w, x);
}
INLINE vec total_nibbles(nibble_sums sum) { return (vec)vcvtq_f32_s32(sum); }

INLINE byte_sums no_bytes(int32_t x_sum) {
  (void)x_sum;
  return vdupq_n_s32(0);
}
INLINE byte_sums dot_bytes(byte_sums sum, bytes w, quad x) {
  return vdotq_s32(sum, veorq_s8(w, vdupq_n_s8(-128)), x);
}
INLINE vec total_bytes(byte_sums sum) { return (vec)vcvtq_f32_s32(sum); }

INLINE vec multiply_add(vec a, vec b, vec c) {
  return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
