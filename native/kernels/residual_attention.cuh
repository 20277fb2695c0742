// The residual of "Beyond the paper": rows that were not chosen enter the softmax with their coded logit and the value
// v_mean + v_spread * sign. One block adds one tile of select_codes' scores; the sum runs over the unchosen rows
// directly, never as "all minus chosen", so nothing cancels.
#pragma once

#include "select_codes.cuh"

namespace rocketdoc {

constexpr int ATTENTION_THREADS = 256;

struct AttentionLaunch {
    KernelCache       cache;
    KernelCodes       codes;        // coarse null: no residual
    SelectWork        work;         // select_codes' scores and choice; residual only
    const float *     q;            // [n_head * group, D]
    float             scale;        // with log2(e) folded in
    const float *     sinks;        // [n_head * group] or null
    const int32_t *   ids;          // [n_head, k] or null
    KernelActivations out;          // [n_head * group, D]
    unsigned *        counters;     // [n_head, head chunks]
    float2 *          part_stats;   // [n_head, head chunks, n_parts, HEADS]: greatest logit (base 2), sum
    float *           part_values;  // [n_head, head chunks, n_parts, HEADS, D]
    int               k, n_splits, n_parts;
};

// Writes part `part` from the unchosen tokens of tile `tile`. All threads of the block call it.
template <int DIM, int HEADS>
__device__ void add_unchosen(const AttentionLaunch & p, size_t part, int j, int h0, int tile, int live) {
    constexpr int PLANES = DIM / 32, WARPS = ATTENTION_THREADS / 32, SLICES = WARPS / PLANES > 0 ? WARPS / PLANES : 1;
    constexpr int ROUNDS = (PLANES + WARPS - 1) / WARPS;  // planes of a warp: warp, warp + WARPS, ..
    static_assert(ROUNDS == 1 || PLANES % WARPS == 0, "every warp has as many planes");
    __shared__ __align__(16) float weight[CODES_TILE][HEADS];  // 0 where chosen or dead
    __shared__ float               total[HEADS], slice_total[WARPS][HEADS];
    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, t0 = tile * CODES_TILE, n = min(CODES_TILE, live - t0);
    const uint32_t * chosen = p.work.chosen + size_t(j) * ((p.work.entries + 31) / 32) + t0 / 32;
    float            mine[HEADS];
#pragma unroll
    for (int h = 0; h < HEADS; h++) mine[h] = 0;
    for (int t = threadIdx.x; t < CODES_TILE; t += ATTENTION_THREADS) {
        const bool in = t < n && !(chosen[t / 32] >> (t % 32) & 1);
#pragma unroll
        for (int h = 0; h < HEADS; h++) {
            const float w = in && h0 + h < p.cache.group
                                ? p.work.weight[(size_t(j) * p.work.padded + h0 + h) * p.work.entries + t0 + t]
                                : 0.0f;
            weight[t][h]  = w;
            mine[h] += w;
        }
    }
#pragma unroll
    for (int h = 0; h < HEADS; h++) {
        const float sum = warp_sum(mine[h]);
        if (lane == 0) slice_total[warp][h] = sum;
    }
    __syncthreads();
    if (threadIdx.x < HEADS) {
        float sum = 0;
        for (int w = 0; w < WARPS; w++) sum += slice_total[w][threadIdx.x];
        total[threadIdx.x] = sum;
        const int  h       = h0 + threadIdx.x;
        const bool used    = h < p.cache.group;
        p.part_stats[part * HEADS + threadIdx.x] =
            make_float2(used ? p.work.tile_max[(size_t(j) * p.work.padded + h) * p.work.tiles + tile] : NO_SCORE, sum);
    }
    // A warp adds 32 channels (in each round) over a slice of the tile's tokens; the sign word is the same for all its
    // lanes.
    float acc[ROUNDS][HEADS];
#pragma unroll
    for (int u = 0; u < ROUNDS; u++) {
#pragma unroll
        for (int h = 0; h < HEADS; h++) acc[u][h] = 0;
    }
    const int plane = warp % PLANES, slice = warp / PLANES;
    if (slice < SLICES) {
        const int begin = n * slice / SLICES, end = n * (slice + 1) / SLICES;
#pragma unroll
        for (int u = 0; u < ROUNDS; u++) {
            const uint32_t * signs = p.codes.signs + (size_t(j) * PLANES + plane + u * WARPS) * p.cache.capacity + t0;
            for (int base = begin; base < end; base += 32) {
                const uint32_t word  = base + lane < end ? signs[base + lane] : 0;
                const int      count = min(32, end - base);
                for (int i = 0; i < count; i++) {
                    const uint32_t bits = __shfl_sync(FULL, word, i);
                    const float    sign = bits >> lane & 1 ? 1.0f : -1.0f;
#pragma unroll
                    for (int h = 0; h < HEADS; h++) acc[u][h] += sign * weight[base + i][h];
                }
            }
        }
    }
    __syncthreads();               // weights are read; their memory takes the slices' sums
    float * sums = &weight[0][0];  // [SLICES][HEADS][DIM]
    static_assert(SLICES * DIM <= CODES_TILE, "the slices' sums fit the weights' memory");
    if (slice < SLICES) {
#pragma unroll
        for (int u = 0; u < ROUNDS; u++) {
#pragma unroll
            for (int h = 0; h < HEADS; h++)
                sums[(slice * HEADS + h) * DIM + (plane + u * WARPS) * 32 + lane] = acc[u][h];
        }
    }
    __syncthreads();
    for (int i = threadIdx.x; i < HEADS * DIM; i += ATTENTION_THREADS) {
        const int    h = i / DIM, c = i % DIM;
        const size_t at  = size_t(j) * DIM + c;
        float        sum = 0;
#pragma unroll
        for (int s = 0; s < SLICES; s++) sum += sums[(s * HEADS + h) * DIM + c];
        p.part_values[(part * HEADS + h) * DIM + c] = p.codes.v_mean[at] * total[h] + p.codes.v_spread[at] * sum;
    }
}

}  // namespace rocketdoc
