// Sums of products of small integers, the one thing that instruction sets do
// differently. A vector holds LANES outputs; for each it takes four weights
// (bytes) and the same four activations (a quad) at a time.
//
// Two kinds of weights, with their own running sums:
//   nibbles  0 .. 15
//   bytes    0 .. 255, standing for -128 .. 127 (the weight plus 128)
// Every sum is exact for one block of 32 inputs, so the order inside a block
// changes nothing.
#ifndef AGENTC_KERNELS_DOT_H
#define AGENTC_KERNELS_DOT_H

#include "abi.h"

// Four activations as one number.
typedef int32_t word __attribute__((may_alias));

#if defined(__AVX512VNNI__)
#include "dot_vnni.h"
#elif defined(__AVX512BW__)
#include "dot_avx512.h"
#elif defined(__AVX2__)
#include "dot_avx2.h"
#elif defined(__SSE2__)
#include "dot_sse2.h"
#elif defined(__ARM_FEATURE_DOTPROD)
#include "dot_neon.h"
#else
#include "dot_portable.h"
#endif

#endif // AGENTC_KERNELS_DOT_H
