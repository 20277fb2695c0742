// The CUDA launchers of RocketKV: raw device pointers, sizes, a stream; a status comes back. Compiles without CUDA
// headers. The library (librocketdoc_kernels) is loaded with dlopen only when a CUDA backend is; its one export is
// rocketdoc_kernels_table(). No op allocates, synchronises, keeps state or exits.
//
// Rules for every op:
// - A call only enqueues work on `stream` of the current device and may be captured into a CUDA graph.
// - Live lengths of the decode ops are read from device memory (`n_rows`), so a captured graph stays valid while the
// cache
//   grows; the host gives capacities only. Stage 1 ops take lengths from the host.
// - `workspace`: at least *_workspace_bytes() bytes, 256-byte aligned, cleared to zero ONCE when allocated; every op
// leaves
//   its counters at zero again. One workspace serves several ops of one stream, one after another.
// - K, V: f16 bits as uint16_t. K, V, pages, codes and decode's q 16-byte aligned. D = head_dim in {64, 96, 128, 256};
// group 1..16.
#pragma once

#include <cstddef>
#include <cstdint>

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
    uint16_t *      k = nullptr;  // [n_head, capacity, head_dim]
    uint16_t *      v = nullptr;  // [n_head, capacity, head_dim]
    const int32_t * n_rows =
        nullptr;       // [1] on the device: live rows, the token being decoded INCLUDED; decode ops only
    int n_head   = 0;  // G
    int group    = 1;  // g: query heads that share a cache head
    int head_dim = 0;  // D
    int capacity = 0;  // rows a head
    int share    = 1;
};

// Page summaries (selector `pages`).
struct KernelPages {
    uint16_t * minmax =
        nullptr;   // [n_head, head_dim, kernel_page_sides(page) (min, max), kernel_page_stride(capacity, page)] f16
    int page = 1;  // tokens a page
};
inline int kernel_page_sides(int page) { return page == 1 ? 1 : 2; }  // a page of one token is its key
inline int kernel_page_stride(int capacity, int page) { return ((capacity + page - 1) / page + 127) / 128 * 128; }

// Key codes (selectors `codes`, `codes_residual`). A position is a place in `order`; the first D/2 positions have 4-bit
// codes, the others 2-bit codes (residual only). P = D / 32 planes.
struct KernelCodes {
    int32_t *  order   = nullptr;  // [n_head, D]: channel at each position, most telling first
    float *    lo      = nullptr;  // [n_head, D] by position
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

// --- stage 1: once per question and layer ---------------------------------------------------------------------------

// s[j, c] = sum over the window's rows and the group of softmax(q.k / sqrt(D)), causal, all columns in the softmax.
struct KernelWindowScores {
    const float * q            = nullptr;  // query head h, window row i at q + h * q_head_elems + i * q_row_elems
    size_t        q_head_elems = 0;
    size_t        q_row_elems  = 0;
    KernelRows    keys;             // n_rows rows, the window's rows last
    int           n_head      = 0;  // G cache heads; reads source head j / share
    int           share       = 1;
    int           group       = 1;
    int           head_dim    = 0;
    int           n_rows      = 0;        // T
    int           window      = 0;        // w <= T
    float *       scores      = nullptr;  // out [n_head, T - w]; may be null when T == w
    float *       window_mass = nullptr;  // out [n_head]: the same sum over the window's own columns
    float *       importance  = nullptr;  // out [n_head, D] or null: mean of q_c^2 over the window and the group
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
};

// One token's activations, n of them, a multiple of 32: as they are, and in 8 bits for quantised weights.
struct KernelActivations {
    float *       x     = nullptr;  // [n]
    signed char * q     = nullptr;  // [n]: round(x / scale)
    float *       scale = nullptr;  // [n / 32]: greatest magnitude / 127
    float *       sum   = nullptr;  // [n / 16]: scale * sum of 16 q
};

constexpr int KERNEL_NORMALIZE_MAX = 16384;  // n of normalize

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

struct KernelMatrix {
    const void *  weights   = nullptr;  // [n_rows, n_columns]
    size_t        row_bytes = 0;
    int           n_rows    = 0;
    float *       out       = nullptr;  // [n_rows]
    const float * bias      = nullptr;  // [n_rows] or null
    const float * add       = nullptr;  // [n_rows] or null: added last; may be `out` itself
    bool          rotate    = false;    // by `rope`, after the bias
};

constexpr int KERNEL_PRODUCT_MATRICES = 3;

// out = W y for each matrix. gated: two matrices, out of the first = silu(W0 y) * (W1 y).
struct KernelProduct {
    KernelWeightType  type = KERNEL_WEIGHTS_F16;
    KernelActivations activations;     // f16 and bf16 weights read x, the others q, scale and sum
    int               n_columns  = 0;  // a multiple of the format's block (16-bit formats: of 8)
    int               n_matrices = 0;
    bool              gated      = false;
    KernelMatrix      matrices[KERNEL_PRODUCT_MATRICES];
    KernelRope        rope;
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

// --- the table
// --------------------------------------------------------------------------------------------------------

constexpr int KERNELS_ABI = 4;  // raised when a struct or a signature here changes

struct KernelTable {
    int abi = 0;
    const char * (*status_name)(KernelStatus status);

