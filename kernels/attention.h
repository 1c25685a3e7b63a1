// Paged grouped-query attention, for every page format: rotary positions with
// the KV write, and attention over the pages.
//
// The file that includes this one says FORMAT and NAME(function), and how its
// pages are read: queries_t, set_query, score_block and sum_block.
#ifndef AGENTC_KERNELS_ATTENTION_H
#define AGENTC_KERNELS_ATTENTION_H

#include "attention_tile.h"

// Attention of n queries over the keys of pages [first_page, ...) up to `keys`.
INLINE void attend(const int n, queries_t *q, tile_t *t, const pages_t *p,
                   size_t first_page, size_t keys) {
  block_t b = {.keys = keys, .pages = (keys + PAGE - 1) / PAGE};
  b.start = first_page / BLOCK * BLOCK;
  for (b.from = first_page; b.from < b.pages; b.from = b.start) {
    b.end = b.start + BLOCK < b.pages ? b.start + BLOCK : b.pages;
    score_block(n, q, t, p, &b);
    for (int i = 0; i < n; i++)
      soften(t, i, &b);
    sum_block(n, q, t, p, &b);
    for (int i = 0; i < n; i++)
      merge(t, i, p->dim);
    b.start += BLOCK;
  }
}

// The number of queries is a constant inside each case, so that the sums stay
// in registers.
static void attend_tile(size_t n, queries_t *q, tile_t *t, const pages_t *p,
                        size_t first_page, size_t keys) {
  switch (n) {
#define CASE(N)                                                                \
  case N:                                                                      \
    attend(N, q, t, p, first_page, keys);                                      \
    return;
  CASE(1)
  CASE(2)
  CASE(3)
#if MAX_QUERIES > 3
  CASE(4)
  CASE(5)
  CASE(6)
#endif
#if MAX_QUERIES > 6
  CASE(7)
  CASE(8)
  CASE(9)
  CASE(10)
  CASE(11)
  CASE(12)
#endif
#undef CASE
  }
}

// The queries of neighbouring rows of one sequence, all of one kv head: query i
// is at row `row` + i / per_head, head `head` + i % per_head.
typedef struct {
  const float *queries;
  float *out;
  const int32_t *positions;
  size_t heads, row, head, per_head, window;
} span_t;

INLINE size_t vector_of(const span_t *s, size_t i, size_t dim) {
  const size_t row = s->row + i / s->per_head;
  return (row * s->heads + s->head + i % s->per_head) * dim;
}

// Runs queries [from, from + n) of a span.
INLINE void run_queries(queries_t *q, tile_t *t, const pages_t *p,
                        const span_t *s, size_t from, size_t n) {
  const size_t dim = p->dim;
  for (size_t i = 0; i < n; i++) {
    const size_t last =
        (size_t)s->positions[s->row + (from + i) / s->per_head];
    set_query(q, (int)i, s->queries + vector_of(s, from + i, dim), dim);
    for (size_t d = 0; d < dim; d += LANES)
      store(t->out[i] + d, splat(0.0f));
    t->last[i] = last;
    t->first[i] = s->window && last >= s->window ? last - s->window + 1 : 0;
    t->top[i] = MASKED;
    t->total[i] = 0.0f;
  }
  attend_tile(n, q, t, p, t->first[0] / PAGE, t->last[n - 1] + 1);
  for (size_t i = 0; i < n; i++) {
    float *y = s->out + vector_of(s, from + i, dim);
    const float scale = 1.0f / t->total[i];
    for (size_t d = 0; d < dim; d += LANES)
      store(y + d, load(t->out[i] + d) * scale);
  }
}

// Rows from `row` on that make one tile: one sequence, positions that follow
// one another.
INLINE size_t tile_rows(const int32_t *sequence_of, const int32_t *positions,
                        size_t row, size_t rows, size_t most) {
  size_t n = 1;
  while (n < most && row + n < rows &&
         sequence_of[row + n] == sequence_of[row] &&
         positions[row + n] == positions[row] + (int32_t)n)
    n++;
  return n;
}

