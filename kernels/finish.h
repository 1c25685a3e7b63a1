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

// erf by Abramowitz and Stegun 7.1.26, absolute error 1.5e-7.
INLINE vec gelu_erf(vec x) {
  const vec z = x * 0.70710678f;
  const vec size = larger(z, -z);
  const vec t = 1.0f / (1.0f + 0.3275911f * size);
  vec p = splat(1.061405429f);
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const vec tail = 0.5f * p * t * exponential(-size * size);
  return x * choose(x < splat(0.0f), tail, 1.0f - tail);
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
