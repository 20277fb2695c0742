// The inner loops, once, over the vector type of the vector_*.h included before. Contract of each function: kernels.h.
// Only internal linkage in here and no std:: templates: this text is compiled under several ISA flags, and the linker
// must never take one file's copy of a shared function for another's.
#pragma once

#include <float.h>
#include <math.h>
#include <string.h>

#include "../half.h"
#include "kernels.h"

#if defined(__GNUC__) || defined(__clang__)
#define ROCKETKV_PREFETCH(p) __builtin_prefetch(p)
#else
#define ROCKETKV_PREFETCH(p) (void) (p)
#endif

namespace {

using rocketdoc::CODE_BLOCK;
using rocketdoc::KEY_BLOCK;
using rocketdoc::PAGE_BLOCK;
using rocketdoc::PANEL_ROWS;

// e^x for x <= 0, as 2^n * 2^f; relative error below 2e-7 + 1e-7 |x|. 0 below the smallest normal result, so -inf gives
// 0. NaN gives almost 0: a broken key loses.
inline vf vexp(vf x) {
    const vf lowest = vset(-87.33f);
    const vf t      = vmul(vmax(x, lowest), vset(1.44269504f));
    const vf n      = vround(t);
    const vf f      = vsub(t, n);
    vf       p      = vset(1.32647273e-3f);
    p               = vfma(p, f, vset(9.67151299e-3f));
    p               = vfma(p, f, vset(5.55073358e-2f));
    p               = vfma(p, f, vset(2.40222424e-1f));
    p               = vfma(p, f, vset(6.93147004e-1f));
    p               = vfma(p, f, vset(1.0f));
    return vzero_below(vscale2(p, n), x, lowest);
}

// A tail of n < lanes floats; the rest is `fill`.
inline vf vload_tail(const float * p, int64_t n, float fill) {
    float buffer[LANES];
    for (int i = 0; i < LANES; i++) buffer[i] = i < n ? p[i] : fill;
    return vload(buffer);
}
inline void vstore_tail(float * p, int64_t n, vf x) {
    float buffer[LANES];
    vstore(buffer, x);
    for (int i = 0; i < n; i++) p[i] = buffer[i];
}

void f32_from_f16_rows(const uint16_t * in, int64_t n, float * out) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) vstore(out + i, vload_f16(in + i));
    for (; i < n; i++) out[i] = rocketdoc::f32_from_f16(in[i]);
}

void f16_from_f32_rows(const float * in, int64_t n, uint16_t * out) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) vstore_f16(out + i, vload(in + i));
    for (; i < n; i++) out[i] = rocketdoc::f16_from_f32(in[i]);
}

void f32_from_q8_0_row(const void * row, int64_t n, float * out) {
    const unsigned char * block = (const unsigned char *) row;  // f16 scale, then 32 int8
    for (int64_t i = 0; i < n; i += 32, block += 34) {
        uint16_t half;
        memcpy(&half, block, 2);
        const vf scale = vset(rocketdoc::f32_from_f16(half));
        for (int j = 0; j < 32; j += LANES) vstore(out + i + j, vmul(scale, vload_i8((const int8_t *) block + 2 + j)));
    }
}

// ---- panels of queries: stage 1, tiles ----

void panel_logits(const float * panel, const float * keys, int head_dim, float * logits) {
    static_assert(KEY_BLOCK % TILE_KEYS == 0 && PANEL_ROWS % (2 * LANES) == 0, "register tiles divide the block");
    for (int row = 0; row < PANEL_ROWS; row += 2 * LANES) {
        for (int key = 0; key < KEY_BLOCK; key += TILE_KEYS) {
            vf            sum[TILE_KEYS][2];
            const float * q = panel + row;
            const float * k = keys + int64_t(key) * head_dim;
            for (int i = 0; i < TILE_KEYS; i++) sum[i][0] = sum[i][1] = vset(0);
            for (int c = 0; c < head_dim; c++) {
                const vf q0 = vload(q + int64_t(c) * PANEL_ROWS);
                const vf q1 = vload(q + int64_t(c) * PANEL_ROWS + LANES);
                for (int i = 0; i < TILE_KEYS; i++) {
                    const vf x = vset(k[int64_t(i) * head_dim + c]);
                    sum[i][0]  = vfma(q0, x, sum[i][0]);
                    sum[i][1]  = vfma(q1, x, sum[i][1]);
                }
            }
            for (int i = 0; i < TILE_KEYS; i++) {
                vstore(logits + int64_t(key + i) * PANEL_ROWS + row, sum[i][0]);
                vstore(logits + int64_t(key + i) * PANEL_ROWS + row + LANES, sum[i][1]);
            }
        }
    }
}

