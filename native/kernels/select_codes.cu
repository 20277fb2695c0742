// Stage 2 with key codes, the append included: one launch a layer. A thread scores one token: the codes lie in planes
// of 16 channels, 8 bytes a token, so that a warp reads 256 contiguous bytes. The step is folded into q. A code becomes
// a float without a conversion instruction: or-ed into the mantissa of 2^23 at its own place in the word, 2^23
// subtracted (exact), and the power of 16 of that place is folded into q as well.
#include "append_row.cuh"
#include "select_codes.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS = CODES_TILE;
constexpr int WARPS   = THREADS / 32;

struct CodesLaunch {
    KernelSelectCodes args;
    SelectWork        work;
    int               keys_fit;
};

template <int DIM, int GROUP>
struct Scoring {
    float q[DIM][GROUP];  // by position: q * step * log2(e) * scale / place of the code in its word
    float base[GROUP];    // q.lo, where logits stand beside others
    float warp_max[WARPS][GROUP], warp_sum[WARPS][GROUP];
};

// Codes per word that fit the mantissa from the word as it is; the others after one shift by PLACES * bits.
constexpr int FINE_PLACES = 5, COARSE_PLACES = 11;

__device__ __forceinline__ float place_scale(int position, int half) {
    if (position < half) return exp2f(-4.0f * float(position % 8 % FINE_PLACES));
    return exp2f(-2.0f * float((position - half) % 16 % COARSE_PLACES));
}

template <int BITS, int COUNT, int PLACES, int GROUP>
__device__ __forceinline__ void add_word(uint32_t word, const float (*q)[GROUP], float (&acc)[GROUP]) {
#pragma unroll
    for (int i = 0; i < COUNT; i++) {
        const uint32_t w    = i < PLACES ? word : word >> (PLACES * BITS);
        const uint32_t mask = ((1u << BITS) - 1) << (i % PLACES * BITS);
        const float    code = __uint_as_float(0x4b000000u | (w & mask)) - 8388608.0f;
#pragma unroll
        for (int h = 0; h < GROUP; h++) acc[h] += q[i][h] * code;
    }
}

