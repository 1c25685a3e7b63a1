// Paged grouped-query attention in f32: rotary positions with the KV write, and
// attention over the pages.
//
// Pool: [page][layer][kv head][K | V][16 * head_dim]. Inside a page, K is
// transposed ([head_dim][16]: one vector load is one dimension of several keys,
// so scores need no sums over lanes) and V is [16][head_dim].
//
// A row's result never depends on the rows beside it: every sum runs in the
// order of dimensions or of keys, with the same number of partial sums whatever
// the tile. Chunking, batch company, page numbers and the number of workgroups
// change no bit.
#include "abi.h"

#define PAGE 16
#define VECS (PAGE / LANES) // vectors that hold one score per key of a page
#define MAX_DIM 256         // largest head_dim
#define BLOCK 8             // pages of one step of the online softmax
#define MASKED -1e30f

// Queries that share one pass over K and V, and partial sums of a score: what
// fits the register file.
#if LANES == 16
#define MAX_QUERIES 12
#define PARTIAL 2
#elif LANES == 8
#define MAX_QUERIES 6
#define PARTIAL 1
#else
#define MAX_QUERIES 3
#define PARTIAL 1
#endif

INLINE size_t page_offset(size_t page, size_t layer, size_t layers, size_t head,
                          size_t heads, size_t kv, size_t dim) {
  return (((page * layers + layer) * heads + head) * 2 + kv) * PAGE * dim;
}

// out[i] = (x[i] cos - x[i + half] sin) scale, and the other half likewise.
INLINE void rotate(const float *x, const float *cos, const float *sin,
                   size_t half, float scale, float *out, size_t stride) {
  for (size_t i = 0; i < half; i++) {
    const float a = x[i] * scale, b = x[i + half] * scale;
    out[i * stride] = a * cos[i] - b * sin[i];
    out[(i + half) * stride] = b * cos[i] + a * sin[i];
  }
}

// Splits rows of [queries | keys | values]: rotated, scaled queries go to
// `queries`; rotated keys and values go to the page of their position.
void agentc_rope_store_f32(BUFFER(const float, qkv),
                           BUFFER(const int32_t, positions),
                           BUFFER(const int32_t, sequence_of),
                           BUFFER(const int32_t, block_table),
                           BUFFER(const float, cos), BUFFER(const float, sin),
                           BUFFER(float, pool), BUFFER(float, queries),
                           size_t rows, size_t table_width, size_t heads,
                           size_t kv_heads, size_t dim, size_t layer,
                           size_t layers, size_t group, size_t groups) {
  POINTER(const float, qkv);
  POINTER(const int32_t, positions);
  POINTER(const int32_t, sequence_of);
  POINTER(const int32_t, block_table);
  POINTER(const float, cos);
  POINTER(const float, sin);
  POINTER(float, pool);
  POINTER(float, queries);
  const size_t half = dim / 2, width = (heads + 2 * kv_heads) * dim;
  const float scale = 1.0f / __builtin_sqrtf((float)dim);
  for (size_t r = group; r < rows; r += groups) {
    if (sequence_of[r] < 0)
      continue; // padding: belongs to no sequence, writes nothing
    const size_t position = (size_t)positions[r];
    const size_t entry =
        (size_t)sequence_of[r] * table_width + position / PAGE;
    const size_t page = (size_t)block_table[entry], slot = position % PAGE;
    const float *c = cos + position * half, *s = sin + position * half;
    const float *x = qkv + r * width;
    for (size_t h = 0; h < heads; h++)
      rotate(x + h * dim, c, s, half, scale, queries + (r * heads + h) * dim,
             1);
    for (size_t h = 0; h < kv_heads; h++) {
      const float *key = x + (heads + h) * dim, *value = key + kv_heads * dim;
      float *k = pool + page_offset(page, layer, layers, h, kv_heads, 0, dim);
      float *v = k + PAGE * dim + slot * dim;
      rotate(key, c, s, half, 1.0f, k + slot, PAGE);
      for (size_t i = 0; i < dim; i++)
        v[i] = value[i];
    }
  }
}

// What one tile reads: the pages of a sequence, for one layer and kv head.
typedef struct {
  const float *pool;
  const int32_t *table;
  size_t page_stride, key_offset, dim;
} pages_t;