void panel_exp(float * logits, int n_keys, float * top, float * sum, float * fade) {
    for (int row = 0; row < PANEL_ROWS; row += LANES) {
        const vf before = vload(top + row);
        vf       now    = before;
        for (int key = 0; key < n_keys; key++) now = vmax(vload(logits + key * PANEL_ROWS + row), now);
        const vf older = vexp(vsub(before, now));
        vf       total = vmul(vload(sum + row), older);
        vstore(fade + row, older);
        for (int key = 0; key < n_keys; key++) {
            float *  at   = logits + key * PANEL_ROWS + row;
            const vf term = vexp(vsub(vload(at), now));
            total         = vadd(total, term);
            vstore(at, term);
        }
        vstore(top + row, now);
        vstore(sum + row, total);
    }
}

void panel_weigh(const float * terms, int n_keys, const float * weight, float * scores) {
    vf w[PANEL_ROWS / LANES];
    for (int j = 0; j < PANEL_ROWS / LANES; j++) w[j] = vload(weight + j * LANES);
    for (int key = 0; key < n_keys; key++) {
        vf sum = vset(0);
        for (int j = 0; j < PANEL_ROWS / LANES; j++) sum = vfma(w[j], vload(terms + key * PANEL_ROWS + j * LANES), sum);
        scores[key] += vsum(sum);
    }
}

// n channels of every row of the panel.
template <int n>
void panel_sums_of(const float * terms, const float * values, int n_keys, int head_dim, const float * fade,
                   float * out) {
    for (int row = 0; row < PANEL_ROWS; row += 2 * LANES) {
        const vf older[2] = {vload(fade + row), vload(fade + row + LANES)};
        vf       sum[n][2];
        for (int i = 0; i < n; i++)
            for (int j = 0; j < 2; j++) sum[i][j] = vmul(older[j], vload(out + i * PANEL_ROWS + row + j * LANES));
        const float * t = terms + row;
        const float * v = values;
        for (int key = 0; key < n_keys; key++, t += PANEL_ROWS, v += head_dim) {
            const vf t0 = vload(t), t1 = vload(t + LANES);
            for (int i = 0; i < n; i++) {
                const vf x = vset(v[i]);
                sum[i][0]  = vfma(t0, x, sum[i][0]);
                sum[i][1]  = vfma(t1, x, sum[i][1]);
            }
        }
        for (int i = 0; i < n; i++)
            for (int j = 0; j < 2; j++) vstore(out + i * PANEL_ROWS + row + j * LANES, sum[i][j]);
    }
}

void panel_sums(const float * terms, const float * values, int n_keys, int head_dim, const float * fade, float * out) {
    int c = 0;
    for (; c + TILE_KEYS <= head_dim; c += TILE_KEYS)
        panel_sums_of<TILE_KEYS>(terms, values + c, n_keys, head_dim, fade, out + c * PANEL_ROWS);
    for (; c + 4 <= head_dim; c += 4) panel_sums_of<4>(terms, values + c, n_keys, head_dim, fade, out + c * PANEL_ROWS);
    for (; c < head_dim; c++) panel_sums_of<1>(terms, values + c, n_keys, head_dim, fade, out + c * PANEL_ROWS);
}

// ---- stage 2: choosing ----

template <int G>
void page_scores_of(const uint16_t * planes, const int64_t * offset, int r, const float * q, int64_t n_pages,
                    float * logits, int64_t stride) {
    constexpr int wide = 4;  // vectors of pages a tile
    for (int64_t page = 0; page < n_pages; page += wide * LANES) {
        vf sum[G][wide];
        for (int h = 0; h < G; h++)
            for (int j = 0; j < wide; j++) sum[h][j] = vset(0);
        for (int i = 0; i < r; i++) {
            const uint16_t * plane = planes + offset[i] + page;
            ROCKETKV_PREFETCH(plane + 2 * wide * LANES);
            vf x[wide];
            for (int j = 0; j < wide; j++) x[j] = vload_f16(plane + j * LANES);
            for (int h = 0; h < G; h++) {
                const vf qh = vset(q[h * r + i]);
                for (int j = 0; j < wide; j++) sum[h][j] = vfma(qh, x[j], sum[h][j]);
            }
        }
        for (int h = 0; h < G; h++)
            for (int j = 0; j < wide; j++) vstore(logits + h * stride + page + j * LANES, sum[h][j]);
    }
}

