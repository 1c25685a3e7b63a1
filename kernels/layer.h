// One layer of a decoder in one call: the kernels of its products and of its
// attention, one after another, by a team of threads (team.h).
//
// The file that includes this one says which kernels belong to its page format
// (HEADS_Q4, HEADS_Q8, ATTENTION), what a page is made of (`element`) and the
// name of the result (LAYER). The kernels are in other objects, linked into the
// same module.
#ifndef AGENTC_KERNELS_LAYER_H
#define AGENTC_KERNELS_LAYER_H

#include "layer_kernels.h"
#include "team.h"

// What a model is like. A matrix is in 4 bits unless its flag is set.
enum {
  ADD_BIAS = 1, // to queries, keys and values
  NORM_HEADS = 2,
  NORM_RESULTS = 4, // of attention and MLP, before they are added
  GELU = 8,
  QKV_Q8 = 16,
  OUT_Q8 = 32,
  GATE_UP_Q8 = 64,
  DOWN_Q8 = 128
};

typedef struct {
  const float *x, *attn_norm, *bias, *head_norm, *out_norm, *mlp_norm,
      *down_norm, *cos, *sin;
  const uint8_t *qkv, *out, *gate_up, *down;
  const int32_t *positions, *sequence_of, *block_table;
  element *pool;
  float *queries, *attended, *product, *middle, *gated, *y;
  size_t rows, width, ffn, table_width, heads, kv_heads, dim, layer, layers;
  size_t eps, scale, window, flags;
} layer_t;

static void project_heads(const void *context, size_t unit, size_t units) {
  const layer_t *l = context;
  (l->flags & QKV_Q8 ? HEADS_Q8 : HEADS_Q4)(
      AT(l->x), AT(l->attn_norm), AT(l->qkv), AT(l->bias), AT(l->head_norm),
      AT(l->positions), AT(l->sequence_of), AT(l->block_table), AT(l->cos),
      AT(l->sin), AT(l->pool), AT(l->queries), l->rows, l->width,
      l->table_width, l->heads, l->kv_heads, l->dim, l->layer, l->layers,
      l->eps, l->scale, l->flags & (ADD_BIAS | NORM_HEADS), unit, units);
}

static void attend_pages(const void *context, size_t unit, size_t units) {
  const layer_t *l = context;
  ATTENTION(AT(l->queries), AT(l->positions), AT(l->sequence_of),
            AT(l->block_table), AT(l->pool), AT(l->attended), l->rows,
            l->table_width, l->heads, l->kv_heads, l->dim, l->layer, l->layers,
            l->window, unit, units);
}

// Columns `width` of x times a matrix, added to `residual` unless the model
// norms the product first.
INLINE void project_back(const layer_t *l, size_t is_q8, const float *x,
                         size_t depth, const uint8_t *w, const float *residual,
                         float *y, size_t unit, size_t units) {
  if (l->flags & NORM_RESULTS)
    (is_q8 ? agentc_linear_q8 : agentc_linear_q4)(
        AT(x), AT(w), AT(l->product), l->rows, l->width, depth, unit, units);
  else
    (is_q8 ? agentc_linear_add_q8 : agentc_linear_add_q4)(
        AT(x), AT(residual), AT(w), AT(y), l->rows, l->width, depth, unit,
        units);
}

static void project_out(const void *context, size_t unit, size_t units) {
  const layer_t *l = context;
  project_back(l, l->flags & OUT_Q8, l->attended, l->heads * l->dim, l->out,
               l->x, l->middle, unit, units);
}
static void add_out(const void *context, size_t unit, size_t units) {
  const layer_t *l = context;
  agentc_norm_add_q4(AT(l->product), AT(l->x), AT(l->out_norm), AT(l->middle),
                     l->rows, l->width, l->eps, unit, units);
}

static void gate(const void *context, size_t unit, size_t units) {
  const layer_t *l = context;
  gate_kernel *silu = agentc_norm_silu_q4, *gelu = agentc_norm_gelu_q4;
  if (l->flags & GATE_UP_Q8)
    silu = agentc_norm_silu_q8, gelu = agentc_norm_gelu_q8;
  (l->flags & GELU ? gelu : silu)(AT(l->middle), AT(l->mlp_norm),
                                  AT(l->gate_up), AT(l->gated), l->rows, l->ffn,
                                  l->width, l->eps, unit, units);
}

