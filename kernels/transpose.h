// Squares of LANES x LANES floats with rows and columns exchanged.
#ifndef AGENTC_KERNELS_TRANSPOSE_H
#define AGENTC_KERNELS_TRANSPOSE_H

#include "abi.h"

// The lower or the upper halves of two vectors, lane by lane in turn.
#if LANES == 16
#define LOWER 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define UPPER 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif LANES == 8
#define LOWER 0, 8, 1, 9, 2, 10, 3, 11
#define UPPER 4, 12, 5, 13, 6, 14, 7, 15
#else
#define LOWER 0, 4, 1, 5
#define UPPER 2, 6, 3, 7
#endif
#ifdef __clang__
#define INTERLEAVE(A, B, HALVES) __builtin_shufflevector(A, B, HALVES)
#else // GCC has that name since 12 only
#define INTERLEAVE(A, B, HALVES) __builtin_shuffle(A, B, (ivec){HALVES})
#endif

// Each round interleaves the first half of the rows with the second: the bits
// of (row, lane) turn by one place, and after log2(LANES) rounds have changed
// sides.
INLINE void transpose(vec rows[LANES]) {
  for (int round = 1; round < LANES; round *= 2) {
    vec next[LANES];
    for (int i = 0; i < LANES / 2; i++) {
      next[2 * i] = INTERLEAVE(rows[i], rows[i + LANES / 2], LOWER);
      next[2 * i + 1] = INTERLEAVE(rows[i], rows[i + LANES / 2], UPPER);
    }
    for (int i = 0; i < LANES; i++)
      rows[i] = next[i];
  }
}

#endif // AGENTC_KERNELS_TRANSPOSE_H