    size_t (*window_scores_workspace_bytes)(const KernelWindowScores & args);
    KernelStatus (*window_scores)(const KernelWindowScores & args, void * workspace, size_t workspace_bytes,
                                  KernelStream stream);

    // out [n_head, n] from scores [n_head, n]. MAX: kernel odd, 1..1023. TRIANGLE: box15 twice, kernel unused.
    KernelStatus (*pool)(const float * scores, int n_head, int n, KernelPooling pooling, int kernel, float * out,
                         KernelStream stream);

    // ids [n_head, min(k, n) + n_tail]: the k best of each row of scores [n_head, n], higher first, then the lower
    // index, written ascending; then n, n+1, .. n+n_tail-1 (the window). NaN counts as the lowest score.
    KernelStatus (*top_k)(const float * scores, int n_head, int n, int k, int n_tail, int32_t * ids,
                          KernelStream stream);

    // mass[j] = (sum of scores[j, ids] + window_mass[j]) / (sum of scores[j, :] + window_mass[j]). ids as top_k wrote
    // them, n_ids = min(k, n) + n_tail; entries >= n are the window.
    KernelStatus (*kept_mass)(const float * scores, const float * window_mass, int n_head, int n, const int32_t * ids,
                              int n_ids, float * mass, KernelStream stream);

    // Rows ids[j, 0..n_ids-1] of k and v become rows 0..n_ids-1 of the cache, as f16. n_ids <= capacity.
    KernelStatus (*gather_rows)(const KernelRows & k, const KernelRows & v, const int32_t * ids, int n_ids,
                                const KernelCache & cache, KernelStream stream);

    // Summaries of rows 0..n_rows-1; the rest of `minmax` becomes zero.
    KernelStatus (*page_minmax)(const KernelCache & cache, int n_rows, const KernelPages & pages, KernelStream stream);

    // Order, scales and codes of rows 0..n_rows-1 (n_rows >= 1). importance [n_head, D] or null (variance alone
    // decides).
    size_t (*codes_build_workspace_bytes)(const KernelCache & cache);
    KernelStatus (*codes_build)(const KernelCache & cache, int n_rows, const float * importance,
                                const KernelCodes & codes, void * workspace, size_t workspace_bytes,
                                KernelStream stream);

    // --- decode: once per token and layer
    // -----------------------------------------------------------------------------

    // counts[i] += 1 for i < n, never beyond capacities[i] (device arrays). Once per token, before the layers.
    KernelStatus (*advance_rows)(int32_t * counts, const int32_t * capacities, int n, KernelStream stream);

    // Writes row n_rows - 1 of K and V and widens its page or codes it. pages, codes: null when unused.
    KernelStatus (*append_kv)(const KernelCache & cache, const KernelNewRow & row, const KernelPages * pages,
                              const KernelCodes * codes, KernelStream stream);

    // Stage 2 by pages, the append of `row` included: ids [n_head, k], the first min(k, n_rows) of each row ascending.
    // q [n_head * group, D] f32. r: channels read.
    size_t (*select_pages_workspace_bytes)(const KernelCache & cache, const KernelPages & pages);
    KernelStatus (*select_pages)(const KernelCache & cache, const KernelPages & pages, const KernelNewRow & row,
                                 const float * q, int r, int k, int32_t * ids, void * workspace, size_t workspace_bytes,
                                 KernelStream stream);