static void project_down(const void *context, size_t unit, size_t units) {
  const layer_t *l = context;
  project_back(l, l->flags & DOWN_Q8, l->gated, l->ffn, l->down, l->middle,
               l->y, unit, units);
}
static void add_down(const void *context, size_t unit, size_t units) {
  const layer_t *l = context;
  agentc_norm_add_q4(AT(l->product), AT(l->middle), AT(l->down_norm), AT(l->y),
                     l->rows, l->width, l->eps, unit, units);
}

// More units than threads even out what one of them was late by. But each unit
// of a product prepares the rows anew, unless there are enough to share.
INLINE size_t units_of(size_t rows, size_t threads) {
  return rows <= 2 ? 2 * threads : rows >= 64 * threads ? 4 * threads : threads;
}

static void run_layer(const layer_t *l, team_t *team, size_t threads) {
  const size_t units = units_of(l->rows, threads);
  const size_t tiles = l->rows * l->kv_heads, most = 4 * threads;
  const size_t attention_units = tiles < most ? tiles : most;
  step_t steps[7];
  work_t work = {.steps = steps, .count = 0, .context = l};
  add_step(&work, project_heads, units);
  add_step(&work, attend_pages, attention_units);
  add_step(&work, project_out, units);
  if (l->flags & NORM_RESULTS)
    add_step(&work, add_out, threads);
  add_step(&work, gate, units);
  add_step(&work, project_down, units);
  if (l->flags & NORM_RESULTS)
    add_step(&work, add_down, threads);
  share(team, &work);
}

// `scratch` holds what steps hand to one another: rows of queries, attended
// values, the middle of the residual stream, gated values, products.
// `team` is the address of a team of `threads`, or 0.
void LAYER(BUFFER(const float, x), BUFFER(const float, attn_norm),
           BUFFER(const uint8_t, qkv), BUFFER(const float, bias),
           BUFFER(const float, head_norm), BUFFER(const int32_t, positions),
           BUFFER(const int32_t, sequence_of),
           BUFFER(const int32_t, block_table), BUFFER(const float, cos),
           BUFFER(const float, sin), BUFFER(const uint8_t, out),
           BUFFER(const float, out_norm), BUFFER(const float, mlp_norm),
           BUFFER(const uint8_t, gate_up), BUFFER(const uint8_t, down),
           BUFFER(const float, down_norm), BUFFER(element, pool),
           BUFFER(float, y), BUFFER(float, scratch), size_t rows, size_t width, size_t ffn, size_t table_width,
           size_t heads, size_t kv_heads, size_t dim, size_t layer,
           size_t layers, size_t eps, size_t scale, size_t window, size_t flags,
           size_t team, size_t threads, size_t group, size_t groups) {
  POINTER(const float, x);
  POINTER(const float, attn_norm);
  POINTER(const uint8_t, qkv);
  POINTER(const float, bias);
  POINTER(const float, head_norm);
  POINTER(const int32_t, positions);
  POINTER(const int32_t, sequence_of);
  POINTER(const int32_t, block_table);
  POINTER(const float, cos);
  POINTER(const float, sin);
  POINTER(const uint8_t, out);
  POINTER(const float, out_norm);
  POINTER(const float, mlp_norm);
  POINTER(const uint8_t, gate_up);
  POINTER(const uint8_t, down);
  POINTER(const float, down_norm);
  POINTER(element, pool);
  POINTER(float, y);
  POINTER(float, scratch);
  (void)group, (void)groups; // one workgroup: the team is inside it
  const size_t all_heads = heads * dim;
  float *attended = scratch + rows * all_heads;
  float *middle = attended + rows * all_heads, *gated = middle + rows * width;
  const layer_t l = {.x = x, .attn_norm = attn_norm, .bias = bias,
                     .head_norm = head_norm, .out_norm = out_norm,
                     .mlp_norm = mlp_norm, .down_norm = down_norm, .cos = cos,
                     .sin = sin, .qkv = qkv, .out = out, .gate_up = gate_up,
                     .down = down, .positions = positions,
                     .sequence_of = sequence_of, .block_table = block_table,
                     .pool = pool, .queries = scratch, .attended = attended,
                     .product = gated + rows * ffn, .middle = middle,
                     .gated = gated, .y = y, .rows = rows, .width = width,
                     .ffn = ffn, .table_width = table_width, .heads = heads,
                     .kv_heads = kv_heads, .dim = dim, .layer = layer,
                     .layers = layers, .eps = eps, .scale = scale,
                     .window = window, .flags = flags};
  run_layer(&l, (team_t *)team, threads);
}

#endif // AGENTC_KERNELS_LAYER_H
