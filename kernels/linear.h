// Products of rows with weight panels: quantised activations, tiles, and what
// happens to every row of results. The weight format is included before this.
//
// A row's result is one chain of fused additions per output, over blocks in
// order, whatever the tile; the sums inside a block are integers. Rows beside
// it, tiles, chunks and workgroups change no bit.
#ifndef AGENTC_KERNELS_LINEAR_H
#define AGENTC_KERNELS_LINEAR_H

#include "activations.h"

#define MAX_STRIP 16 // panels of the widest strip: a head of 256 outputs

typedef struct job job_t;

// Takes the products of one row with `panels` panels from `panel` on.
typedef void finish_t(const job_t *job, size_t row, size_t panel, size_t panels,
                      float *products);

struct job {
  const float *x;        // [rows, depth]
  const int32_t *gather; // row r is x[gather[r]], unless null
  const float *norm;     // RMSNorm of x with these factors, unless null
  float eps;
  const uint8_t *w; // panels
  size_t rows, depth, panels;
  size_t unit;  // panels that stay with one workgroup and are finished together
  size_t strip; // panels finished together: a multiple of `unit`
  finish_t *finish;
  const void *context; // of `finish`
  // Results to ask for ahead [rows, columns] (or null), so many to a panel.
  const float *y;
  size_t columns, panel_columns;
};

// Activations of the rows in work, on the stack: workers have 128 KiB. Depth is
// at most GROUP * MAX_GROUPS = 52,352.
#define MAX_GROUPS (72000 / sizeof(group_t))
#define MAX_BLOCK_ROWS 96

INLINE size_t least(size_t a, size_t b) { return a < b ? a : b; }

// Rows are cut into tiles of nearly equal height.
INLINE size_t tiles_of(size_t rows) { return (rows + MAX_ROWS - 1) / MAX_ROWS; }
INLINE size_t tile_start(size_t rows, size_t tile) {
  return rows * tile / tiles_of(rows);
}

// Weights that are fetched while others are at work: a processor's own
// prefetcher stops at the end of a (memory) page.
typedef struct {
  const uint8_t *at, *end;
  size_t step; // bytes for each block of a tile
} ahead_t;

INLINE void fetch(const uint8_t *from, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 64)
    __builtin_prefetch(from + i);
}

INLINE void run_tile(const int rows, const int vecs, const group_t *x,
                     const uint8_t *w, const uint8_t *scales, size_t blocks,
                     ahead_t *ahead, float *out, size_t stride) {
  const uint8_t *next = ahead->at;
  const size_t step = next < ahead->end ? ahead->step : 0;
  vec total[MAX_ROWS][TILE_VECS];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vecs; v++)
      total[r][v] = splat(0.0f);
  const size_t panel_bytes = blocks * BLOCK_BYTES;
  for (size_t b = 0; b < blocks; b++) {
    fetch(next, step);
    next += step;
    add_block(rows, vecs, x, w, scales, panel_bytes, total);
    x += rows;
    w += BLOCK_BYTES;
    scales += BLOCK_BYTES;
  }
  ahead->at = next;
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vecs; v++)
      store(out + (size_t)r * stride + (size_t)(v * LANES), total[r][v]);
}

// Vectors of outputs of the tiles that do not have TILE_VECS: a panel, or less.
#define LAST_VECS (TILE_VECS < PANEL_VECS ? TILE_VECS : PANEL_VECS)

// Sizes are constants inside each case, so that sums stay in registers. `v`
// counts vectors of outputs from the first panel.
__attribute__((noinline)) static void
tile(size_t rows, size_t vecs, const group_t *x, const uint8_t *panels,
     size_t v, size_t blocks, ahead_t *ahead, float *out, size_t stride) {
  const uint8_t *panel = panels + v / PANEL_VECS * blocks * BLOCK_BYTES;
  const uint8_t *w = panel + v % PANEL_VECS * 4 * LANES;
  const uint8_t *scales = panel + SCALES_AT + v % PANEL_VECS * 2 * LANES;
#define RUN(ROWS, VECS)                                                        \
  run_tile(ROWS, VECS, x, w, scales, blocks, ahead, out, stride)
#define CASE(ROWS)                                                             \
  case ROWS:                                                                   \
    if (vecs == TILE_VECS)                                                     \
      RUN(ROWS, TILE_VECS);                                                    \
    else                                                                       \
      RUN(ROWS, LAST_VECS);                                                    \
    break;
  switch (rows) {
    CASE(1)
    CASE(2)
#if MAX_ROWS >= 3
    CASE(3)
#endif
#if MAX_ROWS >= 4
    CASE(4)
#endif
#if MAX_ROWS >= 6
    CASE(5)
    CASE(6)
#endif
  }
#undef CASE
#undef RUN
}

// Few rows wait for memory, which is fastest as a single stream; more rows for
// arithmetic, which then loads each quad for two panels.
INLINE size_t tile_width(size_t rows, size_t left) {
  return rows > FEW_ROWS && left >= TILE_VECS ? TILE_VECS : LAST_VECS;
}