void page_scores(const uint16_t * planes, const int64_t * offset, int r, const float * q, int g, int64_t n_pages,
                 float * logits, int64_t stride) {
    static_assert(PAGE_BLOCK % (4 * LANES) == 0, "a tile of pages divides the padding");
    for (int h = 0; h < g;) {
        const int     n  = g - h < MAX_HEADS ? g - h : MAX_HEADS;
        const float * qh = q + int64_t(h) * r;
        float *       lh = logits + h * stride;
        switch (n) {
            case 1: page_scores_of<1>(planes, offset, r, qh, n_pages, lh, stride); break;
            case 2: page_scores_of<2>(planes, offset, r, qh, n_pages, lh, stride); break;
            case 3: page_scores_of<3>(planes, offset, r, qh, n_pages, lh, stride); break;
            default: page_scores_of<4>(planes, offset, r, qh, n_pages, lh, stride); break;
        }
        h += n;
    }
}

template <int G>
void code_scores_of(const uint8_t * codes, int n4, int n2, const float * q, const float * base, int64_t n_tokens,
                    float * logits, int64_t stride) {
    const int64_t block_bytes = int64_t(n4 / 2 + n2 / 4) * CODE_BLOCK;
    const int     n           = n4 + n2;
    constexpr int odd         = 4 * G + 8 <= REGISTERS ? 1 : 0;  // two chains a sum hide the latency of the addition
    for (int64_t token = 0; token < n_tokens; token += CODE_BLOCK, codes += block_bytes) {
        for (int t = 0; t < CODE_BLOCK; t += 2 * LANES) {
            vf sum[1 + odd][G][2];
            for (int h = 0; h < G; h++)
                for (int j = 0; j < 2; j++) sum[odd][h][j] = vset(0), sum[0][h][j] = vset(base[h]);
            const uint8_t * line = codes + t;
            for (int c = 0; c < n4; c += 2, line += CODE_BLOCK) {
                const vi x0 = vload_u8(line), x1 = vload_u8(line + LANES);
                const vf lo0 = vcode<0, 15>(x0), lo1 = vcode<0, 15>(x1);
                const vf hi0 = vcode<4, 15>(x0), hi1 = vcode<4, 15>(x1);
                for (int h = 0; h < G; h++) {
                    const vf q0 = vset(q[h * n + c]), q1 = vset(q[h * n + c + 1]);
                    sum[0][h][0]   = vfma(q0, lo0, sum[0][h][0]);
                    sum[0][h][1]   = vfma(q0, lo1, sum[0][h][1]);
                    sum[odd][h][0] = vfma(q1, hi0, sum[odd][h][0]);
                    sum[odd][h][1] = vfma(q1, hi1, sum[odd][h][1]);
                }
            }
            for (int c = n4; c < n; c += 4, line += CODE_BLOCK) {
                for (int j = 0; j < 2; j++) {
                    const vi x  = vload_u8(line + j * LANES);
                    const vf x0 = vcode<0, 3>(x), x1 = vcode<2, 3>(x), x2 = vcode<4, 3>(x), x3 = vcode<6, 3>(x);
                    for (int h = 0; h < G; h++) {
                        const float * qh = q + h * n + c;
                        sum[0][h][j]     = vfma(vset(qh[0]), x0, sum[0][h][j]);
                        sum[odd][h][j]   = vfma(vset(qh[1]), x1, sum[odd][h][j]);
                        sum[0][h][j]     = vfma(vset(qh[2]), x2, sum[0][h][j]);
                        sum[odd][h][j]   = vfma(vset(qh[3]), x3, sum[odd][h][j]);
                    }
                }
            }
            for (int h = 0; h < G; h++)
                for (int j = 0; j < 2; j++)
                    vstore(logits + h * stride + token + t + j * LANES,
                           odd ? vadd(sum[0][h][j], sum[odd][h][j]) : sum[0][h][j]);
        }
    }
}

