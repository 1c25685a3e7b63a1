// What a weight format and the product share: the shape of a tile.
//
// A panel is 16 outputs, blocks of 32 inputs one after another. A tile computes
// `rows` rows times `vecs` vectors of outputs; where a vector is narrower than
// a panel, PANEL_VECS of them make one.
#ifndef AGENTC_KERNELS_TILE_H
#define AGENTC_KERNELS_TILE_H

#include "activations.h"
#include "dot.h"
#include "half.h"

#define PANEL 16
#define PANEL_VECS (PANEL / LANES)

typedef vec totals_t[MAX_ROWS][TILE_VECS];

// Vector v of a tile begins this far behind vector 0: its weights (the same in
// each group of 4 inputs), and its f16 scales.
INLINE size_t weights_at(int v, size_t panel_bytes) {
  return (size_t)(v / PANEL_VECS) * panel_bytes +
         (size_t)(v % PANEL_VECS) * 4 * LANES;
}
INLINE size_t scales_at(int v, size_t panel_bytes) {
  return (size_t)(v / PANEL_VECS) * panel_bytes +
         (size_t)(v % PANEL_VECS) * 2 * LANES;
}

// One of a block's 16 f16 scales.
INLINE float scale_of(const uint8_t *scales, size_t output) {
  const half *near = (const half *)scales + output / LANES * LANES;
  return load_half(near)[output % LANES];
}

#endif // AGENTC_KERNELS_TILE_H
