// Attention over pages of i8: both products are sums of small integers.
//
// Queries are rounded to 8 bits. The weights of a block, times the scales of the
// values, are rounded to 14 bits, as two numbers of 7 that multiply values
// apart: what is lost is small beside the 8 bits of the values. Sums inside a
// block are exact.
#define FORMAT PAGE_I8
#define NAME(FUNCTION) agentc_##FUNCTION##_i8
#include "attention_tile.h"

typedef uint8_t element; // of the pool

#define SCALES (PAGE * sizeof(float)) // before keys, and before values
#define LARGEST_WEIGHT 16383.0f       // 127 * 128 + 127

// Sums as plain vectors where there is one instruction for a dot product: arrays
// of a type that may alias anything, as those of the intrinsics, would not stay
// in registers.
#if defined(__AVX2__) || defined(__ARM_FEATURE_DOTPROD)
typedef ivec sum_t;
INLINE sum_t no_sum(int32_t x_sum) { return (sum_t)no_bytes(x_sum); }
INLINE sum_t add_dot(sum_t sum, bytes w, const int8_t *x) {
  return (sum_t)dot_bytes((byte_sums)sum, w, load_quad(x));
}
INLINE vec total(sum_t sum) { return __builtin_convertvector(sum, vec); }
#else
typedef byte_sums sum_t;
INLINE sum_t no_sum(int32_t x_sum) { return no_bytes(x_sum); }
INLINE sum_t add_dot(sum_t sum, bytes w, const int8_t *x) {
  return dot_bytes(sum, w, load_quad(x));
}
INLINE vec total(sum_t sum) { return total_bytes(sum); }
#endif

// `scale` and `sum` are those of a query's 8-bit numbers; `high` and `low` hold
// the weights of a block.
typedef struct {
  int8_t x[MAX_QUERIES][MAX_DIM];
  float scale[MAX_QUERIES];
  int32_t sum[MAX_QUERIES];
  int8_t high[MAX_QUERIES][BLOCK_KEYS], low[MAX_QUERIES][BLOCK_KEYS];
  int32_t high_sum[MAX_QUERIES], low_sum[MAX_QUERIES];
  float weight_scale[MAX_QUERIES];
} queries_t;

INLINE void set_query(queries_t *q, int query, const float *x, size_t dim) {
  float rotated[MAX_DIM];
  for (size_t d = 0; d < dim; d += LANES)
    store(rotated + d, load(x + d));
  rotate_hadamard(rotated, dim);
  q->scale[query] = quantise(rotated, dim, q->x[query]);
  int32_t sum = 0;
  for (size_t d = 0; d < dim; d++)
    sum += q->x[query][d];
  q->sum[query] = sum;
}

// Scores of `count` pages from `page` on.
INLINE void score_pages(const int n, const int count, const queries_t *q,
                        tile_t *t, const pages_t *p, const block_t *b,
                        ahead_t *a, size_t page) {
  sum_t sum[4][MAX_QUERIES][VECS];
  const uint8_t *keys[4];
  for (int c = 0; c < count; c++) {
    keys[c] = keys_of(p, page + (size_t)c);
    for (int i = 0; i < n; i++)
      for (int v = 0; v < VECS; v++)
        sum[c][i][v] = no_sum(q->sum[i]);
  }
  for (size_t d = 0; d < p->dim; d += 4) {
    fetch(a, count);
    for (int c = 0; c < count; c++) {
      const uint8_t *quads = keys[c] + SCALES + d * PAGE;
      for (int v = 0; v < VECS; v++) {
        const bytes k = load_bytes(quads + v * 4 * LANES);
        for (int i = 0; i < n; i++)
          sum[c][i][v] = add_dot(sum[c][i][v], k, q->x[i] + d);
      }
    }
  }
  for (int c = 0; c < count; c++)
    for (int v = 0; v < VECS; v++) {
      const size_t at = (size_t)(v * LANES);
      const vec scales = load((const float *)keys[c] + at);
      for (int i = 0; i < n; i++)
        store_scores(t, i, column_of(b, page + (size_t)c) + at,
                     (page + (size_t)c) * PAGE + at,
                     total(sum[c][i][v]) * (scales * q->scale[i]));
    }
}

