// The second half of stage 2, shared by the selectors: the last block of a head to arrive turns the tiles' scores into
// the group's summed probabilities and writes the best k tokens. An entry is a page or a token.
#pragma once

#include "block_select.cuh"

namespace rocketdoc {

// Arrays in the workspace of a select op. GP = padded_group(group); `entries`, `tiles`: capacities.
struct SelectWork {
    unsigned * counters;  // [n_head]
    float *    weight;    // [n_head, GP, entries]: exp2(score - the tile's greatest)
    float *    tile_max;  // [n_head, GP, tiles], base 2
    float *    tile_sum;  // [n_head, GP, tiles]: live tokens' weights; select_finish may overwrite it
    uint32_t * keys;      // [n_head, entries]; used when they do not fit in shared memory
    uint32_t * chosen;    // [n_head, ceil(entries / 32)]: bit i % 32 of word i / 32 set when entry i was taken
    int        entries, tiles, padded;  // entries: a multiple of 4, so that rows are read in vectors
};

inline SelectWork select_work(void * workspace, int n_head, int group, int entries, int tile, size_t * bytes) {
    SelectWork w{};
    w.entries       = int(ceil_div(entries, 4)) * 4;
    w.tiles         = int(ceil_div(entries, tile));
    w.padded        = padded_group(group);
    char *     base = static_cast<char *>(workspace);
    size_t     at   = COUNTER_BYTES;
    const auto take = [&](size_t n) {
        void * p = base ? base + at : nullptr;
        at += align256(n * 4);
        return p;
    };
    entries    = w.entries;
    w.counters = reinterpret_cast<unsigned *>(base);
    w.weight   = static_cast<float *>(take(size_t(n_head) * w.padded * entries));
    w.tile_max = static_cast<float *>(take(size_t(n_head) * w.padded * w.tiles));
    w.tile_sum = static_cast<float *>(take(size_t(n_head) * w.padded * w.tiles));
    w.keys     = static_cast<uint32_t *>(take(size_t(n_head) * entries));
    w.chosen   = static_cast<uint32_t *>(take(size_t(n_head) * ceil_div(entries, 32)));
    *bytes     = at;
    return w;
}

constexpr int MAX_TILES = 65535;  // of a head: a grid's second size
constexpr int FACTORS   = 512;    // tiles * group whose factors fit shared memory

struct alignas(16) FinishShared {  // keys follow it
    SelectShared select;
    float        factor[FACTORS];
};

// Shared memory of select_finish for `entries`; without the keys when they do not fit.
inline bool select_keys_fit(int entries) {
    return sizeof(FinishShared) + size_t(entries + 3) * 4 <= SHARED_BYTES - 1024;
}
inline size_t select_finish_bytes(int entries) {
    return sizeof(FinishShared) + (select_keys_fit(entries) ? size_t(entries + 3) * 4 : 0);
}

// block_emit for keys in shared memory, at most 2^15 - 1 of them: a thread has four entries that follow each other at a
// time, so that one scan gives the places of 4 * THREADS. With KEEP the taken entries' bits go to `chosen`.
template <int THREADS, bool KEEP, class Emit>
__device__ void emit_shared(const uint32_t * keys, int n, int page, int dead, uint32_t pivot, int need,
                            SelectShared & sh, uint32_t * chosen, Emit emit) {
    constexpr int WARPS = THREADS / 32;
    const int     lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    int           taken = 0;  // before this round; above in the upper half, equal in the lower
    for (int base = 0, round = 0; base < n; base += 4 * THREADS, round++) {
        const int      first = base + int(threadIdx.x) * 4;
        const uint4    four  = first < n ? *reinterpret_cast<const uint4 *>(keys + first) : make_uint4(0, 0, 0, 0);
        const uint32_t x[4]  = {four.x, four.y, four.z, four.w};
        int            count = 0;
#pragma unroll
        for (int e = 0; e < 4; e++) {
            if (first + e < n) count += x[e] > pivot ? 1 << 16 : x[e] == pivot;
        }
        const int incl = warp_scan(count);
        int *     sums = round % 2 ? sh.warp_b : sh.warp_a;  // by turns: one barrier a round
        if (lane == 31) sums[warp] = incl;
        __syncthreads();
        int before = taken + incl - count;
#pragma unroll
        for (int w = 0; w < WARPS; w++) {
            before += w < warp ? sums[w] : 0;
            taken += sums[w];
        }
        // The short last entry is never before another one, so whole pages count here.
        int      above = (before >> 16) * page, equal = (before & 0xffff) * page;
        uint32_t bits = 0;
#pragma unroll
        for (int e = 0; e < 4; e++) {
            const int i = first + e;
            if (i >= n || x[e] < pivot) continue;
            const int live = page - (i == n - 1 ? dead : 0);
            const int take = x[e] > pivot ? live : max(0, min(live, need - equal));
            if (take > 0) {
                emit(i, above + min(equal, need), take);
                bits |= 1u << e;
            }
            above += x[e] > pivot ? page : 0;
            equal += x[e] > pivot ? 0 : page;
        }
        if (KEEP) {  // eight threads have a word together
            bits <<= first % 32;
#pragma unroll
            for (int m = 1; m < 8; m <<= 1) bits |= __shfl_xor_sync(FULL, bits, m);
            if (first % 32 == 0 && first < n) chosen[first / 32] = bits;
        }
    }
}

// n: live entries, TILE of them a tile; the last entry stands for page - dead tokens. shared: select_finish_bytes().
// BATCH: vectors of four entries, of each head, that a thread fetches at once: as many as the kernel's registers allow.
// One block runs alone here, so time is latency: loads are issued early and in batches.
template <int THREADS, int GROUP, int TILE, int BATCH, bool KEEP>
__device__ void select_finish(const SelectWork & w, const KernelChoice & choice, int j, int n, int page, int dead,
                              bool keys_fit, unsigned char * shared) {
    static_assert(TILE % 4 == 0, "");
    const int      group = choice.cache.group, k = choice.k;
    int32_t *      ids = choice.ids + size_t(j) * k;
    FinishShared & fs  = *reinterpret_cast<FinishShared *>(shared);
    SelectShared & sh  = fs.select;
    uint32_t *     keys =
        keys_fit ? reinterpret_cast<uint32_t *>(shared + sizeof(FinishShared)) : w.keys + size_t(j) * w.entries;
    uint32_t * chosen = w.chosen + size_t(j) * ((w.entries + 31) / 32);
    const int  lane = threadIdx.x & 31, warp = threadIdx.x >> 5, tiles = (n + TILE - 1) / TILE;
    const int  total = n * page - dead;
    if (total <= k) {  // everything fits: no need to rank
        for (int i = threadIdx.x; i < total; i += THREADS) ids[i] = i;
        for (int i = threadIdx.x; i < (n + 31) / 32; i += THREADS)
            chosen[i] = i * 32 + 32 <= n ? FULL : (1u << (n % 32)) - 1;
        return;
    }
    const float * weight = w.weight + size_t(j) * GROUP * w.entries;
    float4        x[BATCH][GROUP];
    const auto    fetch = [&](int base) {
#pragma unroll
        for (int u = 0; u < BATCH; u++) {
            const int i = base + (u * THREADS + threadIdx.x) * 4;
#pragma unroll
            for (int h = 0; h < GROUP; h++) {
                x[u][h] = i < n && h < group
                              ? __ldcg(reinterpret_cast<const float4 *>(weight + size_t(h) * w.entries + i))
                              : make_float4(0, 0, 0, 0);
            }
        }
    };
    fetch(0);
    for (int i = threadIdx.x; i < SELECT_BINS; i += THREADS) sh.hist[i] = 0;
    const bool in_shared = tiles * GROUP <= FACTORS;
    float *    factor    = in_shared ? fs.factor : w.tile_sum + size_t(j) * GROUP * w.tiles;  // [GROUP, pitch]
    const int  pitch     = in_shared ? tiles : w.tiles;
    for (int h = warp; h < GROUP; h += THREADS / 32) {
        const size_t  at  = (size_t(j) * GROUP + h) * w.tiles;
        const float * top = w.tile_max + at;
        const float * sum = w.tile_sum + at;
        const float   m0 = lane < tiles ? __ldcg(top + lane) : NO_SCORE, z0 = lane < tiles ? __ldcg(sum + lane) : 0.0f;
        float         m = m0;
        for (int t = lane + 32; t < tiles; t += 32) m = fmaxf(m, __ldcg(top + t));
        // A sink takes its share of the sum, and nothing that could be chosen.
        const bool  has_sink = choice.sinks && h < group;
        const float sink     = has_sink ? LOG2E * choice.sinks[j * group + h] : NO_SCORE;
        m                    = fmaxf(warp_max(m), sink);
        float z              = z0 * exp2f(m0 - m);
        for (int t = lane + 32; t < tiles; t += 32) z += __ldcg(sum + t) * exp2f(__ldcg(top + t) - m);
        z                   = warp_sum(z) + (has_sink ? exp2f(sink - m) : 0.0f);
        const float inverse = z > 0 && h < group ? 1.0f / z : 0.0f;
        for (int t = lane; t < tiles; t += 32)
            factor[h * pitch + t] = exp2f((t == lane ? m0 : __ldcg(top + t)) - m) * inverse;
    }
    __syncthreads();
    // b summed over the group; not negative, so its bits order like the value. NaN ranks last.
    const KeySlice slice = octaves_below(2.0f * GROUP);  // a head's sum is 1, with rounding
    for (int base = 0; base < n; base += BATCH * THREADS * 4) {
        if (base > 0) fetch(base);
#pragma unroll
        for (int u = 0; u < BATCH; u++) {
            const int i = base + (u * THREADS + threadIdx.x) * 4, t = min(i, n - 1) / TILE;
            if (i >= n) break;
            float4 b = make_float4(0, 0, 0, 0);
#pragma unroll
            for (int h = 0; h < GROUP; h++) {
                const float f = factor[h * pitch + t];
                b.x += x[u][h].x * f, b.y += x[u][h].y * f, b.z += x[u][h].z * f, b.w += x[u][h].w * f;
            }
            const float value[4] = {b.x, b.y, b.z, b.w};
            uint32_t    four[4];
#pragma unroll
            for (int e = 0; e < 4; e++) four[e] = i + e < n && value[e] > 0 ? __float_as_uint(value[e]) : 0;
            // Behind the last entry lies room up to a multiple of four.
            *reinterpret_cast<uint4 *>(keys + i) = make_uint4(four[0], four[1], four[2], four[3]);
#pragma unroll
            for (int e = 0; e < 4; e++) {
                if (i + e < n && slice.holds(four[e])) atomicAdd(&sh.hist[slice.bin(four[e])], 1u);
            }
        }
    }
    const auto key = [keys](int i) { return keys[i]; };
    block_pivot<THREADS>(key, n, page, dead, k, sh, slice, true);
    const auto emit = [ids, page](int i, int at, int take) {
        for (int t = 0; t < take; t++) ids[at + t] = i * page + t;
    };
    if (keys_fit) emit_shared<THREADS, KEEP>(keys, n, page, dead, sh.pivot, sh.need, sh, chosen, emit);
    else
        block_emit<THREADS>(key, n, page, dead, sh.pivot, sh.need, sh, emit,
                            [chosen](int base, unsigned mask) { chosen[base / 32] = mask; });
}

}  // namespace rocketdoc
