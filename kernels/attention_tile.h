// What one pass over keys and values works on, and the softmax over them.
//
// A tile is up to MAX_QUERIES query vectors of one sequence and one kv head, so
// that each key and value is loaded once for all of them. Keys come in blocks of
// 128, counted from position 0. Inside a block a score is one sum in the order
// of dimensions, an output one sum in the order of keys, and blocks are merged
// in order. A row sees the same sums whatever tile it is in: chunking, batch
// company, page numbers and the number of workgroups change no bit.
#ifndef AGENTC_KERNELS_ATTENTION_TILE_H
#define AGENTC_KERNELS_ATTENTION_TILE_H

#include "attention_pages.h"
#include "dot.h"

#define VECS (PAGE / LANES) // vectors that hold one number per key of a page
#define MASKED -1e30f

// Queries of a tile, and how many sums are worked on side by side: enough to
// hide the latency of one. On AVX-512, twice as many would fit the registers, but
// the compiler then keeps operands in memory.
#if LANES == 16
#define MAX_QUERIES 12
#define SUMS 12
#elif LANES == 8
#define MAX_QUERIES 6
#define SUMS 12
#elif defined(__aarch64__)
#define MAX_QUERIES 6
#define SUMS 12
#else
#define MAX_QUERIES 3
#define SUMS 12
#endif

// Pages [from, end) of the block that begins at page `start`. A page's keys have
// the columns from (page - start) * PAGE of `score`. `keys` is how many keys the
// sequence has.
typedef struct {
  size_t start, from, end, keys;
} block_t;

INLINE size_t column_of(const block_t *b, size_t page) {
  return (page - b->start) * PAGE;
}

// `first` .. `last` are the keys that a query sees. `sum` is the weighted sum of
// the current block, `out` that of all blocks before it.
typedef struct {
  float score[MAX_QUERIES][BLOCK_KEYS];
  float sum[MAX_QUERIES][MAX_DIM], out[MAX_QUERIES][MAX_DIM];
  float block_top[MAX_QUERIES], block_total[MAX_QUERIES];
  float top[MAX_QUERIES], total[MAX_QUERIES];
  size_t first[MAX_QUERIES], last[MAX_QUERIES];
} tile_t;

// Pages whose scores are summed side by side: enough independent sums to hide
// the latency of one, few enough for the registers.
INLINE int pages_at_once(const int queries) {
  const int room = SUMS / (queries * VECS);
  return room >= 4 ? 4 : room >= 2 ? 2 : 1;
}

// Vectors of dimensions whose outputs are summed side by side, likewise.
INLINE int dims_at_once(const int queries) {
  const int room = SUMS / queries;
  return room >= 4 ? 4 : room >= 2 ? 2 : 1;
}

INLINE ivec lane_numbers(void) {
  static const int32_t number[16] = {0, 1, 2,  3,  4,  5,  6,  7,
                                     8, 9, 10, 11, 12, 13, 14, 15};
  ivec lanes;
  __builtin_memcpy(&lanes, number, sizeof(lanes));
  return lanes;
}

// Stores the scores of LANES keys, `key` and following; what a query must not
// see is masked.
INLINE void store_scores(tile_t *t, int query, size_t column, size_t key,
                         vec scores) {
  const size_t first = t->first[query], last = t->last[query];
  if (key < first || key + LANES - 1 > last) {
    const ivec number = lane_numbers() + (int32_t)key;
    const ivec seen = (number >= (int32_t)first) & (number <= (int32_t)last);
    scores = choose(seen, scores, splat(MASKED));
  }
  store(t->score[query] + column, scores);
}

// Turns a block's scores into weights, e^(score - the block's largest). Masked
// keys weigh exactly 0.
INLINE void soften(tile_t *t, int query, const block_t *b, ahead_t *a,
                   int lines) {
  float *score = t->score[query];
  const size_t from = column_of(b, b->from), end = column_of(b, b->end);
  vec top = splat(MASKED);
  for (size_t k = from; k < end; k += LANES)
    top = larger(load(score + k), top);
  const float maximum = max_lanes(top);
  vec total = splat(0.0f);
  for (size_t k = from; k < end; k += LANES) {
    const vec s = load(score + k);
    const vec e = choose(s > splat(MASKED / 10),
                         exponential(s - splat(maximum)), splat(0.0f));
    store(score + k, e);
    total += e;
    fetch(a, lines);
  }
  t->block_top[query] = maximum;
  t->block_total[query] = sum_lanes(total);
}

// Adds the block to what came before it (Milakov and Gimelshein, 2018).
INLINE void merge(tile_t *t, int query, size_t dim) {
  const float before = t->top[query], block = t->block_top[query];
  const float top = block > before ? block : before;
  const float shrink = exponential(splat(before - top))[0];
  const float grow = exponential(splat(block - top))[0];
  float *out = t->out[query], *sum = t->sum[query];
  for (size_t d = 0; d < dim; d += LANES)
    store(out + d, multiply_add(load(sum + d), splat(grow),
                                load(out + d) * shrink));
  t->total[query] = t->total[query] * shrink + t->block_total[query] * grow;
  t->top[query] = top;
}

#endif // AGENTC_KERNELS_ATTENTION_TILE_H