// A tile: up to MAX_QUERIES query vectors of one sequence and one kv head.
// `last[n]` is the last key that query n sees.
typedef struct {
  float q[MAX_QUERIES][MAX_DIM];
  float out[MAX_QUERIES][MAX_DIM];
  float score[MAX_QUERIES][BLOCK * PAGE];
  float top[MAX_QUERIES], total[MAX_QUERIES];
  size_t last[MAX_QUERIES];
} tile_t;

// Scores of the 16 keys of one page; keys past a query's last are masked.
INLINE void score_page(const int n, tile_t *t, const float *keys, size_t dim,
                       size_t first_key, size_t column) {
  vec sum[PARTIAL][MAX_QUERIES][VECS];
  for (int u = 0; u < PARTIAL; u++)
    for (int i = 0; i < n; i++)
      for (int v = 0; v < VECS; v++)
        sum[u][i][v] = splat(0.0f);
  for (size_t d = 0; d < dim; d += PARTIAL)
    for (int u = 0; u < PARTIAL; u++)
      for (int v = 0; v < VECS; v++) {
        const vec k = load(keys + (d + (size_t)u) * PAGE + v * LANES);
        for (int i = 0; i < n; i++)
          sum[u][i][v] += k * t->q[i][d + (size_t)u];
      }
  for (int i = 0; i < n; i++)
    for (int v = 0; v < VECS; v++) {
      vec s = sum[0][i][v];
      for (int u = 1; u < PARTIAL; u++)
        s += sum[u][i][v];
      float *out = t->score[i] + column + v * LANES;
      store(out, s);
      for (int lane = 0; lane < LANES; lane++)
        if (first_key + (size_t)(v * LANES + lane) > t->last[i])
          out[lane] = MASKED;
    }
}

// Turns the scores of a block into weights, and rescales what was summed so far
// to the new maximum. Masked keys weigh exactly 0.
INLINE void soften(tile_t *t, int i, size_t pages, size_t dim, int first) {
  float *score = t->score[i];
  vec top = splat(t->top[i]);
  for (size_t k = 0; k < pages * PAGE; k += LANES)
    top = larger(load(score + k), top);
  const float maximum = max_lanes(top);
  vec total = splat(0.0f);
  for (size_t k = 0; k < pages * PAGE; k += LANES) {
    const vec s = load(score + k);
    const vec e = choose(s > splat(MASKED / 10),
                         exponential(s - splat(maximum)), splat(0.0f));
    store(score + k, e);
    total += e;
  }
  const float shrink = exponential(splat(t->top[i] - maximum))[0];
  t->total[i] = t->total[i] * shrink + sum_lanes(total);
  t->top[i] = maximum;
  for (size_t d = 0; !first && d < dim; d += LANES)
    store(t->out[i] + d, load(t->out[i] + d) * shrink);
}

// out += weights * V for `width` vectors of dimensions from `d` on. Stops at
// the last key: the rest of a page may hold anything, NaN included.
INLINE void add_values(const int n, const int width, tile_t *t,
                       const pages_t *p, size_t block, size_t pages,
                       size_t keys, size_t d) {
  vec sum[4][MAX_QUERIES];
  for (int w = 0; w < width; w++)
    for (int i = 0; i < n; i++)
      sum[w][i] = load(t->out[i] + d + (size_t)w * LANES);
  for (size_t b = 0; b < pages; b++) {
    const float *values = p->pool +
                          (size_t)p->table[block + b] * p->page_stride +
                          p->key_offset + PAGE * p->dim + d;
    const size_t left = keys - (block + b) * PAGE;
    const size_t limit = left < PAGE ? left : PAGE;
    for (size_t k = 0; k < limit; k++)
      for (int w = 0; w < width; w++) {
        const vec v = load(values + k * p->dim + (size_t)w * LANES);
        for (int i = 0; i < n; i++)
          sum[w][i] += v * t->score[i][b * PAGE + k];
      }
  }
  for (int w = 0; w < width; w++)
    for (int i = 0; i < n; i++)
      store(t->out[i] + d + (size_t)w * LANES, sum[w][i]);
}

// Online softmax (Milakov and Gimelshein, 2018) over blocks of pages.
INLINE void attend(const int n, tile_t *t, const pages_t *p, size_t keys) {
  const int width = n <= 3 ? 4 : n <= 6 ? 2 : 1;
  const size_t step = (size_t)width * LANES, dim = p->dim;
  const size_t pages = (keys + PAGE - 1) / PAGE;
  for (size_t block = 0; block < pages; block += BLOCK) {
    const size_t count = pages - block < BLOCK ? pages - block : BLOCK;
    for (size_t b = 0; b < count; b++)
      score_page(n, t,
                 p->pool + (size_t)p->table[block + b] * p->page_stride +
                     p->key_offset,
                 dim, (block + b) * PAGE, b * PAGE);
    for (int i = 0; i < n; i++)
      soften(t, i, count, dim, block == 0);
    size_t d = 0;
    for (; d + step <= dim; d += step)
      add_values(n, width, t, p, block, count, keys, d);
    for (; d < dim; d += LANES)
      add_values(n, 1, t, p, block, count, keys, d);
  }
}

