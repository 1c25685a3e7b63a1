// The kernels of one weight format. The format is included before this and
// gives SYMBOL, which names them.
#include "finish.h"
#include "heads.h"

INLINE size_t panels_for(size_t columns) {
  return (columns + PANEL - 1) / PANEL;
}

// A product whose results go to `out` column by column. Of few rows, the first
// strip should be short, to be there soon, and the results stay in the cache.
INLINE job_t plain_job(const float *x, const uint8_t *w, const output_t *out,
                       size_t rows, size_t depth) {
  const int many = rows > 16;
  return (job_t){.x = x,
                 .w = w,
                 .rows = rows,
                 .depth = depth,
                 .panels = panels_for(out->columns),
                 .unit = 1,
                 .strip = many ? 4 : 2,
                 .finish = finish_sum,
                 .context = out,
                 .y = many ? out->y : 0,
                 .columns = out->columns,
                 .panel_columns = PANEL};
}

// y = x W^T
void SYMBOL(linear)(BUFFER(const float, x), BUFFER(const uint8_t, w),
                    BUFFER(float, y), size_t rows, size_t columns, size_t depth,
                    size_t group, size_t groups) {
  POINTER(const float, x);
  POINTER(const uint8_t, w);
  POINTER(float, y);
  const output_t out = {.y = y, .columns = columns};
  const job_t job = plain_job(x, w, &out, rows, depth);
  run(&job, group, groups);
}

// y = residual + x W^T
void SYMBOL(linear_add)(BUFFER(const float, x), BUFFER(const float, residual),
                        BUFFER(const uint8_t, w), BUFFER(float, y), size_t rows,
                        size_t columns, size_t depth, size_t group,
                        size_t groups) {
  POINTER(const float, x);
  POINTER(const float, residual);
  POINTER(const uint8_t, w);
  POINTER(float, y);
  const output_t out = {.y = y, .columns = columns, .residual = residual};
  const job_t job = plain_job(x, w, &out, rows, depth);
  run(&job, group, groups);
}

// out = residual + rmsnorm(y; norm), where a model norms what it adds
void SYMBOL(norm_add)(BUFFER(const float, y), BUFFER(const float, residual),
                      BUFFER(const float, norm), BUFFER(float, out),
                      size_t rows, size_t depth, size_t eps, size_t group,
                      size_t groups) {
  POINTER(const float, y);
  POINTER(const float, residual);
  POINTER(const float, norm);
  POINTER(float, out);
  for (size_t at = group * depth; at < rows * depth; at += groups * depth) {
    const vec inverse = splat(inverse_rms(y + at, depth, float_scalar(eps)));
    for (size_t i = 0; i < depth; i += LANES) {
      const vec normed = load(y + at + i) * inverse * load(norm + i);
      store(out + at + i, load(residual + at + i) + normed);
    }
  }
}

// y = rmsnorm(x; norm) W^T
void SYMBOL(norm_linear)(BUFFER(const float, x), BUFFER(const float, norm),
                         BUFFER(const uint8_t, w), BUFFER(float, y),
                         size_t rows, size_t columns, size_t depth, size_t eps,
                         size_t group, size_t groups) {
  POINTER(const float, x);
  POINTER(const float, norm);
  POINTER(const uint8_t, w);
  POINTER(float, y);
  const output_t out = {.y = y, .columns = columns};
  job_t job = plain_job(x, w, &out, rows, depth);
  job.norm = norm;
  job.eps = float_scalar(eps);
  run(&job, group, groups);
}

// Gate and up panels alternate; `columns` is the width of y.
INLINE void gated(finish_t *finish, const float *x, const float *norm,
                  const uint8_t *w, float *y, size_t rows, size_t columns,
                  size_t depth, size_t eps, size_t group, size_t groups) {
  const output_t out = {.y = y, .columns = columns};
  job_t job = plain_job(x, w, &out, rows, depth);
  job.norm = norm;
  job.eps = float_scalar(eps);
  job.panels *= 2;
  job.unit = 2;
  job.panel_columns = PANEL / 2;
  job.finish = finish;
  run(&job, group, groups);
}