// grid (n_head, tiles), as in select_pages.cu
template <int DIM, int GROUP, bool RESIDUAL>
__global__ void __launch_bounds__(THREADS) score_codes(CodesLaunch p) {
    extern __shared__ __align__(16) unsigned char shared[];
    Scoring<DIM, GROUP> &                         s    = *reinterpret_cast<Scoring<DIM, GROUP> *>(shared);
    constexpr int                                 HALF = DIM / 2, PLANES = DIM / 32;
    constexpr int APPENDING     = THREADS - (DIM <= 256 ? 256 : DIM);  // the first thread that appends: the upper ones
    const KernelSelectCodes & a = p.args;
    const KernelCodes &       codes = a.codes;
    const int j = blockIdx.x, tile = blockIdx.y, g = a.cache.group, lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    wait_for_kernel_before();
    let_next_kernel_start();  // in this order: the next kernel reads q before it waits
    // q and the new row's code before the live length is known: the loads overlap. The upper warps, which have little
    // or no q to bring up to D = 128, code the row in every block; the one whose tile it belongs to writes it.
    const int      counted = *a.cache.n_rows;
    const CodedRow fresh   = a.row.k ? code_row(a.cache, a.row, codes, j, APPENDING) : CodedRow{};
    const float *  q       = a.q + size_t(j) * g * DIM;
    const float    scale   = LOG2E * a.scale;
    for (int i = threadIdx.x; i < (RESIDUAL ? DIM : HALF) * GROUP; i += THREADS) {
        const int    position = i / GROUP, h = i % GROUP;
        const size_t at = size_t(j) * DIM + position;
        s.q[position][h] =
            h < g ? q[h * DIM + codes.order[at]] * codes.step[at] * scale * place_scale(position, HALF) : 0.0f;
    }
    const int n     = max(0, min(counted, a.cache.capacity));
    const int tiles = (n + THREADS - 1) / THREADS;
    if (tile >= tiles) return;
    if (a.row.k && tile == tiles - 1 && counted <= a.cache.capacity)
        append_coded(a.cache, codes, j, n - 1, fresh, APPENDING);
    // Else a constant of each head, which ranking does not need.
    const bool needs_base = RESIDUAL || a.sinks;
    for (int h = warp; h < GROUP; h += WARPS) {
        float sum = 0;
        if (needs_base && h < g) {
            for (int i = lane; i < DIM; i += 32)
                sum += q[h * DIM + codes.order[size_t(j) * DIM + i]] * codes.lo[size_t(j) * DIM + i];
        }
        sum = warp_sum(sum);
        if (lane == 0) s.base[h] = sum * scale;
    }
    __syncthreads();  // also: this block sees the appended code

    const int  t  = tile * THREADS + threadIdx.x;
    const bool in = t < n;
    float      acc[GROUP];
#pragma unroll
    for (int h = 0; h < GROUP; h++) acc[h] = s.base[h];
    const size_t plane0 = size_t(j) * PLANES * a.cache.capacity + t;
    if (in) {
        // Plain loads, not the read-only path: the newest code was written by this very kernel.
        uint2    fine[PLANES];
        uint32_t coarse[PLANES];
#pragma unroll
        for (int i = 0; i < PLANES; i++) {
            fine[i] = reinterpret_cast<uint2 *>(codes.fine)[plane0 + size_t(i) * a.cache.capacity];
            if (RESIDUAL) coarse[i] = codes.coarse[plane0 + size_t(i) * a.cache.capacity];
        }
#pragma unroll
        for (int i = 0; i < PLANES; i++) {
            add_word<4, 8, FINE_PLACES, GROUP>(fine[i].x, s.q + i * 16, acc);
            add_word<4, 8, FINE_PLACES, GROUP>(fine[i].y, s.q + i * 16 + 8, acc);
            if (RESIDUAL) add_word<2, 16, COARSE_PLACES, GROUP>(coarse[i], s.q + HALF + i * 16, acc);
        }
    }
#pragma unroll
    for (int h = 0; h < GROUP; h++) {
        const float top = warp_max(in ? acc[h] : NO_SCORE);
        if (lane == 0) s.warp_max[warp][h] = top;
    }
    __syncthreads();
    float top[GROUP];
#pragma unroll
    for (int h = 0; h < GROUP; h++) {
        top[h] = s.warp_max[0][h];
#pragma unroll
        for (int w = 1; w < WARPS; w++) top[h] = fmaxf(top[h], s.warp_max[w][h]);
        const float weight = in ? exp2f(acc[h] - top[h]) : 0.0f;
        if (in) p.work.weight[(size_t(j) * GROUP + h) * p.work.entries + t] = weight;
        const float sum = warp_sum(weight);
        if (lane == 0) s.warp_sum[warp][h] = sum;
    }
    __syncthreads();
    if (threadIdx.x < GROUP) {
        const int h   = threadIdx.x;
        float     sum = 0, most = s.warp_max[0][h];
        for (int w = 0; w < WARPS; w++) {
            sum += s.warp_sum[w][h];
            most = fmaxf(most, s.warp_max[w][h]);
        }
        p.work.tile_max[(size_t(j) * GROUP + h) * p.work.tiles + tile] = most;
        p.work.tile_sum[(size_t(j) * GROUP + h) * p.work.tiles + tile] = sum;
    }
    if (!last_block(p.work.counters + j, tiles)) return;
    select_finish<THREADS, GROUP, CODES_TILE, GROUP <= 4 ? 3 : 1, RESIDUAL>(p.work, a, j, n, 1, 0, p.keys_fit, shared);
}

}  // namespace

size_t select_codes_workspace_bytes(const KernelCache & cache) {
    if (check_cache(cache, false) != KERNEL_OK) return 0;
    size_t bytes = 0;
    select_codes_work(nullptr, cache, &bytes);
    return bytes;
}

KernelStatus select_codes(const KernelSelectCodes & a, KernelWorkspace workspace, KernelStream stream) {
    RETURN_IF_KERNEL(check_choice(a, size_t(MAX_TILES) * THREADS));
    RETURN_IF_KERNEL(check_codes(a.codes));
    size_t           bytes = 0;
    const SelectWork work  = select_codes_work(workspace.data, a.cache, &bytes);
    RETURN_IF_KERNEL(check_workspace(workspace, bytes));
    const CodesLaunch p{a, work, select_keys_fit(a.cache.capacity)};
    const dim3        grid(a.cache.n_head, work.tiles);
    dispatch_head_dim(a.cache.head_dim, [&](auto dim) {
        dispatch_group(work.padded, [&](auto group) {
            constexpr int DIM = decltype(dim)::value, GROUP = decltype(group)::value;
            static_assert(sizeof(Scoring<DIM, GROUP>) <= SHARED_BYTES && DIM <= THREADS, "");
            const size_t shared = max(sizeof(Scoring<DIM, GROUP>), select_finish_bytes(a.cache.capacity));
            if (a.codes.coarse) launch_early(score_codes<DIM, GROUP, true>, grid, THREADS, shared, stream, p);
            else launch_early(score_codes<DIM, GROUP, false>, grid, THREADS, shared, stream, p);
        });
    });
    return launch_status();
}

}  // namespace rocketdoc
