// Rows of activations as int8, in groups of 32 with one scale each:
//   scale = max |x| / 127, q = x / scale rounded to nearest even.
#ifndef AGENTC_KERNELS_ACTIVATIONS_H
#define AGENTC_KERNELS_ACTIVATIONS_H

#include "abi.h"

#define GROUP 32

typedef struct {
  int8_t q[GROUP];
  float scale;
  float scaled_sum; // scale times the sum of q
  int32_t sum;      // of q
} group_t;

INLINE void quantise_group(const float *x, group_t *out) {
  int32_t top = 0; // magnitudes compare like their bits
  for (int i = 0; i < GROUP; i++) {
    const int32_t size = (int32_t)(bits_of(x[i]) & 0x7fffffff);
    top = size > top ? size : top;
  }
  const float largest = float_of((uint32_t)top);
  const float inverse = largest > NEGLIGIBLE ? 127.0f / largest : 0.0f;
  // Adding 1.5 * 2^23 rounds, and leaves the integer in the low bits.
  const float round = 12582912.0f;
  int32_t sum = 0;
  for (int i = 0; i < GROUP; i++) {
    const int32_t q =
        (int32_t)(bits_of(x[i] * inverse + round) - bits_of(round));
    out->q[i] = (int8_t)q;
    sum += q;
  }
  out->scale = largest > NEGLIGIBLE ? largest / 127.0f : 0.0f;
  out->sum = sum;
  out->scaled_sum = out->scale * (float)sum;
}

// 1 / sqrt(mean of squares + eps)
INLINE float inverse_rms(const float *x, size_t depth, float eps) {
  vec sum[GROUP / LANES];
  for (int v = 0; v < GROUP / LANES; v++)
    sum[v] = splat(0.0f);
  for (size_t i = 0; i < depth; i += GROUP)
    for (int v = 0; v < GROUP / LANES; v++) {
      const vec a = load(x + i + (size_t)(v * LANES));
      sum[v] += a * a;
    }
  for (int v = 1; v < GROUP / LANES; v++)
    sum[0] += sum[v];
  return 1.0f / __builtin_sqrtf(sum_lanes(sum[0]) / (float)depth + eps);
}

// One row; `norm` (or null): RMSNorm with these factors comes first. Groups are
// written `stride` apart. Never inlined: one piece of code gives the same bits
// to whoever calls.
__attribute__((noinline)) static void quantise_row(const float *x,
                                                   const float *norm, float eps,
                                                   size_t depth, group_t *out,
                                                   size_t stride) {
  const float inverse = norm ? inverse_rms(x, depth, eps) : 1.0f;
  for (size_t i = 0; i < depth; i += GROUP, out += stride) {
    float scaled[GROUP];
    for (int k = 0; norm && k < GROUP; k++)
      scaled[k] = x[i + (size_t)k] * inverse * norm[i + (size_t)k];
    quantise_group(norm ? scaled : x + i, out);
  }
}

#endif // AGENTC_KERNELS_ACTIVATIONS_H