// The number of queries is a constant inside each case, so that the sums stay
// in registers.
static void attend_tile(int n, tile_t *t, const pages_t *p, size_t keys) {
  switch (n) {
#define CASE(N)                                                                \
  case N:                                                                      \
    attend(N, t, p, keys);                                                     \
    break;
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
  }
}

// Runs queries [from, from + n) of `rows` x `per_head` query vectors whose first
// one is at row `row`, head `head`.
INLINE void run_queries(tile_t *t, const pages_t *p, const float *queries,
                        float *out, const int32_t *positions, size_t heads,
                        size_t row, size_t head, size_t per_head, size_t from,
                        size_t n) {
  const size_t dim = p->dim;
  size_t keys = 0;
  for (size_t i = 0; i < n; i++) {
    const size_t r = row + (from + i) / per_head;
    const float *q = queries + (r * heads + head + (from + i) % per_head) * dim;
    for (size_t d = 0; d < dim; d += LANES) {
      store(t->q[i] + d, load(q + d));
      store(t->out[i] + d, splat(0.0f));
    }
    t->last[i] = (size_t)positions[r];
    t->top[i] = MASKED;
    t->total[i] = 0.0f;
    keys = t->last[i] + 1;
  }
  attend_tile((int)n, t, p, keys);
  for (size_t i = 0; i < n; i++) {
    const size_t r = row + (from + i) / per_head;
    float *y = out + (r * heads + head + (from + i) % per_head) * dim;
    const float scale = 1.0f / t->total[i];
    for (size_t d = 0; d < dim; d += LANES)
      store(y + d, load(t->out[i] + d) * scale);
  }
}

// Attention of every row over keys 0 .. its position. A unit of work is a tile
// of neighbouring rows of one sequence times one kv head; unit u belongs to
// workgroup u % groups.
void agentc_attention_f32(BUFFER(const float, queries),
                          BUFFER(const int32_t, positions),
                          BUFFER(const int32_t, sequence_of),
                          BUFFER(const int32_t, block_table),
                          BUFFER(const float, pool), BUFFER(float, out),
                          size_t rows, size_t table_width, size_t heads,
                          size_t kv_heads, size_t dim, size_t layer,
                          size_t layers, size_t group, size_t groups) {
  POINTER(const float, queries);
  POINTER(const int32_t, positions);
  POINTER(const int32_t, sequence_of);
  POINTER(const int32_t, block_table);
  POINTER(const float, pool);
  POINTER(float, out);
  const size_t per_head = heads / kv_heads;
  const size_t most = per_head < MAX_QUERIES ? MAX_QUERIES / per_head : 1;
  tile_t tile;
  pages_t p = {.pool = pool, .dim = dim};
  p.page_stride = layers * kv_heads * 2 * PAGE * dim;
  size_t unit = 0;
  for (size_t r = 0, n = 1; r < rows; r += n) {
    for (n = 1; n < most && r + n < rows; n++)
      if (sequence_of[r + n] != sequence_of[r] ||
          positions[r + n] != positions[r] + (int32_t)n)
        break;
    for (size_t h = 0; h < kv_heads; h++, unit++) {
      if (unit % groups != group)
        continue;
      if (sequence_of[r] < 0) { // padding: the result is 0
        for (size_t i = r; i < r + n; i++)
          for (size_t d = 0; d < per_head * dim; d += LANES)
            store(out + (i * heads + h * per_head) * dim + d, splat(0.0f));
        continue;
      }
      p.table = block_table + (size_t)sequence_of[r] * table_width;
      p.key_offset = page_offset(0, layer, layers, h, kv_heads, 0, dim);
      const size_t all = n * per_head;
      for (size_t from = 0, count; from < all; from += count) {
        count = all - from < MAX_QUERIES ? all - from : MAX_QUERIES;
        run_queries(&tile, &p, queries, out, positions, heads, r, h * per_head,
                    per_head, from, count);
      }
    }
  }
}