// y = silu(gate) up, of rmsnorm(x; norm)
void SYMBOL(norm_silu)(BUFFER(const float, x), BUFFER(const float, norm),
                       BUFFER(const uint8_t, w), BUFFER(float, y), size_t rows,
                       size_t columns, size_t depth, size_t eps, size_t group,
                       size_t groups) {
  POINTER(const float, x);
  POINTER(const float, norm);
  POINTER(const uint8_t, w);
  POINTER(float, y);
  gated(finish_silu, x, norm, w, y, rows, columns, depth, eps, group, groups);
}

// The same with GELU (tanh form).
void SYMBOL(norm_gelu)(BUFFER(const float, x), BUFFER(const float, norm),
                       BUFFER(const uint8_t, w), BUFFER(float, y), size_t rows,
                       size_t columns, size_t depth, size_t eps, size_t group,
                       size_t groups) {
  POINTER(const float, x);
  POINTER(const float, norm);
  POINTER(const uint8_t, w);
  POINTER(float, y);
  gated(finish_gelu, x, norm, w, y, rows, columns, depth, eps, group, groups);
}

// Rows `picked` of x: y[r] = rmsnorm(x[picked[r]]; norm) W^T
void SYMBOL(head)(BUFFER(const float, x), BUFFER(const int32_t, picked),
                  BUFFER(const float, norm), BUFFER(const uint8_t, w),
                  BUFFER(float, y), size_t rows, size_t columns, size_t depth,
                  size_t eps, size_t group, size_t groups) {
  POINTER(const float, x);
  POINTER(const int32_t, picked);
  POINTER(const float, norm);
  POINTER(const uint8_t, w);
  POINTER(float, y);
  const output_t out = {.y = y, .columns = columns};
  job_t job = plain_job(x, w, &out, rows, depth);
  job.gather = picked;
  job.norm = norm;
  job.eps = float_scalar(eps);
  run(&job, group, groups);
}

// y = x W^T + bias
void SYMBOL(bias)(BUFFER(const float, x), BUFFER(const float, bias),
                  BUFFER(const uint8_t, w), BUFFER(float, y), size_t rows,
                  size_t columns, size_t depth, size_t group, size_t groups) {
  POINTER(const float, x);
  POINTER(const float, bias);
  POINTER(const uint8_t, w);
  POINTER(float, y);
  const output_t out = {.y = y, .columns = columns, .bias = bias};
  const job_t job = plain_job(x, w, &out, rows, depth);
  run(&job, group, groups);
}

// y = gelu(x W^T + bias), GELU in its exact form
void SYMBOL(bias_gelu)(BUFFER(const float, x), BUFFER(const float, bias),
                       BUFFER(const uint8_t, w), BUFFER(float, y), size_t rows,
                       size_t columns, size_t depth, size_t group,
                       size_t groups) {
  POINTER(const float, x);
  POINTER(const float, bias);
  POINTER(const uint8_t, w);
  POINTER(float, y);
  const output_t out = {.y = y, .columns = columns, .bias = bias};
  job_t job = plain_job(x, w, &out, rows, depth);
  job.finish = finish_bias_gelu;
  run(&job, group, groups);
}

// y = residual + x W^T + bias
void SYMBOL(bias_add)(BUFFER(const float, x), BUFFER(const float, bias),
                      BUFFER(const float, residual), BUFFER(const uint8_t, w),
                      BUFFER(float, y), size_t rows, size_t columns,
                      size_t depth, size_t group, size_t groups) {
  POINTER(const float, x);
  POINTER(const float, bias);
  POINTER(const float, residual);
  POINTER(const uint8_t, w);
  POINTER(float, y);
  const output_t out = {
      .y = y, .columns = columns, .bias = bias, .residual = residual};
  const job_t job = plain_job(x, w, &out, rows, depth);
  run(&job, group, groups);
}

