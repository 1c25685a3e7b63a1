// The parts of an encoder that work row by row: embeddings, layer norm, and the
// mean of a text's rows.
//
// Rows of several texts lie one behind another: text b is rows starts[b] ..
// starts[b + 1]. A row's result depends on nothing beside it.
#include "abi.h"

#define GROUP 32 // numbers of a word that share a scale

// Adds over lanes and over what no vector covers, always in this order.
INLINE float sum_row(const float *x, size_t depth) {
  vec sum[4] = {splat(0.0f), splat(0.0f), splat(0.0f), splat(0.0f)};
  size_t i = 0;
  for (; i + 4 * LANES <= depth; i += 4 * LANES)
    for (size_t v = 0; v < 4; v++)
      sum[v] += load(x + i + v * LANES);
  float total = sum_lanes((sum[0] + sum[1]) + (sum[2] + sum[3]));
  for (; i < depth; i++)
    total += x[i];
  return total;
}

// The sum of (x - centre)^2.
INLINE float sum_squares(const float *x, float centre, size_t depth) {
  vec sum[4] = {splat(0.0f), splat(0.0f), splat(0.0f), splat(0.0f)};
  size_t i = 0;
  for (; i + 4 * LANES <= depth; i += 4 * LANES)
    for (size_t v = 0; v < 4; v++) {
      const vec d = load(x + i + v * LANES) - centre;
      sum[v] += d * d;
    }
  float total = sum_lanes((sum[0] + sum[1]) + (sum[2] + sum[3]));
  for (; i < depth; i++)
    total += (x[i] - centre) * (x[i] - centre);
  return total;
}

// y = (x - mean) / sqrt(variance + eps) * scale + shift; y may be x.
__attribute__((noinline)) static void
normalise(const float *x, const float *scale, const float *shift, float *y,
          size_t depth, float eps) {
  const float mean = sum_row(x, depth) / (float)depth;
  const float variance = sum_squares(x, mean, depth) / (float)depth;
  const float inverse = 1.0f / __builtin_sqrtf(variance + eps);
  size_t i = 0;
  for (; i + LANES <= depth; i += LANES) {
    const vec centred = (load(x + i) - mean) * inverse;
    store(y + i, centred * load(scale + i) + load(shift + i));
  }
  for (; i < depth; i++)
    y[i] = (x[i] - mean) * inverse * scale[i] + shift[i];
}

void agentc_encoder_norm(BUFFER(const float, x), BUFFER(const float, scale),
                         BUFFER(const float, shift), BUFFER(float, y),
                         size_t rows, size_t depth, size_t eps_bits,
                         size_t group, size_t groups) {
  POINTER(const float, x);
  POINTER(const float, scale);
  POINTER(const float, shift);
  POINTER(float, y);
  const float eps = float_scalar(eps_bits);
  for (size_t r = rows * group / groups; r < rows * (group + 1) / groups; r++)
    normalise(x + r * depth, scale, shift, y + r * depth, depth, eps);
}

// Word embeddings of one token, f32.
INLINE void word_f32(const void *words, size_t token, size_t depth, float *y) {
  const float *row = (const float *)words + token * depth;
  for (size_t i = 0; i < depth; i++)
    y[i] = row[i];
}

// Word embeddings of one token, 8 bits: a row is depth numbers q, then an f32
// scale for each GROUP of them, and stands for scale * q.
INLINE void word_q8(const void *words, size_t token, size_t depth, float *y) {
  const size_t groups = depth / GROUP;
  const size_t row_bytes = groups * (GROUP + sizeof(float));
  const int8_t *row = (const int8_t *)words + token * row_bytes;
  const float *scales = (const float *)(row + depth);
  for (size_t g = 0; g < groups; g++)
    for (size_t i = g * GROUP; i < (g + 1) * GROUP; i++)
      y[i] = scales[g] * (float)row[i];
}