void code_scores(const uint8_t * codes, int n4, int n2, const float * q, const float * base, int g, int64_t n_tokens,
                 float * logits, int64_t stride) {
    for (int h = 0; h < g;) {
        const int     n  = g - h < 4 ? g - h : 4;  // one chain a sum: four heads fit the registers everywhere
        const float * qh = q + int64_t(h) * (n4 + n2);
        float *       lh = logits + h * stride;
        switch (n) {
            case 1: code_scores_of<1>(codes, n4, n2, qh, base + h, n_tokens, lh, stride); break;
            case 2: code_scores_of<2>(codes, n4, n2, qh, base + h, n_tokens, lh, stride); break;
            case 3: code_scores_of<3>(codes, n4, n2, qh, base + h, n_tokens, lh, stride); break;
            default: code_scores_of<4>(codes, n4, n2, qh, base + h, n_tokens, lh, stride); break;
        }
        h += n;
    }
}

template <int G>
void sign_sums_of(const uint8_t * signs, int64_t n_tokens, int head_dim, const float * w, int64_t stride, float * out) {
    constexpr int wide = 32 / LANES < 4 ? 32 / LANES : 4;  // vectors of channels a tile
    const int     line = head_dim / 8;
    for (int c = 0; c < head_dim; c += wide * LANES) {
        vf sum[G][wide];
        for (int h = 0; h < G; h++)
            for (int j = 0; j < wide; j++) sum[h][j] = vset(0);
        const uint8_t * word = signs + (c / 32) * 4;
        for (int64_t i = 0; i < n_tokens; i++, word += line) {
            uint32_t bits;
            memcpy(&bits, word, 4);
            bits >>= c % 32;
            for (int h = 0; h < G; h++) {
                const vf x = vset(w[h * stride + i]);
                for (int j = 0; j < wide; j++) sum[h][j] = vadd_where(sum[h][j], x, bits >> (j * LANES));
            }
        }
        for (int h = 0; h < G; h++)
            for (int j = 0; j < wide; j++) vstore(out + h * head_dim + c + j * LANES, sum[h][j]);
    }
}

void sign_sums(const uint8_t * signs, int64_t n_tokens, int head_dim, const float * w, int64_t stride, int g,
               float * out) {
    for (int h = 0; h < g;) {
        const int     n  = g - h < MAX_HEADS ? g - h : MAX_HEADS;
        const float * wh = w + h * stride;
        float *       oh = out + h * head_dim;
        switch (n) {
            case 1: sign_sums_of<1>(signs, n_tokens, head_dim, wh, stride, oh); break;
            case 2: sign_sums_of<2>(signs, n_tokens, head_dim, wh, stride, oh); break;
            case 3: sign_sums_of<3>(signs, n_tokens, head_dim, wh, stride, oh); break;
            default: sign_sums_of<4>(signs, n_tokens, head_dim, wh, stride, oh); break;
        }
        h += n;
    }
}

// ---- stage 2: exact attention on chosen rows ----

constexpr int ROWS_AHEAD = 8;  // gathered rows are fetched this many early

// A row's channels as f32, of f16 and of f32.
inline vf vload_row(const uint16_t * p) { return vload_f16(p); }
inline vf vload_row(const float * p) { return vload(p); }