// y[r] = scale W[tokens[r]]
void SYMBOL(embed)(BUFFER(const int32_t, tokens), BUFFER(const uint8_t, w),
                   BUFFER(float, y), size_t rows, size_t depth, size_t scale,
                   size_t group, size_t groups) {
  POINTER(const int32_t, tokens);
  POINTER(const uint8_t, w);
  POINTER(float, y);
  const size_t blocks = depth / GROUP;
  const float factor = float_scalar(scale);
  for (size_t r = group; r < rows; r += groups) {
    const size_t token = (size_t)tokens[r];
    const uint8_t *block = w + token / PANEL * blocks * BLOCK_BYTES;
    float *out = y + r * depth;
    for (size_t b = 0; b < blocks; b++, block += BLOCK_BYTES, out += GROUP) {
      unpack_output(block, token % PANEL, out);
      for (size_t i = 0; i < GROUP; i++)
        out[i] *= factor;
    }
  }
}

// Queries, keys and values of rmsnorm(x; norm): queries rotated and scaled,
// rotated keys and values to their page.
#define NORM_HEADS_KERNEL(FORMAT, ELEMENT)                                     \
  void SYMBOL(norm_heads_##FORMAT)(                                            \
      BUFFER(const float, x), BUFFER(const float, norm),                       \
      BUFFER(const uint8_t, w), BUFFER(const float, bias),                     \
      BUFFER(const float, head_norm), BUFFER(const int32_t, positions),        \
      BUFFER(const int32_t, sequence_of), BUFFER(const int32_t, block_table),  \
      BUFFER(const float, cos), BUFFER(const float, sin),                      \
      BUFFER(ELEMENT, pool), BUFFER(float, queries), size_t rows,              \
      size_t depth, size_t table_width, size_t heads, size_t kv_heads,         \
      size_t dim, size_t layer, size_t layers, size_t eps, size_t scale,       \
      size_t flags, size_t group, size_t groups) {                             \
    POINTER(const float, x);                                                   \
    POINTER(const float, norm);                                                \
    POINTER(const uint8_t, w);                                                 \
    POINTER(const float, bias);                                                \
    POINTER(const float, head_norm);                                           \
    POINTER(const int32_t, positions);                                         \
    POINTER(const int32_t, sequence_of);                                       \
    POINTER(const int32_t, block_table);                                       \
    POINTER(const float, cos);                                                 \
    POINTER(const float, sin);                                                 \
    POINTER(ELEMENT, pool);                                                    \
    POINTER(float, queries);                                                   \
    const heads_t context = {.bias = bias,                                     \
                             .head_norm = head_norm,                           \
                             .positions = positions,                           \
                             .sequence_of = sequence_of,                       \
                             .block_table = block_table,                       \
                             .cos = cos,                                       \
                             .sin = sin,                                       \
                             .pool = pool,                                     \
                             .queries = queries,                               \
                             .table_width = table_width,                       \
                             .heads = heads,                                   \
                             .kv_heads = kv_heads,                             \
                             .dim = dim,                                       \
                             .layer = layer,                                   \
                             .layers = layers,                                 \
                             .flags = flags,                                   \
                             .eps = float_scalar(eps),                         \
                             .scale = float_scalar(scale)};                    \
    const job_t job = {.x = x,                                                 \
                       .norm = norm,                                           \
                       .eps = float_scalar(eps),                               \
                       .w = w,                                                 \
                       .rows = rows,                                           \
                       .depth = depth,                                         \
                       .panels = (heads + 2 * kv_heads) * dim / PANEL,         \
                       .unit = dim / PANEL,                                    \
                       .strip = dim / PANEL,                                   \
                       .finish = finish_heads_##FORMAT,                        \
                       .context = &context};                                   \
    run(&job, group, groups);                                                  \
  }

NORM_HEADS_KERNEL(f16, half)
NORM_HEADS_KERNEL(i8, int8_t)
