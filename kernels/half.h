// Half precision in memory, f32 in registers, without a call into a runtime
// library on any instruction set.
#ifndef AGENTC_KERNELS_HALF_H
#define AGENTC_KERNELS_HALF_H

#include "abi.h"

#if defined(__F16C__) || defined(__AVX512F__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

typedef uint16_t half; // the 16 bits of an f16

#define LARGEST_HALF 65504.0f

// LANES halves as floats. The portable form reads infinities and NaNs as large
// numbers: only memory that was never written holds any.
INLINE vec load_half(const half *p) {
#if defined(__AVX512F__)
  return (vec)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
#elif defined(__F16C__) && LANES == 8
  return (vec)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
#elif defined(__aarch64__)
  return (vec)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
#else
  ivec bits = {0};
  for (int i = 0; i < LANES; i++)
    bits[i] = p[i];
  const ivec magnitude = bits & 0x7fff, sign = (bits & 0x8000) << 16;
  // A subnormal is a multiple of 2^-24; it is not made of an f32 subnormal,
  // which a processor may be set to read as 0.
  const vec small = __builtin_convertvector(magnitude, vec) * 0x1p-24f;
  const ivec normal = (magnitude << 13) + (112 << 23);
  return (vec)((ivec)choose(magnitude < 0x400, small, (vec)normal) | sign);
#endif
}

// Rounds to nearest even. What is too large becomes the largest half.
INLINE void store_half(half *p, vec v) {
  v = choose(v > splat(LARGEST_HALF), splat(LARGEST_HALF), v);
  v = choose(v < splat(-LARGEST_HALF), splat(-LARGEST_HALF), v);
#if defined(__AVX512F__)
  _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph((__m512)v, 0));
#elif defined(__F16C__) && LANES == 8
  _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph((__m256)v, 0));
#elif defined(__aarch64__)
  vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32((float32x4_t)v)));
#else
  const ivec bits = (ivec)v, magnitude = bits & 0x7fffffff;
  const ivec odd = (magnitude >> 13) & 1;
  const ivec normal = (magnitude - (112 << 23) + 0xfff + odd) >> 13;
  // Beside 0.5 the units are 2^-24, those of a subnormal: the sum rounds to it.
  const ivec small = (ivec)((vec)magnitude + 0.5f) - 0x3f000000;
  const ivec rounded =
      (ivec)choose(magnitude < (113 << 23), (vec)small, (vec)normal);
  for (int i = 0; i < LANES; i++)
    p[i] = (half)(rounded[i] | ((bits[i] >> 16) & 0x8000));
#endif
}

#endif // AGENTC_KERNELS_HALF_H