template <int G, typename Row>
void row_logits_of(const Row * rows, size_t row_elems, const int32_t * index, int64_t n, int head_dim, const float * q,
                   float * logits, int64_t stride) {
    for (int64_t i = 0; i < n; i += 4) {
        const Row * row[4];
        const int   m = n - i < 4 ? int(n - i) : 4;
        for (int j = 0; j < 4; j++) {
            const int64_t at = j < m ? i + j : i;  // a short last tile repeats its first row
            row[j]           = rows + size_t(index ? index[at] : at) * row_elems;
        }
        if (i + ROWS_AHEAD + 4 <= n)
            for (int j = 0; j < 4; j++) {
                const int64_t at    = i + ROWS_AHEAD + j;
                const Row *   early = rows + size_t(index ? index[at] : at) * row_elems;
                for (int c = 0; c < head_dim; c += 32) ROCKETKV_PREFETCH(early + c);
            }
        vf sum[G][4];
        for (int h = 0; h < G; h++)
            for (int j = 0; j < 4; j++) sum[h][j] = vset(0);
        for (int c = 0; c < head_dim; c += LANES) {
            vf x[4];
            for (int j = 0; j < 4; j++) x[j] = vload_row(row[j] + c);
            for (int h = 0; h < G; h++) {
                const vf qh = vload(q + h * head_dim + c);
                for (int j = 0; j < 4; j++) sum[h][j] = vfma(qh, x[j], sum[h][j]);
            }
        }
        for (int h = 0; h < G; h++) {
            float four[4];
            vsum4(sum[h][0], sum[h][1], sum[h][2], sum[h][3], four);
            for (int j = 0; j < m; j++) logits[h * stride + i + j] = four[j];
        }
    }
}

template <typename Row>
void row_logits(const Row * rows, size_t row_elems, const int32_t * index, int64_t n, int head_dim, const float * q,
                int g, float * logits, int64_t stride) {
    for (int h = 0; h < g;) {
        const int     m  = g - h < MAX_HEADS ? g - h : MAX_HEADS;
        const float * qh = q + h * head_dim;
        float *       lh = logits + h * stride;
        switch (m) {
            case 1: row_logits_of<1>(rows, row_elems, index, n, head_dim, qh, lh, stride); break;
            case 2: row_logits_of<2>(rows, row_elems, index, n, head_dim, qh, lh, stride); break;
            case 3: row_logits_of<3>(rows, row_elems, index, n, head_dim, qh, lh, stride); break;
            default: row_logits_of<4>(rows, row_elems, index, n, head_dim, qh, lh, stride); break;
        }
        h += m;
    }
}

template <int G, int wide, typename Row>
void row_sums_of(const Row * rows, size_t row_elems, const int32_t * index, int64_t n, int head_dim, const float * w,
                 int64_t stride, float * out) {
    vf sum[G][wide];
    for (int h = 0; h < G; h++)
        for (int j = 0; j < wide; j++) sum[h][j] = vset(0);
    for (int64_t i = 0; i < n; i++) {
        const Row * row = rows + size_t(index ? index[i] : i) * row_elems;
        if (i + ROWS_AHEAD < n) {
            const Row * early = rows + size_t(index ? index[i + ROWS_AHEAD] : i + ROWS_AHEAD) * row_elems;
            for (int c = 0; c < wide * LANES; c += 32) ROCKETKV_PREFETCH(early + c);
        }
        vf x[wide];
        for (int j = 0; j < wide; j++) x[j] = vload_row(row + j * LANES);
        for (int h = 0; h < G; h++) {
            const vf wh = vset(w[h * stride + i]);
            for (int j = 0; j < wide; j++) sum[h][j] = vfma(wh, x[j], sum[h][j]);
        }
    }
    for (int h = 0; h < G; h++)
        for (int j = 0; j < wide; j++) vstore(out + h * head_dim + j * LANES, sum[h][j]);
}

template <int G, typename Row>
void row_sums_wide(const Row * rows, size_t row_elems, const int32_t * index, int64_t n, int head_dim, const float * w,
                   int64_t stride, float * out) {
    int c = 0;
    for (; c + 4 * LANES <= head_dim; c += 4 * LANES)
        row_sums_of<G, 4>(rows + c, row_elems, index, n, head_dim, w, stride, out + c);
    if (c < head_dim)  // only with 16 lanes, where D = 32, 96, ... leaves two vectors
        row_sums_of<G, 2>(rows + c, row_elems, index, n, head_dim, w, stride, out + c);
}

template <typename Row>
void row_sums(const Row * rows, size_t row_elems, const int32_t * index, int64_t n, int head_dim, const float * w,
              int64_t stride, int g, float * out) {
    for (int h = 0; h < g;) {
        const int     m  = g - h < MAX_HEADS ? g - h : MAX_HEADS;
        const float * wh = w + h * stride;
        float *       oh = out + h * head_dim;
        switch (m) {
            case 1: row_sums_wide<1>(rows, row_elems, index, n, head_dim, wh, stride, oh); break;
            case 2: row_sums_wide<2>(rows, row_elems, index, n, head_dim, wh, stride, oh); break;
            case 3: row_sums_wide<3>(rows, row_elems, index, n, head_dim, wh, stride, oh); break;
            default: row_sums_wide<4>(rows, row_elems, index, n, head_dim, wh, stride, oh); break;
        }
        h += m;
    }
}

