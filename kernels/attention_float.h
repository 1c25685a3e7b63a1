// Scores and weighted sums over pages of f32 or f16 (FORMAT says which).
#ifndef AGENTC_KERNELS_ATTENTION_FLOAT_H
#define AGENTC_KERNELS_ATTENTION_FLOAT_H

#include "attention_tile.h"

#define NUMBER_BYTES (FORMAT == PAGE_F32 ? sizeof(float) : sizeof(half))

#define PAIR_LINES (FORMAT == PAGE_F32 ? 2 : 1) // of two dimensions of K

INLINE vec load_numbers(const uint8_t *p, size_t index) {
  return FORMAT == PAGE_F32 ? load((const float *)p + index)
                            : load_half((const half *)p + index);
}

typedef struct {
  float x[MAX_QUERIES][MAX_DIM];
} queries_t;

INLINE void set_query(queries_t *q, int query, const float *x, size_t dim) {
  for (size_t d = 0; d < dim; d += LANES)
    store(q->x[query] + d, load(x + d));
}

// Scores of `count` pages from `page` on.
INLINE void score_pages(const int n, const int count, const queries_t *q,
                        tile_t *t, const pages_t *p, const block_t *b,
                        ahead_t *a, size_t page) {
  vec sum[4][MAX_QUERIES][VECS];
  const uint8_t *keys[4];
  for (int c = 0; c < count; c++) {
    keys[c] = keys_of(p, page + (size_t)c);
    for (int i = 0; i < n; i++)
      for (int v = 0; v < VECS; v++)
        sum[c][i][v] = splat(0.0f);
  }
  for (size_t d = 0; d < p->dim; d += 2) {
    if (d % 8 != 6)
      fetch(a, count * PAIR_LINES);
    for (size_t e = d; e < d + 2; e++)
      for (int c = 0; c < count; c++)
        for (int v = 0; v < VECS; v++) {
          const vec k = load_numbers(keys[c], e * PAGE + (size_t)(v * LANES));
          for (int i = 0; i < n; i++)
            sum[c][i][v] = multiply_add(k, splat(q->x[i][e]), sum[c][i][v]);
        }
  }
  for (int c = 0; c < count; c++)
    for (int i = 0; i < n; i++)
      for (int v = 0; v < VECS; v++) {
        const size_t at = (size_t)(v * LANES);
        store_scores(t, i, column_of(b, page + (size_t)c) + at,
                     (page + (size_t)c) * PAGE + at, sum[c][i][v]);
      }
}

// Weighted sums of `width` vectors of dimensions from `d` on. Stops at the last
// key: the rest of a page may hold anything, NaN included.
INLINE void sum_dims(const int n, const int width, tile_t *t, const pages_t *p,
                     const block_t *b, ahead_t *a, size_t d) {
  vec sum[4][MAX_QUERIES];
  for (int w = 0; w < width; w++)
    for (int i = 0; i < n; i++)
      sum[w][i] = splat(0.0f);
  const int lines = (int)(width * LANES * NUMBER_BYTES / LINE);
  for (size_t page = b->from; page < b->end; page++) {
    const uint8_t *values = values_of(p, page);
    const size_t column = column_of(b, page);
    const size_t left = b->keys - page * PAGE;
    const size_t limit = left < PAGE ? left : PAGE;
    for (size_t k = 0; k < limit; k++) {
      if (k % 4 != 3)
        fetch(a, lines);
      for (int w = 0; w < width; w++) {
        const vec v =
            load_numbers(values, k * p->dim + d + (size_t)(w * LANES));
        for (int i = 0; i < n; i++)
          sum[w][i] =
              multiply_add(v, splat(t->score[i][column + k]), sum[w][i]);
      }
    }
  }
  for (int w = 0; w < width; w++)
    for (int i = 0; i < n; i++)
      store(t->sum[i] + d + (size_t)(w * LANES), sum[w][i]);
}

INLINE void sum_block(const int n, queries_t *q, tile_t *t, const pages_t *p,
                      const block_t *b, ahead_t *a) {
  (void)q;
  const int width = dims_at_once(n);
  const size_t step = (size_t)width * LANES;
  size_t d = 0;
  for (; d + step <= p->dim; d += step)
    sum_dims(n, width, t, p, b, a, d);
  for (; d < p->dim; d += LANES)
    sum_dims(n, 1, t, p, b, a, d);
}

#endif // AGENTC_KERNELS_ATTENTION_FLOAT_H
