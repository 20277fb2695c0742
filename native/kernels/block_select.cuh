// Exact selection of the highest keys by one block: a radix search for the pivot key in passes of 11 bits,
// then an ordered write. Entries may stand for `page` tokens each (the last one for page - dead): counts are tokens.
// The rule for ties everywhere: higher key first, then the lower index.
#pragma once

#include "cuda_common.cuh"

namespace rocketdoc {

constexpr int SELECT_BINS = 2048;
constexpr int RANKED      = 128;  // candidates that are counted against each other
constexpr int AHEAD       = 4;    // keys a thread fetches before it uses the first: passes are latency-bound

struct SelectShared {
    union {
        uint32_t hist[SELECT_BINS];
        uint32_t candidate[SELECT_BINS];  // keys, once few are left
    };
    int      warp_a[32];
    int      warp_b[32];
    uint32_t pivot;
    int      need;
    int      n_left;  // entries in the pivot's bin
    int      n_candidates;
};

// Order-preserving map of any float; NaN is the lowest.
__device__ __forceinline__ uint32_t float_key(float x) {
    if (isnan(x)) return 0;
    if (x == 0.0f) x = 0.0f;  // -0 and +0 are equal scores
    const uint32_t u = __float_as_uint(x);
    return u & 0x80000000u ? ~u : u | 0x80000000u;
}

// Inclusive sum over the lanes of a warp.
__device__ __forceinline__ int warp_scan(int x) {
    const int lane = threadIdx.x & 31;
#pragma unroll
    for (int d = 1; d < 32; d <<= 1) {
        const int y = __shfl_up_sync(FULL, x, d);
        if (lane >= d) x += y;
    }
    return x;
}

// Counts one entry per lane where `in`. All lanes of the warp call it.
__device__ __forceinline__ void count_bin(uint32_t * hist, bool in, uint32_t bin) {
    const unsigned active = __ballot_sync(FULL, in);
    if (active == 0) return;
    // Pooled scores are plateaus: a warp often holds one value only. One addition then instead of 32 in a row.
    const int      leader = __ffs(active) - 1;
    const uint32_t first  = __shfl_sync(FULL, bin, leader);
    if (__all_sync(FULL, !in || bin == first)) {
        if ((threadIdx.x & 31) == leader) atomicAdd(&hist[bin], unsigned(__popc(active)));
    } else if (in) {
        atomicAdd(&hist[bin], 1u);
    }
}

// Keys low .. low + last, in bins of 2^shift.
struct KeySlice {
    uint32_t                            low = 0, last = ~0u;
    int                                 shift = 21;
    __device__ __forceinline__ bool     holds(uint32_t key) const { return key - low <= last; }
    __device__ __forceinline__ uint32_t bin(uint32_t key) const { return key - low >> shift; }
};

// The 32 octaves below `bound`, keys being bits of floats that are not negative and less than it: 64 bins an octave,
// where a first pass over all keys has eight.
__device__ __forceinline__ KeySlice octaves_below(float bound) {
    constexpr uint32_t LAST = (1u << 28) - 1;
    KeySlice           slice;
    slice.low = __float_as_uint(bound) - 1 - LAST, slice.last = LAST, slice.shift = 17;
    return slice;
}

// Finds the pivot: entries with key > pivot are taken whole, and of those equal to it `need` tokens, lower index first.
// 0 < k < n * page - dead. All threads call it; the result is in sh.pivot and sh.need after it returns.
// counted: sh.hist already holds the bins of `slice` for the keys in it, made with count_bin; no barrier needed since.
// Should the slice hold fewer than k tokens, all keys are looked at.
template <int THREADS, class Key>
__device__ void block_pivot(Key key, int n, int page, int dead, int k, SelectShared & sh, KeySlice slice = {},
                            bool counted = false) {
    static_assert(SELECT_BINS % THREADS == 0 && THREADS % 32 == 0, "");
    constexpr int PER   = SELECT_BINS / THREADS;
    constexpr int WARPS = THREADS / 32;
    const int     tid = threadIdx.x, lane = tid & 31, warp = tid >> 5;
    int           need = k;
    const auto    each = [&](auto use) {  // of all keys, a batch of loads at a time
        for (int base = 0; base < n; base += AHEAD * THREADS) {
            uint32_t x[AHEAD];
#pragma unroll
            for (int u = 0; u < AHEAD; u++) {
                const int i = base + u * THREADS + tid;
                x[u]        = i < n ? key(i) : 0;
            }
#pragma unroll
            for (int u = 0; u < AHEAD; u++) use(x[u], base + u * THREADS + tid < n && slice.holds(x[u]));
        }
    };
#pragma unroll 1
    for (;;) {
        if (!counted) {
            for (int i = tid; i < SELECT_BINS; i += THREADS) sh.hist[i] = 0;
            __syncthreads();
            each([&](uint32_t x, bool in) { count_bin(sh.hist, in, slice.bin(x)); });
        }
        counted = false;
        if (tid == 0) sh.n_candidates = 0;
        __syncthreads();
        const uint32_t tail     = key(n - 1);
        const int      tail_bin = slice.holds(tail) ? int(slice.bin(tail)) : -1;
        int            mine[PER];
        int            sum = 0;
#pragma unroll
        for (int b = 0; b < PER; b++) {
            const int bin = SELECT_BINS - 1 - (tid * PER + b);  // from the highest bin down
            mine[b]       = int(sh.hist[bin]) * page - (bin == tail_bin ? dead : 0);
            sum += mine[b];
        }
        const int incl = warp_scan(sum);
        if (lane == 31) sh.warp_a[warp] = incl;
        __syncthreads();
        int before = incl - sum, total = 0;
#pragma unroll
        for (int w = 0; w < WARPS; w++) {
            before += w < warp ? sh.warp_a[w] : 0;
            total += sh.warp_a[w];
        }
        if (total < need) {  // a slice that was too narrow; the whole block sees it
            slice = {};
            __syncthreads();
            continue;
        }
        if (before < need && need <= before + sum) {  // one thread
            int bin = SELECT_BINS - 1 - tid * PER;
#pragma unroll
            for (int b = 0; b < PER; b++) {
                if (before < need && need <= before + mine[b]) {
                    sh.pivot  = slice.low + (uint32_t(bin) << slice.shift);
                    sh.need   = need - before;
                    sh.n_left = int(sh.hist[bin]);
                    before    = need;  // found: no later bin matches
                } else {
                    before += mine[b];
                }
                --bin;
            }
        }
        __syncthreads();
        need           = sh.need;
        const int left = sh.n_left, bits = slice.shift;
        slice.low   = sh.pivot;
        slice.last  = (1u << bits) - 1;
        slice.shift = max(0, bits - 11);
        if (bits == 0) return;
        if (left > THREADS) continue;
        // Few are left, one a thread: no further pass over all keys.
        each([&](uint32_t x, bool in) {
            if (in) sh.candidate[atomicAdd(&sh.n_candidates, 1)] = x;
        });
        __syncthreads();
        const uint32_t mine_key = tid < left ? sh.candidate[tid] : 0;
        const bool     tail_in  = slice.holds(tail);
        if (left <= RANKED) {  // each candidate counts those above it and beside it
            if (tid < left) {
                int above = 0, beside = 0;
#pragma unroll 4
                for (int i = 0; i < left; i++) {
                    const uint32_t other = sh.candidate[i];
                    above += other > mine_key;
                    beside += other == mine_key;
                }
                const int greater = above * page - (tail_in && tail > mine_key ? dead : 0);
                const int equal   = beside * page - (tail_in && tail == mine_key ? dead : 0);
                if (greater < need && need <= greater + equal) {  // one key, whoever holds it
                    sh.pivot = mine_key;
                    sh.need  = need - greater;
                }
            }
            __syncthreads();
            return;
        }
        // The pivot's other bits follow one by one, from counts over the block: tokens of candidates whose key is at
        // least `least`.
        const auto tokens_from = [&](uint32_t least) {
            const int entries = __syncthreads_count(tid < left && mine_key >= least);
            return entries * page - (tail_in && tail >= least ? dead : 0);
        };
        uint32_t pivot   = slice.low;
        int      greater = 0;  // tokens of candidates above the pivot
        for (int bit = bits - 1; bit >= 0; bit--) {
            const uint32_t higher = pivot + (1u << bit);
            const int      tokens = tokens_from(higher);
            if (tokens >= need) pivot = higher;
            else greater = tokens;
        }
        if (tid == 0) {
            sh.pivot = pivot;
            sh.need  = need - greater;
        }
        __syncthreads();
        return;
    }
}

// Calls emit(i, position, take) for each taken entry, positions ascending with i, and tile(base, mask) once for each 32
// entries from `base` with the mask of taken ones (by lane 0). All threads call it.
template <int THREADS, class Key, class Emit, class Tile>
__device__ void block_emit(Key key, int n, int page, int dead, uint32_t pivot, int need, SelectShared & sh, Emit emit,
                           Tile tile) {
    constexpr int WARPS = THREADS / 32;
    const int     lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    const int     per   = ((n + WARPS - 1) / WARPS + 31) / 32 * 32;  // a warp's entries, whole tiles
    const int     begin = min(n, warp * per), end = min(n, begin + per);
    int           n_above = 0, n_equal = 0;
    uint32_t      x[AHEAD];
    const auto    fetch = [&](int base) {
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            const int i = base + u * 32 + lane;
            x[u]        = i < end ? key(i) : 0;
        }
    };
    for (int base = begin; base < end; base += AHEAD * 32) {
        fetch(base);
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            const bool in = base + u * 32 + lane < end;
            n_above += __popc(__ballot_sync(FULL, in && x[u] > pivot));
            n_equal += __popc(__ballot_sync(FULL, in && x[u] == pivot));
        }
    }
    __syncthreads();
    if (lane == 0) {
        sh.warp_a[warp] = n_above;
        sh.warp_b[warp] = n_equal;
    }
    __syncthreads();
    // The short last entry is never before another one, so whole pages count here.
    int above_before = 0, equal_before = 0;
#pragma unroll
    for (int w = 0; w < WARPS; w++) {
        above_before += w < warp ? sh.warp_a[w] : 0;
        equal_before += w < warp ? sh.warp_b[w] : 0;
    }
    const unsigned lower = (1u << lane) - 1;
    for (int start = begin; start < end; start += AHEAD * 32) {
        fetch(start);
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            const int base = start + u * 32, i = base + lane;
            if (base >= end) break;
            const bool     is_above = i < end && x[u] > pivot, is_equal = i < end && x[u] == pivot;
            const unsigned above = __ballot_sync(FULL, is_above), equal = __ballot_sync(FULL, is_equal);
            const int      equal_tokens = (equal_before + __popc(equal & lower)) * page;
            const int      live         = page - (i == n - 1 ? dead : 0);
            const int      take         = is_above ? live : is_equal ? max(0, min(live, need - equal_tokens)) : 0;
            if (take > 0) emit(i, (above_before + __popc(above & lower)) * page + min(equal_tokens, need), take);
            const unsigned taken = __ballot_sync(FULL, take > 0);
            if (lane == 0) tile(base, taken);
            above_before += __popc(above);
            equal_before += __popc(equal);
        }
    }
    __syncthreads();
}

}  // namespace rocketdoc
