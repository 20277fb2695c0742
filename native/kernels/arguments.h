// What the kernels' functions are given: plain structs of device pointers, sizes and numbers. Compiles without CUDA
// headers, in C++17. An optional pointer says so; a struct's members have no order that a caller could mix up.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../rocketkv/page_layout.h"

struct CUstream_st;     // cudaStream_t points to it
struct CUevent_st;      // cudaEvent_t
struct CUgraphExec_st;  // cudaGraphExec_t

namespace rocketdoc {

using KernelStream = CUstream_st *;
using KernelEvent  = CUevent_st *;
using KernelGraph  = CUgraphExec_st *;

// 0: enqueued. Positive: the cudaError_t of the launch. Negative: refused, nothing was enqueued.
enum KernelStatus : int {
    KERNEL_OK          = 0,
    KERNEL_BAD_SHAPE   = -1,  // a size outside what the op serves
    KERNEL_BAD_POINTER = -2,  // null or misaligned
    KERNEL_WORKSPACE   = -3,  // workspace missing or too small
};

// What the ops serve: head sizes of KERNEL_HEAD_DIM (kernels.def), and up to these.
constexpr int KERNEL_MAX_GROUP   = 16;    // query heads that share a cache head
constexpr int KERNEL_MAX_POOLING = 1023;  // kernel of max pooling
constexpr int KERNEL_MAX_WINDOW  = 4096;
constexpr int KERNEL_MAX_BEST    = 256;  // n of candidates

constexpr bool kernels_serve_head(int head_dim, int group) {
    if (group < 1 || group > KERNEL_MAX_GROUP) return false;
    switch (head_dim) {
#define KERNEL_HEAD_DIM(dim) case dim:
#include "kernels.def"
        return true;
    }
    return false;
}

enum KernelRowType : int { KERNEL_ROWS_F16 = 0, KERNEL_ROWS_Q8_0 = 1 };  // q8_0: ggml's 34-byte block of 32
enum KernelPooling : int { KERNEL_POOL_MAX = 0, KERNEL_POOL_TRIANGLE = 1 };

// K or V of one layer as the prefill left it: [n_source_head, n_rows, head_dim], a row's channels contiguous.
struct KernelRows {
    const void *  data       = nullptr;
    KernelRowType type       = KERNEL_ROWS_F16;
    size_t        row_bytes  = 0;  // from a row to the next of one head; a multiple of 16 for f16, of 2 for q8_0
    size_t        head_bytes = 0;  // from a head to the next; the same
};

// The compact cache of one layer. Cache head j holds rows of source head j / share (share > 1: one row set per query
// head).
struct KernelCache {
    uint16_t *      k        = nullptr;  // [n_head, capacity, head_dim]
    uint16_t *      v        = nullptr;  // [n_head, capacity, head_dim]
    const int32_t * n_rows   = nullptr;  // [1] on the device: live rows, the token's own included; decode ops only
    int             n_head   = 0;        // G
    int             group    = 1;        // g: query heads that share a cache head
    int             head_dim = 0;        // D
    int             capacity = 0;        // rows a head
    int             share    = 1;
    int             window   = 0;  // attention to all live rows: to the last `window` of them; 0: all
};

// Page summaries (selector `pages`): per channel the least and the greatest key of each page; a page of one token is
// its own least and greatest. minmax [n_head, head_dim, page_sides(page), kernel_page_stride(capacity, page)] f16.
struct KernelPages {
    uint16_t * minmax = nullptr;
    int        page   = 1;  // tokens a page
};
constexpr int KERNEL_PAGE_PADDING = 128;  // pages of a plane are padded to a multiple of this
inline int kernel_page_stride(int capacity, int page) { return int(padded_pages(capacity, page, KERNEL_PAGE_PADDING)); }

// Key codes (selectors `codes`, `codes_residual`). A position is a place in `order`; the first D/2 positions have 4-bit
// codes, the others 2-bit codes (residual only). P = D / 32 planes.
struct KernelCodes {
    int32_t *  order   = nullptr;  // [n_head, D]: channel at each position, most telling first
    float *    lo      = nullptr;  // [n_head, D] by position: the least; without the 2-bit half there the mean
    float *    step    = nullptr;  // [n_head, D] by position: (hi - lo) / 15, or / 3 for the 2-bit half
    uint32_t * fine    = nullptr;  // [n_head, P, capacity, 2]: nibble i of word w in plane p = position 16p + 8w + i
    int32_t *  clamped = nullptr;  // [n_head]: codes of appended tokens that had to be clamped; codes_build clears it
    // residual only, else null:
    uint32_t * coarse   = nullptr;  // [n_head, P, capacity]: bits 2i..2i+1 of plane p = position D/2 + 16p + i
    uint32_t * signs    = nullptr;  // [n_head, P, capacity]: bit i of plane p = (v >= v_mean) of channel 32p + i
    float *    v_mean   = nullptr;  // [n_head, D] by channel
    float *    v_spread = nullptr;  // [n_head, D] by channel: mean |v - v_mean|
};

// The token being decoded; null pointers: it has been appended already.
struct KernelNewRow {
    const float * k = nullptr;  // [n_head / share, D] f32, rotated
    const float * v = nullptr;  // [n_head / share, D] f32
};

struct KernelWorkspace {
    void * data  = nullptr;
    size_t bytes = 0;
};

// --- stage 1: once per question and layer ---------------------------------------------------------------------------

// s[j, c] = sum over the window's rows and the group of softmax(q.k * scale), causal, all columns in the softmax.
struct KernelWindowScores {
    const float * q            = nullptr;  // query head h, window row i at q + h * q_head_elems + i * q_row_elems
    size_t        q_head_elems = 0;
    size_t        q_row_elems  = 0;
    KernelRows    keys;             // n_rows rows, the window's rows last
    int           n_head      = 0;  // G cache heads; reads source head j / share
    int           share       = 1;
    int           group       = 1;
    int           head_dim    = 0;
    int           n_rows      = 0;  // T
    int           window      = 0;  // w <= T
    float         scale       = 0;
    const float * sinks       = nullptr;  // [n_head * group]: a logit of each head that is of no row; null: none
    float *       scores      = nullptr;  // out [n_head, T - w]; may be null when T == w
    float *       window_mass = nullptr;  // out [n_head]: the same sum over the window's own columns
    float *       importance  = nullptr;  // out [n_head, D] or null: mean of q_c^2 over the window and the group
};

// out [n_head, n] from scores [n_head, n]. MAX: kernel odd, up to KERNEL_MAX_POOLING. TRIANGLE: box15 twice, kernel
// unused.
struct KernelPool {
    const float * scores  = nullptr;
    int           n_head  = 0;
    int           n       = 0;
    KernelPooling pooling = KERNEL_POOL_MAX;
    int           kernel  = 0;
    float *       out     = nullptr;
};

// ids [n_head, min(k, n) + n_tail]: the k best of each row of scores [n_head, n], higher first, then the lower index,
// written ascending; then n, n+1, .. n+n_tail-1 (the window). NaN counts as the lowest score.
struct KernelTopK {
    const float * scores = nullptr;
    int           n_head = 0;
    int           n      = 0;
    int           k      = 0;
    int           n_tail = 0;
    int32_t *     ids    = nullptr;
};

// mass[j] = (sum of scores[j, ids] + window_mass[j]) / (sum of scores[j, :] + window_mass[j]). ids [n_head, n_ids] as
// top_k wrote them; entries >= n are the window.
struct KernelKeptMass {
    const float *   scores      = nullptr;  // [n_head, n]
    const float *   window_mass = nullptr;  // [n_head]
    int             n_head      = 0;
    int             n           = 0;
    const int32_t * ids         = nullptr;
    int             n_ids       = 0;
    float *         mass        = nullptr;  // out [n_head]
};

// Rows ids[j, 0..n_ids-1] of k and v become rows 0..n_ids-1 of the cache, as f16. n_ids <= capacity.
struct KernelGather {
    KernelRows      k, v;
    const int32_t * ids   = nullptr;  // [n_head, n_ids]
    int             n_ids = 0;
    KernelCache     cache;
};

// Order, scales and codes of rows 0..n_rows-1 (n_rows >= 1).
struct KernelCodesBuild {
    KernelCache   cache;
    int           n_rows     = 0;
    const float * importance = nullptr;  // [n_head, D] or null: variance alone decides
    KernelCodes   codes;
};

// --- decode: once per token and layer --------------------------------------------------------------------------------

// counts[i] += 1 for i < n, never beyond capacities[i] (device arrays). Once per token, before the layers.
struct KernelAdvance {
    int32_t *       counts     = nullptr;
    const int32_t * capacities = nullptr;
    int             n          = 0;
};

// What every op that chooses rows is given. ids [n_head, k]: the first min(k, live rows) of each row are written,
// ascending.
struct KernelChoice {
    KernelCache   cache;
    KernelNewRow  row;
    const float * q     = nullptr;  // [n_head * group, D] f32
    float         scale = 0;
    int           k     = 0;
    int32_t *     ids   = nullptr;
    const float * sinks = nullptr;  // as of KernelWindowScores
};
struct KernelSelectPages : KernelChoice {
    KernelPages pages;
    int         r = 0;  // channels read
};
struct KernelSelectCodes : KernelChoice {
    KernelCodes codes;
};

// One token's activations, n of them, a multiple of 32: as they are, and in 8 bits for quantised weights.
struct KernelActivations {
    float *       x     = nullptr;  // [n]
    signed char * q     = nullptr;  // [n]: round(x / scale)
    float *       scale = nullptr;  // [n / 32]: greatest magnitude / 127
    float *       sum   = nullptr;  // [n / 16]: scale * sum of 16 q
};

// out [n_head * group, D] f32 = softmax(q.K[ids] * scale) V[ids].
struct KernelAttention {
    KernelCache     cache;
    const float *   q     = nullptr;  // [n_head * group, D] f32
    float           scale = 0;
    const int32_t * ids   = nullptr;  // [n_head, k]; null: all live rows, or the window's (then k is ignored)
    int             k     = 0;
    // In f32, and in 8 bits too where out.q is not null.
    KernelActivations out;
    // Null, or the codes whose select_codes ran just before in `select_workspace` (another one than this op's): rows
    // that were not chosen then enter with their coded logit and value.
    const KernelCodes * residual         = nullptr;
    const void *        select_workspace = nullptr;
    const float *       sinks            = nullptr;  // as of KernelWindowScores
};

// The n best logits of one row [n_vocab], best first, ties by the lower id; n 1..KERNEL_MAX_BEST, n <= n_vocab. NaN
// counts as lowest.
struct KernelCandidates {
    const float * logits     = nullptr;
    int           n_vocab    = 0;
    int           n          = 0;
    float *       out_logits = nullptr;
    int32_t *     out_ids    = nullptr;
};

// reads[list, ids[list, i]] += 1 for the first min(k, *n_rows) ids of each list.
struct KernelCountReads {
    const int32_t * ids      = nullptr;  // [n_lists, k]
    int             n_lists  = 0;
    int             k        = 0;
    const int32_t * n_rows   = nullptr;  // [1]
    int             capacity = 0;
    uint32_t *      reads    = nullptr;  // [n_lists, capacity]
};

// --- a token's matrix products ---------------------------------------------------------------------------------------

// ggml's weight formats that `product` reads. Rows lie one after the other, as in the file.
enum KernelWeightType : int {
    KERNEL_WEIGHTS_F16,
    KERNEL_WEIGHTS_BF16,
    KERNEL_WEIGHTS_Q8_0,
    KERNEL_WEIGHTS_Q4_0,
    KERNEL_WEIGHTS_Q4_1,
    KERNEL_WEIGHTS_Q4_K,
    KERNEL_WEIGHTS_Q5_K,
    KERNEL_WEIGHTS_Q6_K,
    KERNEL_WEIGHTS_F32,
};

constexpr int KERNEL_NORMALIZE_MAX = 16384;  // n of normalize

// out = x / rms(x) * weight + add, in f32 and in 8 bits. n: a multiple of 32, at most KERNEL_NORMALIZE_MAX.
struct KernelNormalize {
    const float *     x      = nullptr;
    const float *     weight = nullptr;
    int               n      = 0;
    float             eps    = 0;
    KernelActivations out;
    const float *     add = nullptr;  // [n] or null
};

// How rotated rows turn, as ggml_rope_ext: pairs (2i, 2i + 1) or (i, i + n_rot / 2) of each head's first n_rot
// channels.
struct KernelRope {
    const int32_t * position = nullptr;  // [1]
    const float *   factors  = nullptr;  // [n_rot / 2] or null
    int             head_dim = 0;
    int             n_rot    = 0;  // a multiple of 4
    bool            neox     = false;
    float           base = 0, scale = 1, ext_factor = 0, attn_factor = 1, corr_low = 0, corr_high = 0;
};

// Heads of one kind, queries or keys: each is normalised by itself, with one weight.
struct KernelHeads {
    const float * x      = nullptr;  // [n_head, D]
    const float * weight = nullptr;  // [D]
    int           n_head = 0;
    float *       out    = nullptr;  // [n_head, D]
};

constexpr int KERNEL_HEAD_KINDS    = 2;
constexpr int KERNEL_HEAD_NORM_MAX = 512;  // D of normalize_heads

// out = x / rms(x) * weight of each head, then turned by `rope`; its head_dim is D, a multiple of 32, at most
// KERNEL_HEAD_NORM_MAX; n_rot 0: not turned.
struct KernelNormalizeHeads {
    KernelHeads kinds[KERNEL_HEAD_KINDS];
    int         n_kinds = 0;
    float       eps     = 0;
    KernelRope  rope;
};

struct KernelMatrix {
    const void *  weights      = nullptr;  // [n_rows, n_columns]
    size_t        row_bytes    = 0;
    int           n_rows       = 0;
    float *       out          = nullptr;  // [n_rows]
    const float * bias         = nullptr;  // [n_rows] or null
    const float * add          = nullptr;  // [n_rows] or null: added last; may be `out` itself
    bool          rotate       = false;    // by `rope`, after the bias
    size_t        expert_bytes = 0;        // from an expert's matrix to the next one's, of a product by experts
};

constexpr int KERNEL_PRODUCT_MATRICES = 3;

// What two matrices come to: nothing in common, or out of the first = silu(W0 y) * (W1 y), or gelu (by tanh) of it.
enum KernelGate : int { KERNEL_GATE_NONE = 0, KERNEL_GATE_SILU = 1, KERNEL_GATE_GELU = 2 };

// out = W y for each matrix; with a gate there are two.
struct KernelProduct {
    KernelWeightType  type = KERNEL_WEIGHTS_F16;
    KernelActivations activations;     // f16 and bf16 weights read x, the others q, scale and sum
    int               n_columns  = 0;  // a multiple of the format's block (16-bit formats: of 8)
    int               n_matrices = 0;
    KernelGate        gate       = KERNEL_GATE_NONE;
    KernelMatrix      matrices[KERNEL_PRODUCT_MATRICES];
    KernelRope        rope;
    // Null, or the experts of the token, each with matrices of its own: [n_used] on the device; without bias and
    // rotation. With a gate all read the same activations, and `out` is [n_used, n_rows]. Without one there is one
    // matrix, each reads its own [n_used, n_columns], and `out` is [n_rows]: the sum of what each comes to times its
    // weight, and `add`.
    const int32_t * experts        = nullptr;
    const float *   expert_weights = nullptr;  // [n_used], without a gate
    int             n_used         = 1;
};

constexpr int KERNEL_MAX_EXPERTS = 1024;
constexpr int KERNEL_MAX_USED    = 32;

// The n_used experts whose rows of the router give `x` the greatest scores, best first, ties by the lower number; NaN
// counts as lowest. A chosen one's weight is its share of the softmax over all, divided by the sum of the chosen ones'
// or by least_sum.
struct KernelChooseExperts {
    const float * x         = nullptr;  // [n]
    const float * router    = nullptr;  // [n_expert, n]
    int           n         = 0;        // a multiple of 4
    int           n_expert  = 0;        // at most KERNEL_MAX_EXPERTS
    int           n_used    = 0;        // at most KERNEL_MAX_USED
    float         least_sum = 0;
    float *       scores    = nullptr;  // out [n_expert]
    int32_t *     experts   = nullptr;  // out [n_used]
    float *       weights   = nullptr;  // out [n_used]
};

// Where a token's K and V go: the history's tensors, K and V of layer after layer, all of one shape.
struct KernelHistory {
    void * const * lists      = nullptr;  // [n_lists] on the device
    int            n_lists    = 0;        // 2 * n_layer
    int            n_head     = 0;        // G
    int            head_dim   = 0;
    KernelRowType  type       = KERNEL_ROWS_F16;
    size_t         row_bytes  = 0;
    size_t         head_bytes = 0;
};

// --- the device itself ----------------------------------------------------------------------------------------------

struct KernelMemory {
    size_t free_bytes  = 0;
    size_t total_bytes = 0;
};

// Both events timed and over.
struct KernelInterval {
    KernelEvent from = nullptr;
    KernelEvent to   = nullptr;
};

// `height` runs of `width` bytes.
struct KernelStridedCopy {
    void *       to          = nullptr;
    size_t       to_stride   = 0;
    const void * from        = nullptr;
    size_t       from_stride = 0;
    size_t       width       = 0;
    size_t       height      = 0;
};

}  // namespace rocketdoc