// Rounds a query's weights times the values' scales. Behind the last key scales
// may be anything, where weights are 0.
INLINE void round_weights(queries_t *q, tile_t *t, const pages_t *p,
                          const block_t *b, int query) {
  float *weight = t->score[query];
  vec top = splat(0.0f);
  for (size_t page = b->from; page < b->end; page++) {
    const float *scales = (const float *)values_of(p, page);
    float *w = weight + column_of(b, page);
    for (size_t k = 0; k < PAGE; k += LANES) {
      const vec e = load(w + k);
      const vec scaled =
          choose(e > splat(0.0f), e * load(scales + k), splat(0.0f));
      store(w + k, scaled);
      top = larger(scaled, top);
    }
  }
  const float most = max_lanes(top);
  const float inverse = most > NEGLIGIBLE ? LARGEST_WEIGHT / most : 0.0f;
  const vec round = splat(12582912.0f); // 1.5 * 2^23: adding it rounds
  ivec high_sum = {0}, low_sum = {0};
  const size_t end = column_of(b, b->end);
  for (size_t k = column_of(b, b->from); k < end; k += LANES) {
    const ivec whole = (ivec)(load(weight + k) * inverse + round) & 0x3fff;
    const ivec high = whole >> 7, low = whole & 127;
    store_bytes(q->high[query] + k, high);
    store_bytes(q->low[query] + k, low);
    high_sum += high;
    low_sum += low;
  }
  q->high_sum[query] = sum_int_lanes(high_sum);
  q->low_sum[query] = sum_int_lanes(low_sum);
  q->weight_scale[query] = most > NEGLIGIBLE ? most / LARGEST_WEIGHT : 0.0f;
}

// Weighted sums of `width` vectors of dimensions from `d` on. Rounded weights of
// masked keys are 0, and so are their products, whatever the page holds.
INLINE void sum_dims(const int n, const int width, const queries_t *q,
                     tile_t *t, const pages_t *p, const block_t *b, ahead_t *a,
                     size_t d) {
  sum_t high[4][MAX_QUERIES], low[4][MAX_QUERIES];
  for (int w = 0; w < width; w++)
    for (int i = 0; i < n; i++) {
      high[w][i] = no_sum(q->high_sum[i]);
      low[w][i] = no_sum(q->low_sum[i]);
    }
  const size_t quad_bytes = 4 * p->dim;
  for (size_t page = b->from; page < b->end; page++) {
    const uint8_t *values = values_of(p, page) + SCALES;
    const size_t column = column_of(b, page);
    for (size_t k = 0; k < PAGE; k += 4) {
      fetch(a, width * LANES * 4 / LINE);
      for (int w = 0; w < width; w++) {
        const bytes v = load_bytes(values + k / 4 * quad_bytes +
                                   (d + (size_t)(w * LANES)) * 4);
        for (int i = 0; i < n; i++) {
          high[w][i] = add_dot(high[w][i], v, q->high[i] + column + k);
          low[w][i] = add_dot(low[w][i], v, q->low[i] + column + k);
        }
      }
    }
  }
  for (int w = 0; w < width; w++)
    for (int i = 0; i < n; i++)
      store(t->sum[i] + d + (size_t)(w * LANES),
            multiply_add(total(high[w][i]), splat(128.0f),
                         total(low[w][i])) *
                q->weight_scale[i]);
}

INLINE void sum_block(const int n, queries_t *q, tile_t *t, const pages_t *p,
                      const block_t *b, ahead_t *a) {
  for (int i = 0; i < n; i++)
    round_weights(q, t, p, b, i);
  const int width = dims_at_once(2 * n);
  const size_t step = (size_t)width * LANES;
  size_t d = 0;
  for (; d + step <= p->dim; d += step)
    sum_dims(n, width, q, t, p, b, a, d);
  for (; d < p->dim; d += LANES)
    sum_dims(n, 1, q, t, p, b, a, d);
}

#include "attention.h"