// Attention of every row over the `window` keys up to its own position (0: over
// all). A unit of work is a tile of rows times one kv head; unit u belongs to
// workgroup u % groups. Units of a head are neighbours: they share its pages.
void NAME(attention)(BUFFER(const float, queries),
                     BUFFER(const int32_t, positions),
                     BUFFER(const int32_t, sequence_of),
                     BUFFER(const int32_t, block_table),
                     BUFFER(const element, pool), BUFFER(float, out),
                     size_t rows, size_t table_width, size_t heads,
                     size_t kv_heads, size_t dim, size_t layer, size_t layers,
                     size_t window, size_t group, size_t groups) {
  POINTER(const float, queries);
  POINTER(const int32_t, positions);
  POINTER(const int32_t, sequence_of);
  POINTER(const int32_t, block_table);
  POINTER(const element, pool);
  POINTER(float, out);
  const size_t per_head = heads / kv_heads;
  const size_t most = per_head < MAX_QUERIES ? MAX_QUERIES / per_head : 1;
  queries_t q;
  tile_t tile;
  pages_t p = {.dim = dim, .value_offset = key_bytes(FORMAT, dim)};
  p.page_bytes = layers * kv_heads * part_bytes(FORMAT, dim);
  span_t s = {.queries = queries, .out = out, .positions = positions,
              .heads = heads, .per_head = per_head, .window = window};
  size_t unit = 0;
  for (size_t h = 0; h < kv_heads; h++)
    for (size_t r = 0, n; r < rows; r += n, unit++) {
      n = tile_rows(sequence_of, positions, r, rows, most);
      if (unit % groups != group)
        continue;
      s.row = r;
      s.head = h * per_head;
      const size_t all = n * per_head;
      if (sequence_of[r] < 0) { // padding: the result is 0
        for (size_t i = 0; i < all; i++)
          for (size_t d = 0; d < dim; d += LANES)
            store(out + vector_of(&s, i, dim) + d, splat(0.0f));
        continue;
      }
      p.table = block_table + (size_t)sequence_of[r] * table_width;
      p.pool = page_part(FORMAT, pool, 0, layer, layers, h, kv_heads, dim);
      for (size_t from = 0, count; from < all; from += count) {
        count = all - from < MAX_QUERIES ? all - from : MAX_QUERIES;
        run_queries(&q, &tile, &p, &s, from, count);
      }
    }
}

// out[i] = (x[i] cos - x[i + half] sin) scale, and the other half likewise.
INLINE void rotate(const float *x, const float *cos, const float *sin,
                   size_t half_dim, float scale, float *out) {
  for (size_t i = 0; i < half_dim; i++) {
    const float a = x[i] * scale, b = x[i + half_dim] * scale;
    out[i] = a * cos[i] - b * sin[i];
    out[i + half_dim] = b * cos[i] + a * sin[i];
  }
}

// Splits rows of [queries | keys | values]: queries, rotated and times `scale`
// (a float's bits), go to `queries`; rotated keys and values go to the page of
// their position.
void NAME(rope_store)(BUFFER(const float, qkv), BUFFER(const int32_t, positions),
                      BUFFER(const int32_t, sequence_of),
                      BUFFER(const int32_t, block_table),
                      BUFFER(const float, cos), BUFFER(const float, sin),
                      BUFFER(element, pool), BUFFER(float, queries),
                      size_t rows, size_t table_width, size_t heads,
                      size_t kv_heads, size_t dim, size_t layer, size_t layers,
                      size_t scale, size_t group, size_t groups) {
  POINTER(const float, qkv);
  POINTER(const int32_t, positions);
  POINTER(const int32_t, sequence_of);
  POINTER(const int32_t, block_table);
  POINTER(const float, cos);
  POINTER(const float, sin);
  POINTER(element, pool);
  POINTER(float, queries);
  const size_t width = (heads + 2 * kv_heads) * dim;
  for (size_t r = group; r < rows; r += groups) {
    if (sequence_of[r] < 0)
      continue; // padding: belongs to no sequence, writes nothing
    const size_t position = (size_t)positions[r];
    const size_t entry =
        (size_t)sequence_of[r] * table_width + position / PAGE;
    const size_t page = (size_t)block_table[entry], slot = position % PAGE;
    const float *c = cos + position * (dim / 2), *s = sin + position * (dim / 2);
    const float *x = qkv + r * width;
    for (size_t h = 0; h < heads; h++)
      rotate(x + h * dim, c, s, dim / 2, float_scalar(scale),
             queries + (r * heads + h) * dim);
    for (size_t h = 0; h < kv_heads; h++) {
      const float *key = x + (heads + h) * dim;
      float rotated[MAX_DIM];
      rotate(key, c, s, dim / 2, 1.0f, rotated);
      uint8_t *part =
          page_part(FORMAT, pool, page, layer, layers, h, kv_heads, dim);
      store_key(FORMAT, part, slot, rotated, dim);
      store_value(FORMAT, part, slot, key + kv_heads * dim, dim);
    }
  }
}

#endif // AGENTC_KERNELS_ATTENTION_H