// What the embeddings of all rows share. `types` is null where token types are
// part of `positions`.
typedef struct {
  const int32_t *tokens, *types, *starts;
  const void *words;
  const float *positions, *type_table, *scale, *shift;
  size_t texts, depth;
  float eps;
} embedding_t;

typedef void word_t(const void *words, size_t token, size_t depth, float *y);

// y = norm(word + position in the text + type)
INLINE void embed(const embedding_t *e, word_t *word, float *y, size_t first,
                  size_t last) {
  const size_t depth = e->depth;
  for (size_t b = 0; b < e->texts; b++) {
    const size_t start = (size_t)e->starts[b], end = (size_t)e->starts[b + 1];
    for (size_t r = start < first ? first : start; r < end && r < last; r++) {
      float *out = y + r * depth;
      const float *position = e->positions + (r - start) * depth;
      word(e->words, (size_t)e->tokens[r], depth, out);
      for (size_t i = 0; i < depth; i++)
        out[i] += position[i];
      if (e->types) {
        const float *type = e->type_table + (size_t)e->types[r] * depth;
        for (size_t i = 0; i < depth; i++)
          out[i] += type[i];
      }
      normalise(out, e->scale, e->shift, out, depth, e->eps);
    }
  }
}

#define EMBED(NAME, ELEMENT, WORD)                                             \
  void NAME(BUFFER(const int32_t, tokens), BUFFER(const int32_t, types),       \
            BUFFER(const int32_t, starts), BUFFER(const ELEMENT, words),       \
            BUFFER(const float, positions), BUFFER(const float, type_table),   \
            BUFFER(const float, scale), BUFFER(const float, shift),            \
            BUFFER(float, y), size_t rows, size_t texts, size_t depth,         \
            size_t typed, size_t eps_bits, size_t group, size_t groups) {      \
    POINTER(const int32_t, tokens);                                            \
    POINTER(const int32_t, types);                                             \
    POINTER(const int32_t, starts);                                            \
    POINTER(const ELEMENT, words);                                             \
    POINTER(const float, positions);                                           \
    POINTER(const float, type_table);                                          \
    POINTER(const float, scale);                                               \
    POINTER(const float, shift);                                               \
    POINTER(float, y);                                                         \
    const embedding_t e = {.tokens = tokens,                                   \
                           .types = typed ? types : NULL,                      \
                           .starts = starts,                                   \
                           .words = words,                                     \
                           .positions = positions,                             \
                           .type_table = type_table,                           \
                           .scale = scale,                                     \
                           .shift = shift,                                     \
                           .texts = texts,                                     \
                           .depth = depth,                                     \
                           .eps = float_scalar(eps_bits)};               \
    embed(&e, WORD, y, rows *group / groups, rows *(group + 1) / groups);      \
  }

EMBED(agentc_encoder_embed_f32, float, word_f32)
EMBED(agentc_encoder_embed_q8, int8_t, word_q8)

// y[b] = the mean of the rows of text b, scaled to length 1. The mean's divisor
// cancels, so the sum is enough.
void agentc_encoder_mean(BUFFER(const float, x), BUFFER(const int32_t, starts),
                         BUFFER(float, y), size_t texts, size_t depth,
                         size_t group, size_t groups) {
  POINTER(const float, x);
  POINTER(const int32_t, starts);
  POINTER(float, y);
  for (size_t b = group; b < texts; b += groups) {
    float *out = y + b * depth;
    const size_t first = (size_t)starts[b], last = (size_t)starts[b + 1];
    for (size_t i = 0; i < depth; i++)
      out[i] = x[first * depth + i];
    for (size_t r = first + 1; r < last; r++)
      for (size_t i = 0; i < depth; i++)
        out[i] += x[r * depth + i];
    const float inverse = 1.0f / __builtin_sqrtf(sum_squares(out, 0.0f, depth));
    for (size_t i = 0; i < depth; i++)
      out[i] *= inverse;
  }
}
