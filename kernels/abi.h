// How generated code calls a kernel, and the vector type that kernels are
// written in.
//
// Every buffer arrives as a rank-1 memref descriptor (base, aligned pointer,
// offset, size, stride), then the scalars, then the workgroup's number and the
// number of workgroups. Kernels are freestanding: no libc, no globals, no
// undefined symbols.
#ifndef AGENTC_KERNELS_ABI_H
#define AGENTC_KERNELS_ABI_H

#include <stddef.h>
#include <stdint.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#define BUFFER(TYPE, NAME)                                                     \
  TYPE *NAME##_base, TYPE *NAME##_aligned, size_t NAME##_offset,               \
      size_t NAME##_size, size_t NAME##_stride
#define POINTER(TYPE, NAME)                                                    \
  TYPE *NAME = NAME##_aligned + NAME##_offset;                                 \
  (void)NAME##_base, (void)NAME##_size, (void)NAME##_stride

// Largest magnitude that rounding to whole numbers takes for zero, so that a
// whole number divided by it is finite.
#define NEGLIGIBLE 1e-30f

#define INLINE static inline __attribute__((always_inline))

typedef union {
  float value;
  uint32_t bits;
} float_bits;
INLINE uint32_t bits_of(float x) { return ((float_bits){.value = x}).bits; }
INLINE float float_of(uint32_t b) { return ((float_bits){.bits = b}).value; }
// A float that came as a scalar, which are all of size_t.
INLINE float float_scalar(size_t bits) { return float_of((uint32_t)bits); }

// One vector register of floats.
#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX2__)
#define LANES 8
#else
#define LANES 4
#endif
typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));
typedef float vec_u __attribute__((vector_size(4 * LANES), aligned(4)));

INLINE vec load(const float *p) { return *(const vec_u *)p; }
INLINE void store(float *p, vec v) { *(vec_u *)p = v; }
INLINE vec splat(float x) { return x - (vec){0}; }
INLINE vec choose(ivec mask, vec yes, vec no) {
  return (vec)(((ivec)yes & mask) | ((ivec)no & ~mask));
}
// a > b ? a : b, and a < b ? a : b; what x86 does in one instruction.
INLINE vec larger(vec a, vec b) {
#if defined(__AVX512F__)
  return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
  return (vec)_mm256_max_ps((__m256)a, (__m256)b);
#else
  return choose(a > b, a, b);
#endif
}
INLINE vec smaller(vec a, vec b) {
#if defined(__AVX512F__)
  return (vec)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
  return (vec)_mm256_min_ps((__m256)a, (__m256)b);
#else
  return choose(a < b, a, b);
#endif
}

// e^x to about 1e-7 relative, for -87 <= x <= 88 (clamped): x = n ln 2 + f with
// |f| <= ln 2 / 2, then a polynomial in f, then n into the exponent.
INLINE vec exponential(vec x) {
  x = smaller(splat(88.0f), larger(splat(-87.0f), x));
  const vec round = splat(12582912.0f); // 1.5 * 2^23: adding it rounds
  const vec n = (x * 1.44269504f + round) - round;
  const vec f = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  vec p = splat(1.9875691500e-4f);
  p = p * f + 1.3981999507e-3f;
  p = p * f + 8.3334519073e-3f;
  p = p * f + 4.1665795894e-2f;
  p = p * f + 1.6666665459e-1f;
  p = p * f + 5.0000001201e-1f;
  p = p * (f * f) + f + 1.0f;
  const ivec exponent = (__builtin_convertvector(n, ivec) + 127) << 23;
  return p * (vec)exponent;
}

// Lane i of the result is lane i ^ BIT: an exchange of neighbours, or of halves.
#define LANES_4(FROM, BIT)                                                     \
  (FROM + 0) ^ BIT, (FROM + 1) ^ BIT, (FROM + 2) ^ BIT, (FROM + 3) ^ BIT
#define LANES_8(FROM, BIT) LANES_4(FROM, BIT), LANES_4(FROM + 4, BIT)
#if LANES == 16
#define EXCHANGED(V, BIT)                                                      \
  __builtin_shufflevector(V, V, LANES_8(0, BIT), LANES_8(8, BIT))
#elif LANES == 8
#define EXCHANGED(V, BIT) __builtin_shufflevector(V, V, LANES_8(0, BIT))
#else
#define EXCHANGED(V, BIT) __builtin_shufflevector(V, V, LANES_4(0, BIT))
#endif
// Combines all lanes of `v`, by halves: always in the same order.
#if LANES == 16
#define FOLD(COMBINE)                                                          \
  COMBINE(8) COMBINE(4) COMBINE(2) COMBINE(1)
#elif LANES == 8
#define FOLD(COMBINE) COMBINE(4) COMBINE(2) COMBINE(1)
#else
#define FOLD(COMBINE) COMBINE(2) COMBINE(1)
#endif

INLINE float sum_lanes(vec v) {
#define ADD(BIT) v += EXCHANGED(v, BIT);
  FOLD(ADD)
  return v[0];
}
INLINE int32_t sum_int_lanes(ivec v) {
  FOLD(ADD)
#undef ADD
  return v[0];
}
INLINE float max_lanes(vec v) {
#define MAXIMUM(BIT) v = larger(v, EXCHANGED(v, BIT));
  FOLD(MAXIMUM)
#undef MAXIMUM
  return v[0];
}

#endif // AGENTC_KERNELS_ABI_H