    // Stage 2 by codes, the append included. With codes.coarse the 2-bit half takes part in the scores. The scores stay
    // in the workspace for sparse_attention's residual. k of ids as above.
    size_t (*select_codes_workspace_bytes)(const KernelCache & cache);
    KernelStatus (*select_codes)(const KernelCache & cache, const KernelCodes & codes, const KernelNewRow & row,
                                 const float * q, int k, int32_t * ids, void * workspace, size_t workspace_bytes,
                                 KernelStream stream);

    // out [n_head * group, D] f32 = softmax(q.K[ids] / sqrt(D)) V[ids]. ids null: all live rows (then k is ignored).
    // residual: null, or the codes whose select_codes ran just before with `select_workspace` (another one than
    // `workspace`): unselected rows then enter with their coded logit and value.
    size_t (*sparse_attention_workspace_bytes)(const KernelCache & cache, int k);
    KernelStatus (*sparse_attention)(const KernelCache & cache, const float * q, const int32_t * ids, int k,
                                     const KernelCodes * residual, const void * select_workspace, float * out,
                                     void * workspace, size_t workspace_bytes, KernelStream stream);

    // The n best logits of one row [n_vocab], best first, ties by the lower id; n 1..256, n <= n_vocab. NaN counts as
    // lowest.
    size_t (*candidates_workspace_bytes)(int n_vocab, int n);
    KernelStatus (*candidates)(const float * logits, int n_vocab, int n, float * out_logits, int32_t * out_ids,
                               void * workspace, size_t workspace_bytes, KernelStream stream);

    // reads[list, ids[list, i]] += 1 for the first min(k, *n_rows) ids of each list. ids [n_lists, k], reads [n_lists,
    // capacity].
    KernelStatus (*count_reads)(const int32_t * ids, int n_lists, int k, const int32_t * n_rows, int capacity,
                                uint32_t * reads, KernelStream stream);

    // --- a token, around attention
    // ---------------------------------------------------------------------------------------

    // out = x / rms(x) * weight, in f32 and in 8 bits. n: a multiple of 32, at most KERNEL_NORMALIZE_MAX.
    KernelStatus (*normalize)(const float * x, const float * weight, int n, float eps, const KernelActivations & out,
                              KernelStream stream);

    // q, scale and sum from activations.x.
    KernelStatus (*quantise)(const KernelActivations & activations, int n, KernelStream stream);

    KernelStatus (*product)(const KernelProduct & args, KernelStream stream);

    // rows [n_lists, G, D] f32 become row *row (on the device) of each list.
    KernelStatus (*append_history)(const KernelHistory & history, const float * rows, const int64_t * row,
                                   KernelStream stream);

    // --- the device itself, for callers without CUDA headers (device.cu). These do allocate, wait and keep state.
    // -------------

    KernelStatus (*use_device)(int index);  // of the calling thread
    KernelStatus (*memory_info)(size_t * free_bytes, size_t * total_bytes);
    KernelStatus (*create_stream)(KernelStream * out);
    void (*destroy_stream)(KernelStream stream);
    KernelStatus (*create_event)(KernelEvent * out, bool timed);
    KernelStatus (*elapsed_ms)(float * out, KernelEvent from, KernelEvent to);  // both timed and over
    void (*destroy_event)(KernelEvent event);
    KernelStatus (*record_event)(KernelEvent event, KernelStream stream);
    KernelStatus (*wait_event)(KernelStream stream, KernelEvent event);
    KernelStatus (*synchronize_event)(KernelEvent event);
    KernelStatus (*synchronize)(KernelStream stream);
    KernelStatus (*fill)(void * to, int byte, size_t bytes, KernelStream stream);
    KernelStatus (*copy)(void * to, const void * from, size_t bytes,
                         KernelStream stream);  // device or pinned host, either way
    // `height` runs of `width` bytes.
    KernelStatus (*copy_strided)(void * to, size_t to_stride, const void * from, size_t from_stride, size_t width,
                                 size_t height, KernelStream stream);
    KernelStatus (*pin_host)(void * memory, size_t bytes);  // RAM of the caller's, to be unpinned before it is freed
    void (*unpin_host)(void * memory);
    KernelStatus (*begin_capture)(KernelStream stream);
    KernelStatus (*end_capture)(KernelStream stream, KernelGraph * out);
    KernelStatus (*launch_graph)(KernelGraph graph, KernelStream stream);
    void (*destroy_graph)(KernelGraph graph);
};

}  // namespace rocketdoc

// The library's one export; never null; static storage.
extern "C" const rocketdoc::KernelTable * rocketdoc_kernels_table();
