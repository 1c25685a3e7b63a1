// Matrix product in f32: y[rows, columns] = x[rows, depth] * W.
//
// W comes in panels of 16 columns: [columns / 16][depth][16], so that a panel is
// read once, front to back, whatever the number of rows. Every output is one
// sum in the order of depth, in one register lane: tiles, rows beside it and
// workgroups change no bit.
#include "abi.h"

#define PANEL 16
#define VECS (PANEL / LANES) // vectors of one row of a panel

// Rows and panels of a tile: their sums fill most of the register file. One row
// takes several panels, to keep enough sums in flight.
#if LANES == 16
#define MAX_ROWS 8
#define PANELS 2
#elif LANES == 8
#define MAX_ROWS 4
#define PANELS 1
#else
#define MAX_ROWS 2
#define PANELS 1
#endif
#define ROW_PANELS (2 * PANELS)

INLINE void tile(const int rows, const int panels, const float *x,
                 const float *w, float *y, size_t columns, size_t depth) {
  vec sum[MAX_ROWS][ROW_PANELS][VECS];
  for (int r = 0; r < rows; r++)
    for (int p = 0; p < panels; p++)
      for (int v = 0; v < VECS; v++)
        sum[r][p][v] = splat(0.0f);
  for (size_t k = 0; k < depth; k++)
    for (int p = 0; p < panels; p++)
      for (int v = 0; v < VECS; v++) {
        const vec b = load(w + ((size_t)p * depth + k) * PANEL + v * LANES);
        for (int r = 0; r < rows; r++)
          sum[r][p][v] += b * x[(size_t)r * depth + k];
      }
  for (int r = 0; r < rows; r++)
    for (int p = 0; p < panels; p++)
      for (int v = 0; v < VECS; v++)
        store(y + (size_t)r * columns + p * PANEL + v * LANES, sum[r][p][v]);
}

// All rows times `panels` panels.
INLINE void strip(const int panels, const float *x, const float *w, float *y,
                  size_t rows, size_t columns, size_t depth) {
  size_t r = 0;
#define ROWS(N)                                                                \
  for (; r + N <= rows; r += N)                                                \
    tile(N, panels, x + r * depth, w, y + r * columns, columns, depth);
#if MAX_ROWS >= 8
  ROWS(8)
#endif
#if MAX_ROWS >= 4
  ROWS(4)
#endif
  ROWS(2)
  ROWS(1)
}

// Each workgroup takes a contiguous share of the panels.
void agentc_matmul_f32(BUFFER(const float, x), BUFFER(const float, w),
                       BUFFER(float, y), size_t rows, size_t columns,
                       size_t depth, size_t group, size_t groups) {
  POINTER(const float, x);
  POINTER(const float, w);
  POINTER(float, y);
  const size_t panels = columns / PANEL;
  size_t p = panels * group / groups;
  const size_t end = panels * (group + 1) / groups;
  if (rows == 1)
    for (; p + ROW_PANELS <= end; p += ROW_PANELS)
      tile(1, ROW_PANELS, x, w + p * depth * PANEL, y + p * PANEL, columns,
           depth);
  for (; p + PANELS <= end; p += PANELS)
    strip(PANELS, x, w + p * depth * PANEL, y + p * PANEL, rows, columns,
          depth);
  for (; p < end; p++)
    strip(1, x, w + p * depth * PANEL, y + p * PANEL, rows, columns, depth);
}
