// The CPU's inner loops, as one table of functions per instruction set. One source (kernels_impl.h) is compiled once
// per ISA; cpu_kernels() picks the widest that this machine runs. Everything else in rocketkv is plain code on top.
//
// Conventions: f16 is uint16_t bits. `g` query heads share a cache head. A buffer [g][stride] holds one head's values
// at h * stride. Lengths need no padding unless said; q and out are f32. Nothing allocates, nothing throws.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace rocketdoc {

// Query rows of stage 1 and of a tile are packed in panels of this many, channel-major, so that a lane is a query row
// on every ISA.
constexpr int PANEL_ROWS = 32;
// Their keys are converted and used in blocks of this many; a short block is padded with zero keys.
constexpr int KEY_BLOCK = 48;
// Coded tokens and page summaries are laid out in blocks of this many tokens / pages.
constexpr int CODE_BLOCK = 32;
constexpr int PAGE_BLOCK = 64;

struct CpuKernels {
    const char * name;

    void (*f32_from_f16)(const uint16_t * in, int64_t n, float * out);
    void (*f16_from_f32)(const float * in, int64_t n, uint16_t * out);
    void (*f32_from_q8_0)(const void * row, int64_t n, float * out);  // n: a multiple of 32

    // Many queries at once. panel: [D][PANEL_ROWS] f32, already scaled. keys: [KEY_BLOCK][D] f32. logits:
    // [KEY_BLOCK][PANEL_ROWS].
    void (*panel_logits)(const float * panel, const float * keys, int head_dim, float * logits);
    // In place: logits [n_keys][PANEL_ROWS] -> exp(logit - top), where top [PANEL_ROWS] is the running maximum
    // including this block; sum [PANEL_ROWS] is carried along, and fade [PANEL_ROWS] is what terms of earlier blocks
    // are multiplied by. A logit of -inf counts as not seen; where nothing was seen yet, top is -FLT_MAX.
    void (*panel_exp)(float * logits, int n_keys, float * top, float * sum, float * fade);
    // scores[c] += sum over the panel's rows of terms[c][row] * weight[row].
    void (*panel_weigh)(const float * terms, int n_keys, const float * weight, float * scores);
    // out[c][row] = out[c][row] * fade[row] + sum over keys of terms[key][row] * values[key][c]. values: [n_keys][D]
    // f32; out: [D][PANEL_ROWS].
    void (*panel_sums)(const float * terms, const float * values, int n_keys, int head_dim, const float * fade,
                       float * out);

    // Stage 2, paged summaries. logits[h][p] = sum over i < r of q[h][i] * plane_i[p], where plane_i = planes +
    // offset[i] holds f16 over pages, readable up to a multiple of PAGE_BLOCK; stride too is such a multiple. q:
    // [g][r].
    void (*page_scores)(const uint16_t * planes, const int64_t * offset, int r, const float * q, int g, int64_t n_pages,
                        float * logits, int64_t stride);
    // Stage 2, codes. A block of CODE_BLOCK tokens is n4/2 lines of 4-bit codes (a byte: channels 2j | 2j+1 << 4), then
    // n2/4 lines of 2-bit codes (4 channels a byte); a line holds one byte per token. q: [g][n4 + n2], the steps folded
    // in. logits[h][p] = base[h] + sum q * code, written up to a multiple of CODE_BLOCK tokens.
    void (*code_scores)(const uint8_t * codes, int n4, int n2, const float * q, const float * base, int g,
                        int64_t n_tokens, float * logits, int64_t stride);
    // out[h][c] = sum over tokens of w[h][p] * (bit c of signs[p] ? 1 : 0). signs: [n][head_dim / 8].
    void (*sign_sums)(const uint8_t * signs, int64_t n_tokens, int head_dim, const float * w, int64_t stride, int g,
                      float * out);

    // Rows of f16, gathered by index (null: 0..n-1). logits[h][i] = q[h] . row_i; out[h] = sum over i of w[h][i] *
    // row_i.
    void (*row_logits)(const uint16_t * rows, size_t row_elems, const int32_t * index, int64_t n, int head_dim,
                       const float * q, int g, float * logits, int64_t stride);
    void (*row_sums)(const uint16_t * rows, size_t row_elems, const int32_t * index, int64_t n, int head_dim,
                     const float * w, int64_t stride, int g, float * out);
    // The same of rows of f32.
    void (*float_row_logits)(const float * rows, size_t row_elems, const int32_t * index, int64_t n, int head_dim,
                             const float * q, int g, float * logits, int64_t stride);
    void (*float_row_sums)(const float * rows, size_t row_elems, const int32_t * index, int64_t n, int head_dim,
                           const float * w, int64_t stride, int g, float * out);

    float (*maximum)(const float * x, int64_t n);  // -inf when n = 0; NaN is skipped
    float (*minimum)(const float * x, int64_t n);  // +inf when n = 0; NaN is skipped
    // out = exp(x - top), which may be x itself; returns their sum.
    float (*exp_terms)(const float * x, int64_t n, float top, float * out);
    // out[i] = sum over h of weight[h] * x[h][i].
    void (*weighted_sum)(const float * x, int64_t stride, const float * weight, int g, int64_t n, float * out);
    int64_t (*count_at_least)(const float * x, int64_t n, float threshold);  // NaN never counts
    // The values that reach low and not bound (NaN: none reaches it), in order; returns how many. out may be x itself.
    int64_t (*take_between)(const float * x, int64_t n, float low, float bound, float * out);
    // The indices of the scores above the threshold and of the first n_ties equal to it, ascending; returns how many.
    int64_t (*take_at_least)(const float * x, int64_t n, float threshold, int64_t n_ties, int32_t * out);
};

// The kernels in use: the widest this machine runs, or what a test has set.
const CpuKernels & cpu_kernels();

// A level by name ("generic", "avx2", "avx512"); null when it is not built in or this machine cannot run it.
const CpuKernels * cpu_kernels_named(const char * name);

// For tests: every later call uses `kernels`; null returns to the choice by machine.
void cpu_kernels_use(const CpuKernels * kernels);

}  // namespace rocketdoc
