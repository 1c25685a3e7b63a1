// What happens to a row of products, whatever the weight format.
#ifndef AGENTC_KERNELS_FINISH_H
#define AGENTC_KERNELS_FINISH_H

#include "linear.h"

typedef struct {
  float *y;              // [rows, columns]
  size_t columns;        // the last panel may be wider than that
  const float *bias;     // [columns], or null
  const float *residual; // [rows, columns], or null
} output_t;

INLINE vec sigmoid(vec x) { return 1.0f / (1.0f + exponential(-x)); }

INLINE vec silu(vec x) { return x * sigmoid(x); }

// 0.5 x (1 + tanh(z)) = x sigmoid(2 z)   (Hendrycks and Gimpel, 2016)
INLINE vec gelu_tanh(vec x) {
  const vec z = 0.7978845608f * (x + 0.044715f * x * x * x);
  return x * sigmoid(2.0f * z);
}

// 0.5 x (1 + erf(x / sqrt 2)). erf(z) is z times a ratio of polynomials in z^2,
// fitted for the least absolute error on |z| <= 3.92 (4e-7 in f32; beyond, erf
// is 1 to 3e-8): cheaper than an exponential.
INLINE vec gelu_erf(vec x) {
  const vec end = splat(3.92f), z = x * 0.70710678f;
  const vec near = choose(z > end, end, choose(z < -end, -end, z));
  const vec u = near * near;
  vec p = splat(2.034743147e-6f);
  p = p * u + 2.874796628e-4f;
  p = p * u + 3.868316533e-3f;
  p = p * u + 5.306044593e-2f;
  p = p * u + 1.927637309e-1f;
  p = p * u + 1.128378987f;
  vec q = splat(3.807074245e-5f);
  q = q * u + 1.188113587e-3f;
  q = q * u + 1.517227199e-2f;
  q = q * u + 1.150844917e-1f;
  q = q * u + 5.041640997e-1f;
  q = q * u + 1.0f;
  return choose(z < -end, splat(0.0f), 0.5f * x * (1.0f + near * p / q));
}

INLINE void copy(float *to, const float *from, size_t count) {
  for (size_t i = 0; i < count; i++)
    to[i] = from[i];
}

// Columns of `panels` panels from `panel` on that are really there.
INLINE size_t real_columns(const output_t *out, size_t panel, size_t panels) {
  return least(panels * PANEL, out->columns - panel * PANEL);
}

static void finish_sum(const job_t *job, size_t row, size_t panel,
                       size_t panels, float *products) {
  const output_t *out = job->context;
  const size_t count = real_columns(out, panel, panels);
  const size_t at = row * out->columns + panel * PANEL;
  if (out->bias)
    for (size_t i = 0; i < count; i++)
      products[i] += out->bias[panel * PANEL + i];
  if (out->residual)
    for (size_t i = 0; i < count; i++)
      products[i] += out->residual[at + i];
  copy(out->y + at, products, count);
}

static void finish_bias_gelu(const job_t *job, size_t row, size_t panel,
                             size_t panels, float *products) {
  const output_t *out = job->context;
  const size_t count = real_columns(out, panel, panels);
  for (size_t i = 0; i < count; i++)
    products[i] += out->bias[panel * PANEL + i];
  for (size_t i = 0; i < panels * PANEL; i += LANES)
    store(products + i, gelu_erf(load(products + i)));
  copy(out->y + row * out->columns + panel * PANEL, products, count);
}

// Panels alternate: gate, up.
INLINE void finish_gated(vec (*activation)(vec), const job_t *job, size_t row,
                         size_t panel, size_t panels, float *products) {
  const output_t *out = job->context;
  for (size_t p = 0; p < panels; p += 2) {
    float *gate = products + p * PANEL, *up = gate + PANEL;
    for (size_t i = 0; i < PANEL; i += LANES)
      store(gate + i, activation(load(gate + i)) * load(up + i));
    const size_t column = (panel + p) / 2 * PANEL;
    copy(out->y + row * out->columns + column, gate,
         least(PANEL, out->columns - column));
  }
}
static void finish_silu(const job_t *job, size_t row, size_t panel,
                        size_t panels, float *products) {
  finish_gated(silu, job, row, panel, panels, products);
}
static void finish_gelu(const job_t *job, size_t row, size_t panel,
                        size_t panels, float *products) {
  finish_gated(gelu_tanh, job, row, panel, panels, products);
}

#endif // AGENTC_KERNELS_FINISH_H
