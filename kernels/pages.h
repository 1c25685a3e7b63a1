// What is inside a page of keys and values, per element format. Only this file
// knows; `agentc/models/pages.py` knows the sizes.
//
// A page holds 16 tokens of all layers: [layer][kv head][part]. A part is the
// keys and values of one layer and kv head, in adjacent memory, a multiple of 64
// bytes. D is head_dim, a multiple of 16.
//
//   f32, f16   keys [D][16]: one vector load is one dimension of several keys,
//              so scores need no sums over lanes; values [16][D].
//   i8         f32 scales of the 16 keys; keys [D/4][16][4] as byte + 128: four
//              dimensions of a key are one lane of an integer dot product;
//              f32 scales of the 16 values; values [16/4][D][4], + 128 too: four
//              tokens of a dimension are one lane. A scale is largest magnitude / 127.
//              Keys are stored rotated (`rotate_hadamard`); scores do not
//              change when queries are rotated alike.
#ifndef AGENTC_KERNELS_PAGES_H
#define AGENTC_KERNELS_PAGES_H

#include "half.h"

#define PAGE 16     // tokens of a page
#define MAX_DIM 256 // largest head_dim

typedef enum { PAGE_F32, PAGE_F16, PAGE_I8 } page_format;

INLINE size_t key_bytes(const page_format format, size_t dim) {
  return format == PAGE_F32   ? PAGE * dim * 4
         : format == PAGE_F16 ? PAGE * dim * 2
                              : PAGE * dim + PAGE * 4;
}

// Keys are followed by as many bytes of values.
INLINE size_t part_bytes(const page_format format, size_t dim) {
  return 2 * key_bytes(format, dim);
}

// The part of `head` (of `heads` kv heads) and `layer` (of `layers`).
INLINE uint8_t *page_part(const page_format format, const void *pool,
                          size_t page, size_t layer, size_t layers, size_t head,
                          size_t heads, size_t dim) {
  const size_t index = (page * layers + layer) * heads + head;
  return (uint8_t *)pool + index * part_bytes(format, dim);
}

// Multiplies blocks of x by the orthonormal Hadamard matrix of the largest power
// of two that divides `dim`, up to the order of the results: it spreads one large
// dimension over the block, which then has a finer scale (QuaRot, Ashkboos et
// al., 2024). Dot products of two rotated vectors are those of the originals.
INLINE void rotate_hadamard(float *x, size_t dim) {
  const size_t size = dim & -dim, half_size = size / 2;
  const float norm = 1.0f / __builtin_sqrtf((float)size);
  float next[MAX_DIM];
  for (float *block = x; block < x + dim; block += size)
    for (size_t n = size; n > 1; n /= 2) {
      for (size_t i = 0; i < half_size; i++) {
        next[i] = block[2 * i] + block[2 * i + 1];
        next[i + half_size] = block[2 * i] - block[2 * i + 1];
      }
      for (size_t i = 0; i < size; i += LANES)
        store(block + i, load(next + i));
    }
  for (size_t i = 0; i < dim; i += LANES)
    store(x + i, load(x + i) * norm);
}

// The low byte of each number.
INLINE void store_bytes(int8_t *p, ivec v) {
#if defined(__AVX512F__)
  _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8((__m512i)v));
#else
  for (int lane = 0; lane < LANES; lane++)
    p[lane] = (int8_t)v[lane];
#endif
}

// Whole numbers of -127 .. 127 nearest to x / scale. Returns the scale.
INLINE float quantise(const float *x, size_t dim, int8_t *out) {
  vec top = splat(0.0f);
  for (size_t i = 0; i < dim; i += LANES) {
    const vec v = load(x + i);
    top = larger(larger(v, -v), top);
  }
  const float most = max_lanes(top);
  const float inverse = most > NEGLIGIBLE ? 127.0f / most : 0.0f;
  const vec round = splat(12582912.0f); // 1.5 * 2^23: adding it rounds
  for (size_t i = 0; i < dim; i += LANES) {
    const ivec bits = (ivec)(load(x + i) * inverse + round);
    store_bytes(out + i, bits);
  }
  return most > NEGLIGIBLE ? most / 127.0f : 0.0f;
}

INLINE void narrow_half(const float *x, size_t dim, half *out) {
  for (size_t i = 0; i < dim; i += LANES)
    store_half(out + i, load(x + i));
}

// Writes the key of one token, `slot` of its page, from `dim` floats.
INLINE void store_key(const page_format format, uint8_t *part, size_t slot,
                      const float *key, size_t dim) {
  if (format == PAGE_F32) {
    float *out = (float *)part + slot;
    for (size_t d = 0; d < dim; d++)
      out[d * PAGE] = key[d];
  } else if (format == PAGE_F16) {
    half narrow[MAX_DIM], *out = (half *)part + slot;
    narrow_half(key, dim, narrow);
    for (size_t d = 0; d < dim; d++)
      out[d * PAGE] = narrow[d];
  } else {
    float rotated[MAX_DIM];
    int8_t whole[MAX_DIM];
    for (size_t d = 0; d < dim; d += LANES)
      store(rotated + d, load(key + d));
    rotate_hadamard(rotated, dim);
    ((float *)part)[slot] = quantise(rotated, dim, whole);
    uint8_t *out = part + PAGE * sizeof(float) + slot * 4;
    for (size_t d = 0; d < dim; d += 4)
      for (size_t i = 0; i < 4; i++)
        out[d * PAGE + i] = (uint8_t)(whole[d + i] + 128);
  }
}

// Writes the value of one token, likewise.
INLINE void store_value(const page_format format, uint8_t *part, size_t slot,
                        const float *value, size_t dim) {
  part += key_bytes(format, dim);
  if (format == PAGE_F32) {
    float *out = (float *)part + slot * dim;
    for (size_t d = 0; d < dim; d += LANES)
      store(out + d, load(value + d));
  } else if (format == PAGE_F16) {
    narrow_half(value, dim, (half *)part + slot * dim);
  } else {
    int8_t whole[MAX_DIM];
    ((float *)part)[slot] = quantise(value, dim, whole);
    uint8_t *out = part + PAGE * sizeof(float) + slot / 4 * dim * 4 + slot % 4;
    for (size_t d = 0; d < dim; d++)
      out[d * 4] = (uint8_t)(whole[d] + 128);
  }
}

#endif // AGENTC_KERNELS_PAGES_H
