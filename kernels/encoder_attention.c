// Attention of encoders: every row of a text sees all rows of the text. Texts
// of any lengths lie one behind another, without padding, so none is computed.
//
// A lane is a query: a tile holds up to 2 * LANES queries as columns, keys and
// values are read as they lie, one number at a time, and no sum runs over
// lanes. The maximum, the sum and the exponentials of softmax are lane by lane.
//
// A row's result does not depend on other texts, on its tile or on the number
// of workgroups: sums run in the order of dimensions and of keys.
#include "transpose.h"

#define VECS 2              // vectors of queries of a tile
#define WIDTH (VECS * LANES)
#define MAX_DIM 128         // largest head_dim
#define BLOCK 64            // keys of one step of the online softmax
#define STEPS (LANES == 16 ? 8 : 4) // sums of a product: fits the registers

#define LOG2_E 1.44269504f

typedef struct {
  float q[MAX_DIM][WIDTH];     // queries, scaled
  float out[MAX_DIM][WIDTH];   // weighted sums of values
  float weight[BLOCK][WIDTH];  // scores, then weights
  float top[WIDTH], total[WIDTH];
} tile_t;

// out[i] (+)= sum over k of a[i * a_row + k * a_step] * b[k], for `count` rows
// of out and vectors of b.
INLINE void product_rows(const int count, const int vecs, const float *a,
                         size_t a_row, size_t a_step, const float *b,
                         size_t depth, float *out, const int add) {
  vec sum[8][VECS];
  for (int i = 0; i < count; i++)
    for (int v = 0; v < vecs; v++)
      sum[i][v] = add ? load(out + i * WIDTH + v * LANES) : splat(0.0f);
  for (size_t k = 0; k < depth; k++)
    for (int v = 0; v < vecs; v++) {
      const vec column = load(b + k * WIDTH + (size_t)(v * LANES));
      for (int i = 0; i < count; i++)
        sum[i][v] += column * a[(size_t)i * a_row + k * a_step];
    }
  for (int i = 0; i < count; i++)
    for (int v = 0; v < vecs; v++)
      store(out + i * WIDTH + v * LANES, sum[i][v]);
}

INLINE void product(const int vecs, const float *a, size_t rows, size_t a_row,
                    size_t a_step, const float *b, size_t depth, float *out,
                    const int add) {
  size_t i = 0;
  for (; i + STEPS <= rows; i += STEPS)
    product_rows(STEPS, vecs, a + i * a_row, a_row, a_step, b, depth,
                 out + i * WIDTH, add);
  for (; i + 2 <= rows; i += 2)
    product_rows(2, vecs, a + i * a_row, a_row, a_step, b, depth,
                 out + i * WIDTH, add);
  for (; i < rows; i++)
    product_rows(1, vecs, a + i * a_row, a_row, a_step, b, depth,
                 out + i * WIDTH, add);
}

// 2^x for x <= 0, to about 2e-7 relative: x = n + f with |f| <= 1/2, a polynomial
// in f (least relative error), and n added to its exponent. Below -125 it is
// 2^-125.
INLINE vec power_of_two(vec x) {
  const vec round = splat(12582912.0f); // 1.5 * 2^23: adding it rounds
  x = larger(splat(-125.0f), x);
  const vec shifted = x + round;
  const vec f = x - (shifted - round);
  vec p = splat(1.327647129e-3f);
  p = p * f + 9.675540961e-3f;
  p = p * f + 5.550713092e-2f;
  p = p * f + 2.402212024e-1f;
  p = p * f + 6.931469440e-1f;
  p = p * f + 1.0f;
  return (vec)((ivec)p + ((ivec)shifted << 23));
}

// Scores, times log2 e, to weights; what was summed so far is brought to the
// new maximum (online softmax, Milakov and Gimelshein, 2018).
INLINE void soften(const int vecs, tile_t *t, size_t keys, size_t dim) {
  vec top[VECS], total[VECS], shrink[VECS];
  for (int v = 0; v < vecs; v++)
    top[v] = load(t->top + v * LANES);
  for (size_t k = 0; k < keys; k++)
    for (int v = 0; v < vecs; v++)
      top[v] = larger(load(t->weight[k] + v * LANES), top[v]);
  for (int v = 0; v < vecs; v++) {
    shrink[v] = power_of_two(load(t->top + v * LANES) - top[v]);
    total[v] = load(t->total + v * LANES) * shrink[v];
    store(t->top + v * LANES, top[v]);
  }
  for (size_t k = 0; k < keys; k++)
    for (int v = 0; v < vecs; v++) {
      float *weight = t->weight[k] + v * LANES;
      const vec e = power_of_two(load(weight) - top[v]);
      store(weight, e);
      total[v] += e;
    }
  for (int v = 0; v < vecs; v++)
    store(t->total + v * LANES, total[v]);
  for (size_t d = 0; d < dim; d++)
    for (int v = 0; v < vecs; v++) {
      float *out = t->out[d] + v * LANES;
      store(out, load(out) * shrink[v]);
    }
}

