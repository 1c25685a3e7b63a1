// The kernels that a layer is made of, as they are called from another object.
#ifndef AGENTC_KERNELS_LAYER_KERNELS_H
#define AGENTC_KERNELS_LAYER_KERNELS_H

#include "abi.h"

// A pointer as the five words of a buffer.
#define AT(POINTER) POINTER, POINTER, 0, 0, 1

typedef void heads_kernel(
    BUFFER(const float, x), BUFFER(const float, norm), BUFFER(const uint8_t, w),
    BUFFER(const float, bias), BUFFER(const float, head_norm),
    BUFFER(const int32_t, positions), BUFFER(const int32_t, sequence_of),
    BUFFER(const int32_t, block_table), BUFFER(const float, cos),
    BUFFER(const float, sin), BUFFER(element, pool), BUFFER(float, queries),
    size_t rows, size_t depth, size_t table_width, size_t heads,
    size_t kv_heads, size_t dim, size_t layer, size_t layers, size_t eps,
    size_t scale, size_t flags, size_t group, size_t groups);
typedef void attention_kernel(
    BUFFER(const float, queries), BUFFER(const int32_t, positions),
    BUFFER(const int32_t, sequence_of), BUFFER(const int32_t, block_table),
    BUFFER(const element, pool), BUFFER(float, out), size_t rows,
    size_t table_width, size_t heads, size_t kv_heads, size_t dim, size_t layer,
    size_t layers, size_t window, size_t group, size_t groups);
typedef void linear_kernel(BUFFER(const float, x), BUFFER(const uint8_t, w),
                           BUFFER(float, y), size_t rows, size_t columns,
                           size_t depth, size_t group, size_t groups);
typedef void add_kernel(BUFFER(const float, x), BUFFER(const float, residual),
                        BUFFER(const uint8_t, w), BUFFER(float, y), size_t rows,
                        size_t columns, size_t depth, size_t group,
                        size_t groups);
typedef void gate_kernel(BUFFER(const float, x), BUFFER(const float, norm),
                         BUFFER(const uint8_t, w), BUFFER(float, y),
                         size_t rows, size_t columns, size_t depth, size_t eps,
                         size_t group, size_t groups);
typedef void norm_add_kernel(BUFFER(const float, x),
                             BUFFER(const float, residual),
                             BUFFER(const float, norm), BUFFER(float, y),
                             size_t rows, size_t columns, size_t eps,
                             size_t group, size_t groups);

// Found when the module is linked, never through a table.
#pragma GCC visibility push(hidden)
heads_kernel HEADS_Q4, HEADS_Q8;
attention_kernel ATTENTION;
linear_kernel agentc_linear_q4, agentc_linear_q8;
add_kernel agentc_linear_add_q4, agentc_linear_add_q8;
gate_kernel agentc_norm_silu_q4, agentc_norm_silu_q8;
gate_kernel agentc_norm_gelu_q4, agentc_norm_gelu_q8;
norm_add_kernel agentc_norm_add_q4;
#pragma GCC visibility pop

#endif // AGENTC_KERNELS_LAYER_KERNELS_H
