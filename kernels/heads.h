// What happens to a row of one head of queries, keys or values: bias, RMSNorm
// of the head, rotary positions, and the way to the queries or to the page.
#ifndef AGENTC_KERNELS_HEADS_H
#define AGENTC_KERNELS_HEADS_H

#include "linear.h"
#include "pages.h"

enum { ADD_BIAS = 1, NORM_HEADS = 2 }; // flags
typedef enum { QUERY, KEY, VALUE } role_t;

typedef struct {
  const float *bias;      // [heads + 2 kv_heads][dim]
  const float *head_norm; // [queries | keys][dim]
  const int32_t *positions, *sequence_of, *block_table;
  const float *cos, *sin; // [context, dim / 2]
  void *pool;
  float *queries; // [rows, heads * dim]
  size_t table_width, heads, kv_heads, dim, layer, layers, flags;
  float eps, scale;
} heads_t;

// x[i] cos - x[i + half] sin, and the other half likewise, times `scale`.
INLINE void rotate(float *x, const float *cos, const float *sin, size_t half,
                   float scale) {
  for (size_t i = 0; i < half; i++) {
    const float a = x[i] * scale, b = x[half + i] * scale;
    x[i] = a * cos[i] - b * sin[i];
    x[half + i] = b * cos[i] + a * sin[i];
  }
}

INLINE void norm_head(float *x, const float *norm, size_t dim, float eps) {
  float sum = 0.0f;
  for (size_t i = 0; i < dim; i++)
    sum += x[i] * x[i];
  const float inverse = 1.0f / __builtin_sqrtf(sum / (float)dim + eps);
  for (size_t i = 0; i < dim; i++)
    x[i] *= inverse * norm[i];
}

// Bias and RMSNorm, where the model has them.
INLINE void prepare_head(const heads_t *h, size_t head, role_t role, float *x) {
  if (h->flags & ADD_BIAS)
    for (size_t i = 0; i < h->dim; i++)
      x[i] += h->bias[head * h->dim + i];
  if ((h->flags & NORM_HEADS) && role != VALUE)
    norm_head(x, h->head_norm + role * h->dim, h->dim, h->eps);
}

// The page of a row's position, for one kv head.
INLINE uint8_t *part_of(const page_format format, const heads_t *h, size_t row,
                        size_t head) {
  const size_t block = (size_t)h->positions[row] / PAGE;
  const size_t entry = (size_t)h->sequence_of[row] * h->table_width + block;
  return page_part(format, h->pool, (size_t)h->block_table[entry], h->layer,
                   h->layers, head, h->kv_heads, h->dim);
}

INLINE void finish_head(const page_format format, const heads_t *h, size_t row,
                        size_t head, float *x) {
  if (h->sequence_of[row] < 0)
    return; // padding: belongs to no sequence, writes nothing
  const size_t keys = h->heads, values = keys + h->kv_heads, half = h->dim / 2;
  const size_t position = (size_t)h->positions[row], slot = position % PAGE;
  const float *cos = h->cos + position * half, *sin = h->sin + position * half;
  if (head < keys) {
    prepare_head(h, head, QUERY, x);
    rotate(x, cos, sin, half, h->scale);
    float *to = h->queries + (row * h->heads + head) * h->dim;
    for (size_t i = 0; i < h->dim; i += LANES)
      store(to + i, load(x + i));
  } else if (head < values) {
    prepare_head(h, head, KEY, x);
    rotate(x, cos, sin, half, 1.0f);
    store_key(format, part_of(format, h, row, head - keys), slot, x, h->dim);
  } else {
    prepare_head(h, head, VALUE, x);
    store_value(format, part_of(format, h, row, head - values), slot, x,
                h->dim);
  }
}

static void finish_heads_f16(const job_t *job, size_t row, size_t panel,
                             size_t panels, float *products) {
  finish_head(PAGE_F16, job->context, row, panel / panels, products);
}
static void finish_heads_i8(const job_t *job, size_t row, size_t panel,
                            size_t panels, float *products) {
  finish_head(PAGE_I8, job->context, row, panel / panels, products);
}

#endif // AGENTC_KERNELS_HEADS_H