// What to fetch while panels [panel, last) are at work and [last, next) follow:
// the next strip, spread over this one's tiles. One or two rows need nothing so
// early, and do better with what comes soon.
#define SOON 6144 // bytes

INLINE ahead_t fetch_plan(const job_t *job, size_t rows, size_t panel,
                          size_t last, size_t next) {
  const size_t blocks = job->depth / GROUP, panel_bytes = blocks * BLOCK_BYTES;
  const size_t vecs = (last - panel) * PANEL_VECS;
  const size_t steps = tiles_of(rows) * blocks * vecs / tile_width(rows, vecs);
  const uint8_t *w = job->w + panel * panel_bytes;
  const uint8_t *following = w + (last - panel) * panel_bytes;
  const size_t bytes = (last - panel) * panel_bytes;
  return (ahead_t){.at = rows <= 2 ? w + SOON : following,
                   .end = job->w + next * panel_bytes,
                   .step = (bytes / steps + 63) / 64 * 64};
}

// Asks for the memory that a tile's results go to: stores wait in line for it.
INLINE void fetch_results(const job_t *job, size_t row, size_t rows,
                          size_t panel, size_t last) {
  for (size_t r = row; job->y && r < row + rows; r++) {
    const float *y = job->y + r * job->columns + panel * job->panel_columns;
    fetch((const uint8_t *)y, (last - panel) * job->panel_columns * 4);
  }
}

// Quantised rows times panels [panel, last); panels [last, next) come after.
static void run_strip(const job_t *job, size_t first_row, size_t rows,
                      const group_t *x, size_t panel, size_t last,
                      size_t next) {
  float products[MAX_ROWS][MAX_STRIP * PANEL];
  const size_t blocks = job->depth / GROUP, stride = MAX_STRIP * PANEL;
  const size_t begin = panel * PANEL_VECS, end = last * PANEL_VECS;
  ahead_t ahead = fetch_plan(job, rows, panel, last, next);
  for (size_t t = 0; t < tiles_of(rows); t++) {
    const size_t start = tile_start(rows, t);
    const size_t height = tile_start(rows, t + 1) - start;
    fetch_results(job, first_row + start, height, panel, last);
    for (size_t v = begin, width; v < end; v += width) {
      width = tile_width(rows, end - v);
      tile(height, width, x + start * blocks, job->w, v, blocks, &ahead,
           products[0] + (v - begin) * LANES, stride);
    }
    for (size_t r = 0; r < height; r++)
      job->finish(job, first_row + start + r, panel, last - panel, products[r]);
  }
}

// A tile's groups lie block by block, its rows side by side.
static void quantise_rows(const job_t *job, size_t first_row, size_t rows,
                          group_t *out) {
  const size_t blocks = job->depth / GROUP;
  for (size_t t = 0; t < tiles_of(rows); t++) {
    const size_t start = tile_start(rows, t);
    const size_t height = tile_start(rows, t + 1) - start;
    for (size_t r = 0; r < height; r++) {
      size_t row = first_row + start + r;
      if (job->gather)
        row = (size_t)job->gather[row];
      quantise_row(job->x + row * job->depth, job->norm, job->eps, job->depth,
                   out + start * blocks + r, height);
    }
  }
}

// Rows [row, last_row) times panels [panel, last_panel).
static void run_share(const job_t *job, size_t row, size_t last_row,
                      size_t panel, size_t last_panel) {
  if (panel == last_panel)
    return; // more workgroups than units of work
  group_t x[MAX_GROUPS] __attribute__((aligned(64)));
  const size_t blocks = job->depth / GROUP, fit = MAX_GROUPS / blocks;
  const size_t panel_bytes = blocks * BLOCK_BYTES;
  const size_t most = least(fit, MAX_BLOCK_ROWS);
  for (size_t rows; row < last_row; row += rows) {
    rows = least(most, last_row - row);
    size_t next = least(panel + job->strip, last_panel);
    fetch(job->w + panel * panel_bytes, (next - panel) * panel_bytes);
    quantise_rows(job, row, rows, x);
    for (size_t p = panel, last; p < last_panel; p = last) {
      last = next;
      next = least(last + job->strip, last_panel);
      run_strip(job, row, rows, x, p, last, next);
    }
  }
}

// Workgroups share the rows where there are enough for each (it then quantises
// only its own), else the panels.
#define ROWS_EACH 16

static void run(const job_t *job, size_t group, size_t groups) {
  size_t row_shares = least(groups, job->rows / ROWS_EACH);
  while (row_shares > 1 && groups % row_shares)
    row_shares--;
  row_shares = row_shares ? row_shares : 1;
  const size_t panel_shares = groups / row_shares;
  const size_t r = group / panel_shares, p = group % panel_shares;
  const size_t units = job->panels / job->unit;
  run_share(job, job->rows * r / row_shares, job->rows * (r + 1) / row_shares,
            units * p / panel_shares * job->unit,
            units * (p + 1) / panel_shares * job->unit);
}

#endif // AGENTC_KERNELS_LINEAR_H