// Columns of `rows` rows (at most WIDTH) from `x`, `stride` apart: out[d][i] =
// scale * x[i][d]. Columns past `rows` are 0.
INLINE void to_columns(const int vecs, const float *x, size_t rows,
                       size_t stride, size_t dim, float scale, float *out) {
  for (size_t i = 0; i < (size_t)(vecs * LANES); i += LANES) {
    size_t d = 0;
    for (; d + LANES <= dim; d += LANES) {
      vec square[LANES];
      for (size_t r = 0; r < LANES; r++)
        square[r] = i + r < rows ? load(x + (i + r) * stride + d) * scale
                                 : splat(0.0f);
      transpose(square);
      for (size_t c = 0; c < LANES; c++)
        store(out + (d + c) * WIDTH + i, square[c]);
    }
    for (; d < dim; d++)
      for (size_t r = 0; r < LANES; r++)
        out[d * WIDTH + i + r] =
            i + r < rows ? x[(i + r) * stride + d] * scale : 0.0f;
  }
}

// The other way round.
INLINE void to_rows(const int vecs, const float *columns, size_t rows,
                    size_t stride, size_t dim, float *y) {
  for (size_t i = 0; i < (size_t)(vecs * LANES); i += LANES) {
    size_t d = 0;
    for (; d + LANES <= dim; d += LANES) {
      vec square[LANES];
      for (size_t c = 0; c < LANES; c++)
        square[c] = load(columns + (d + c) * WIDTH + i);
      transpose(square);
      for (size_t r = 0; r < LANES && i + r < rows; r++)
        store(y + (i + r) * stride + d, square[r]);
    }
    for (; d < dim; d++)
      for (size_t r = 0; r < LANES && i + r < rows; r++)
        y[(i + r) * stride + d] = columns[d * WIDTH + i + r];
  }
}

// Where one head of one text lies in rows of [queries | keys | values].
typedef struct {
  const float *keys, *values;
  size_t count, stride, dim;
} head_t;

INLINE void attend(const int vecs, tile_t *t, const head_t *h, const float *q,
                   size_t rows, float *y, size_t y_stride) {
  const size_t dim = h->dim;
  to_columns(vecs, q, rows, h->stride, dim,
             LOG2_E / __builtin_sqrtf((float)dim), t->q[0]);
  for (int v = 0; v < vecs; v++) {
    store(t->top + v * LANES, splat(-1e30f));
    store(t->total + v * LANES, splat(0.0f));
    for (size_t d = 0; d < dim; d++)
      store(t->out[d] + v * LANES, splat(0.0f));
  }
  for (size_t k = 0, n; k < h->count; k += n) {
    n = h->count - k < BLOCK ? h->count - k : BLOCK;
    product(vecs, h->keys + k * h->stride, n, h->stride, 1, t->q[0], dim,
            t->weight[0], 0);
    soften(vecs, t, n, dim);
    product(vecs, h->values + k * h->stride, dim, 1, h->stride, t->weight[0], n,
            t->out[0], 1);
  }
  for (int v = 0; v < vecs; v++) {
    const vec share = 1.0f / load(t->total + v * LANES);
    for (size_t d = 0; d < dim; d++)
      store(t->out[d] + v * LANES, load(t->out[d] + v * LANES) * share);
  }
  to_rows(vecs, t->out[0], rows, y_stride, dim, y);
}

// One piece of code a tile width.
__attribute__((noinline)) static void attend_narrow(tile_t *t, const head_t *h,
                                                    const float *q, size_t rows,
                                                    float *y, size_t stride) {
  attend(1, t, h, q, rows, y, stride);
}
__attribute__((noinline)) static void attend_wide(tile_t *t, const head_t *h,
                                                  const float *q, size_t rows,
                                                  float *y, size_t stride) {
  attend(VECS, t, h, q, rows, y, stride);
}

// y[r] = attention of row r over the rows of its text: text b is rows
// starts[b] .. starts[b + 1]. A unit of work is one head of one tile of queries;
// unit u belongs to workgroup u % groups.
void agentc_encoder_attention(BUFFER(const float, qkv),
                              BUFFER(const int32_t, starts), BUFFER(float, y),
                              size_t texts, size_t heads, size_t dim,
                              size_t group, size_t groups) {
  POINTER(const float, qkv);
  POINTER(const int32_t, starts);
  POINTER(float, y);
  tile_t tile __attribute__((aligned(64)));
  const size_t width = heads * dim;
  size_t unit = 0;
  for (size_t b = 0; b < texts; b++) {
    const size_t first = (size_t)starts[b], last = (size_t)starts[b + 1];
    head_t h = {.count = last - first, .stride = 3 * width, .dim = dim};
    for (size_t i = 0; i < heads; i++)
      for (size_t r = first; r < last; r += WIDTH, unit++) {
        if (unit % groups != group)
          continue;
        const float *q = qkv + r * 3 * width + i * dim;
        h.keys = qkv + first * 3 * width + width + i * dim;
        h.values = h.keys + width;
        float *out = y + r * width + i * dim;
        const size_t rows = last - r < WIDTH ? last - r : WIDTH;
        if (rows <= LANES)
          attend_narrow(&tile, &h, q, rows, out, width);
        else
          attend_wide(&tile, &h, q, rows, out, width);
      }
  }
}
