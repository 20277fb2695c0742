// The second half of stage 2, shared by the selectors: the last block of a head to arrive turns the tiles' scores into the
// group's summed probabilities and writes the best k tokens. An entry is a page or a token.
#pragma once

#include "block_select.cuh"

namespace rocketdoc {

// Arrays in the workspace of a select op. GP = padded_group(group); `entries`, `tiles`: capacities.
struct SelectWork {
    unsigned * counters;   // [n_head]
    float *    weight;     // [n_head, GP, entries]: exp2(score - the tile's greatest)
    float *    tile_max;   // [n_head, GP, tiles], base 2
    float *    tile_sum;   // [n_head, GP, tiles]: live tokens' weights; after the select exp2(tile_max - max) / sum
    uint32_t * keys;       // [n_head, entries]; used when they do not fit in shared memory
    uint32_t * chosen;     // [n_head, ceil(entries / 32)]: bit i % 32 of word i / 32 set when entry i was taken
    int        entries, tiles, padded;
};

inline SelectWork select_work(void * workspace, int n_head, int group, int entries, int tile, size_t * bytes) {
    SelectWork w{};
    w.entries = entries;
    w.tiles   = int(ceil_div(entries, tile));
    w.padded  = padded_group(group);
    char *     base = static_cast<char *>(workspace);
    size_t     at   = COUNTER_BYTES;
    const auto take = [&](size_t n) {
        void * p = base ? base + at : nullptr;
        at += align256(n * 4);
        return p;
    };
    w.counters = reinterpret_cast<unsigned *>(base);
    w.weight   = static_cast<float *>(take(size_t(n_head) * w.padded * entries));
    w.tile_max = static_cast<float *>(take(size_t(n_head) * w.padded * w.tiles));
    w.tile_sum = static_cast<float *>(take(size_t(n_head) * w.padded * w.tiles));
    w.keys     = static_cast<uint32_t *>(take(size_t(n_head) * entries));
    w.chosen   = static_cast<uint32_t *>(take(size_t(n_head) * ceil_div(entries, 32)));
    *bytes     = at;
    return w;
}

// Shared memory of select_finish for `entries`; 0 keys when they do not fit.
inline bool select_keys_fit(int entries) { return sizeof(SelectShared) + size_t(entries) * 4 <= SHARED_BYTES - 1024; }
inline size_t select_finish_bytes(int entries) { return sizeof(SelectShared) + (select_keys_fit(entries) ? size_t(entries) * 4 : 0); }

// n: live entries, tile_entries of them a tile; the last entry stands for page - dead tokens. shared: select_finish_bytes().
template <int THREADS>
__device__ void select_finish(const SelectWork & w, int j, int group, int n, int tile_entries, int page, int dead, int k, int32_t * ids,
                              bool keys_fit, unsigned char * shared) {
    SelectShared & sh     = *reinterpret_cast<SelectShared *>(shared);
    uint32_t *     keys   = keys_fit ? reinterpret_cast<uint32_t *>(shared + sizeof(SelectShared)) : w.keys + size_t(j) * w.entries;
    uint32_t *     chosen = w.chosen + size_t(j) * ((w.entries + 31) / 32);
    const int      lane = threadIdx.x & 31, warp = threadIdx.x >> 5, tiles = (n + tile_entries - 1) / tile_entries;
    const int      total = n * page - dead;
    if (total <= k) {  // everything fits: no need to rank
        for (int i = threadIdx.x; i < total; i += THREADS) ids[i] = i;
        for (int i = threadIdx.x; i < (n + 31) / 32; i += THREADS) chosen[i] = i * 32 + 32 <= n ? FULL : (1u << (n % 32)) - 1;
        return;
    }
    for (int h = warp; h < group; h += THREADS / 32) {
        const size_t  at   = (size_t(j) * w.padded + h) * w.tiles;
        const float * top  = w.tile_max + at;
        float *       sum  = w.tile_sum + at;
        float         m = NO_SCORE, z = 0;
        for (int t = lane; t < tiles; t += 32) m = fmaxf(m, __ldcg(top + t));
        m = warp_max(m);
        for (int t = lane; t < tiles; t += 32) z += __ldcg(sum + t) * exp2f(__ldcg(top + t) - m);
        z = warp_sum(z);
        const float inverse = z > 0 ? 1.0f / z : 0.0f;
        __syncwarp();
        for (int t = lane; t < tiles; t += 32) sum[t] = exp2f(__ldcg(top + t) - m) * inverse;
    }
    __syncthreads();
    // b summed over the group; not negative, so its bits order like the value. NaN ranks last.
    for (int i = threadIdx.x; i < n; i += THREADS) {
        float b = 0;
        for (int h = 0; h < group; ++h) {
            const size_t at = size_t(j) * w.padded + h;
            b += __ldcg(w.weight + at * w.entries + i) * __ldcg(w.tile_sum + at * w.tiles + i / tile_entries);
        }
        keys[i] = b > 0 ? __float_as_uint(b) : 0;
    }
    __syncthreads();
    const auto key = [keys](int i) { return keys[i]; };
    block_pivot<THREADS>(key, n, page, dead, k, sh);
    block_emit<THREADS>(
        key, n, page, dead, sh.pivot, sh.need, sh,
        [ids, page](int i, int at, int take) {
            for (int t = 0; t < take; ++t) ids[at + t] = i * page + t;
        },
        [chosen](int base, unsigned mask) { chosen[base / 32] = mask; });
}

}  // namespace rocketdoc
