// Paged grouped-query attention, for every page format: rotary positions with
// the KV write, and attention over the pages.
//
// The file that includes this one says FORMAT and NAME(function), and how its
// pages are read: queries_t, set_query, score_pages and sum_block.
#ifndef AGENTC_KERNELS_ATTENTION_H
#define AGENTC_KERNELS_ATTENTION_H

#include "attention_tile.h"

INLINE void score_block(const int n, const queries_t *q, tile_t *t,
                        const pages_t *p, const block_t *b, ahead_t *a) {
  const int count = pages_at_once(n);
  size_t page = b->from;
  for (; page + (size_t)count <= b->end; page += (size_t)count)
    score_pages(n, count, q, t, p, b, a, page);
  for (; page < b->end; page++)
    score_pages(n, 1, q, t, p, b, a, page);
}

// Attention of n queries over the pages of a unit, of which `keys` is the number
// of keys up to the last one.
INLINE void attend(const int n, queries_t *q, tile_t *t, const pages_t *p,
                   ahead_t *a, size_t keys) {
  const int lines = (int)(p->part_bytes / LINE) / (2 * n * VECS) + 1;
  block_t b = {.keys = keys};
  for (b.from = p->first; b.from < p->end; b.from = b.end) {
    begin_block(a);
    b.start = b.from / BLOCK * BLOCK;
    b.end = block_end(p, b.from);
    score_block(n, q, t, p, &b, a);
    for (int i = 0; i < n; i++)
      soften(t, i, &b, a, lines);
    sum_block(n, q, t, p, &b, a);
    for (int i = 0; i < n; i++)
      merge(t, i, p->dim);
    a->working++;
  }
}

// The number of queries is a constant inside each case, so that the sums stay
// in registers.
static void attend_tile(size_t n, queries_t *q, tile_t *t, const pages_t *p,
                        ahead_t *a, size_t keys) {
  switch (n) {
#define CASE(N)                                                                \
  case N:                                                                      \
    attend(N, q, t, p, a, keys);                                               \
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

// What a call of `attention` got, and the rows that a tile has at most.
typedef struct {
  const float *queries;
  const int32_t *positions, *sequence_of, *block_table;
  const element *pool;
  float *out;
  size_t rows, table_width, heads, kv_heads, dim, layer, layers, window;
  size_t per_head, most, group, groups;
} call_t;

// A unit of work: `count` queries from query `from` on, of the `rows` x per_head
// queries of kv head `head` that rows `row` .. of one sequence have. Unit
// `number` belongs to workgroup number % groups. Units of a head are neighbours:
// they often share pages.
typedef struct {
  size_t number, head, row, rows, from, count;
  pages_t pages;
} unit_t;

// Rows from `row` on that make one tile: one sequence, positions that follow
// one another.
INLINE size_t tile_rows(const call_t *c, size_t row) {
  size_t n = 1;
  while (n < c->most && row + n < c->rows &&
         c->sequence_of[row + n] == c->sequence_of[row] &&
         c->positions[row + n] == c->positions[row] + (int32_t)n)
    n++;
  return n;
}

INLINE size_t row_of(const call_t *c, const unit_t *u, size_t i) {
  return u->row + (u->from + i) / c->per_head;
}
INLINE size_t vector_of(const call_t *c, const unit_t *u, size_t i) {
  const size_t head = u->head * c->per_head + (u->from + i) % c->per_head;
  return (row_of(c, u, i) * c->heads + head) * c->dim;
}
INLINE size_t first_key(const call_t *c, size_t last) {
  return c->window && last >= c->window ? last - c->window + 1 : 0;
}

INLINE void find_pages(const call_t *c, unit_t *u) {
  const size_t first = (size_t)c->positions[row_of(c, u, 0)];
  const size_t last = (size_t)c->positions[row_of(c, u, u->count - 1)];
  const size_t sequence = (size_t)c->sequence_of[u->row];
  u->pages = (pages_t){
      .pool = page_part(FORMAT, c->pool, 0, c->layer, c->layers, u->head,
                        c->kv_heads, c->dim),
      .table = c->block_table + sequence * c->table_width,
      .page_bytes = c->layers * c->kv_heads * part_bytes(FORMAT, c->dim),
      .part_bytes = key_bytes(FORMAT, c->dim),
      .dim = c->dim,
      .first = first_key(c, first) / PAGE,
      .end = last / PAGE + 1};
}

// Goes on to the next unit of all workgroups. Returns whether there is one.
INLINE int step_unit(const call_t *c, unit_t *u) {
  u->number++;
  u->from += u->count;
  if (u->from == u->rows * c->per_head) {
    u->from = 0;
    u->row += u->rows;
    if (u->row == c->rows) {
      u->row = 0;
      if (++u->head == c->kv_heads)
        return 0;
    }
    u->rows = tile_rows(c, u->row);
  }
  // Many queries a head make several units of about the same size.
  const size_t left = u->rows * c->per_head - u->from;
  const size_t parts = (left + MAX_QUERIES - 1) / MAX_QUERIES;
  u->count = (left + parts - 1) / parts;
  return 1;
}

// Goes on to the next unit of this workgroup. Rows that are padding have the
// result 0.
INLINE int next_unit(const call_t *c, unit_t *u) {
  while (step_unit(c, u)) {
    if (u->number % c->groups != c->group)
      continue;
    if (c->sequence_of[u->row] >= 0) {
      find_pages(c, u);
      return 1;
    }
    for (size_t i = 0; i < u->count; i++)
      for (size_t d = 0; d < c->dim; d += LANES)
        store(c->out + vector_of(c, u, i) + d, splat(0.0f));
  }
  return 0;
}

INLINE void run_unit(const call_t *c, const unit_t *u, queries_t *q, tile_t *t,
                     ahead_t *a) {
  for (size_t i = 0; i < u->count; i++) {
    const size_t last = (size_t)c->positions[row_of(c, u, i)];
    set_query(q, (int)i, c->queries + vector_of(c, u, i), c->dim);
    for (size_t d = 0; d < c->dim; d += LANES)
      store(t->out[i] + d, splat(0.0f));
    t->first[i] = first_key(c, last);
    t->last[i] = last;
    t->top[i] = MASKED;
    t->total[i] = 0.0f;
  }
  attend_tile(u->count, q, t, &u->pages, a, t->last[u->count - 1] + 1);
  for (size_t i = 0; i < u->count; i++) {
    float *y = c->out + vector_of(c, u, i);
    const float scale = 1.0f / t->total[i];
    for (size_t d = 0; d < c->dim; d += LANES)
      store(y + d, load(t->out[i] + d) * scale);
  }
}

// Attention of every row over the `window` keys up to its own position (0: over
// all).
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
  const call_t call = {queries, positions,   sequence_of, block_table, pool,
                       out,     rows,        table_width, heads,       kv_heads,
                       dim,     layer,       layers,      window,      per_head,
                       most,    group,       groups};
  if (rows == 0)
    return;
  queries_t q;
  tile_t tile;
  ahead_t ahead = {0};
  unit_t units[2] = {{.number = (size_t)-1}}; // a step before unit 0
  int now = 0, more = next_unit(&call, &units[now]);
  while (more) {
    unit_t *this = &units[now], *next = &units[!now];
    *next = *this;
    more = next_unit(&call, next);
    begin_unit(&ahead, &this->pages, more ? &next->pages : 0);
    run_unit(&call, this, &q, &tile, &ahead);
    now = !now;
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