// ---- plain vectors ----

float maximum(const float * x, int64_t n) {
    vf      top = vset(-INFINITY);
    int64_t i   = 0;
    for (; i + LANES <= n; i += LANES) top = vmax(vload(x + i), top);
    if (i < n) top = vmax(vload_tail(x + i, n - i, -INFINITY), top);
    return vtop(top);
}

float minimum(const float * x, int64_t n) {
    vf      low = vset(INFINITY);
    int64_t i   = 0;
    for (; i + LANES <= n; i += LANES) low = vmin(vload(x + i), low);
    if (i < n) low = vmin(vload_tail(x + i, n - i, INFINITY), low);
    return vlow(low);
}

float exp_terms(const float * x, int64_t n, float top, float * out) {
    const vf shift = vset(top);
    vf       sum   = vset(0);
    int64_t  i     = 0;
    for (; i + LANES <= n; i += LANES) {
        const vf term = vexp(vsub(vload(x + i), shift));
        sum           = vadd(sum, term);
        vstore(out + i, term);
    }
    if (i < n) {
        const vf term = vexp(vsub(vload_tail(x + i, n - i, -INFINITY), shift));
        sum           = vadd(sum, term);
        vstore_tail(out + i, n - i, term);
    }
    return vsum(sum);
}

void weighted_sum(const float * x, int64_t stride, const float * weight, int g, int64_t n, float * out) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vf sum = vset(0);
        for (int h = 0; h < g; h++) sum = vfma(vset(weight[h]), vload(x + h * stride + i), sum);
        vstore(out + i, sum);
    }
    if (i == n) return;
    vf sum = vset(0);
    for (int h = 0; h < g; h++) sum = vfma(vset(weight[h]), vload_tail(x + h * stride + i, n - i, 0), sum);
    vstore_tail(out + i, n - i, sum);
}

int64_t count_at_least(const float * x, int64_t n, float threshold) {
    const vf t     = vset(threshold);
    int64_t  count = 0;
    int64_t  i     = 0;
    for (; i + LANES <= n; i += LANES) count += vcount_ge(vload(x + i), t);
    for (; i < n; i++) count += x[i] >= threshold;
    return count;
}

int64_t take_between(const float * x, int64_t n, float low, float bound, float * out) {
    const vf least = vset(low), above = vset(bound);
    float *  to = out;
    for (int64_t i = 0; i < n; i += LANES) {
        const vf       v    = i + LANES <= n ? vload(x + i) : vload_tail(x + i, n - i, NAN);
        const uint32_t bits = vbits_ge(v, least) & ~vbits_ge(v, above);
        if (bits) to += vstore_values(to, v, bits);
    }
    return to - out;
}

int64_t take_at_least(const float * x, int64_t n, float threshold, int64_t n_ties, int32_t * out) {
    const vf  t  = vset(threshold);
    int32_t * to = out;
    for (int64_t i = 0; i < n; i += LANES) {
        const vf       v     = i + LANES <= n ? vload(x + i) : vload_tail(x + i, n - i, NAN);
        uint32_t       bits  = vbits_ge(v, t);
        const uint32_t above = bits & ~vbits_ge(t, v);
        for (uint32_t ties = bits & ~above; ties; ties &= ties - 1) {
            if (n_ties > 0) n_ties--;
            else bits &= ~(ties & (~ties + 1));  // the lowest of them
        }
        if (bits) to += vstore_indices(to, int32_t(i), bits);
    }
    return to - out;
}

constexpr rocketdoc::CpuKernels kernel_table(const char * name) {
    return {name,         f32_from_f16_rows, f16_from_f32_rows, f32_from_q8_0_row, panel_logits, panel_exp,
            panel_weigh,  panel_sums,        page_scores,       code_scores,       sign_sums,    row_logits,
            row_sums,     row_logits,        row_sums,          maximum,           minimum,      exp_terms,
            weighted_sum, count_at_least,    take_between,      take_at_least};
}

}  // namespace
