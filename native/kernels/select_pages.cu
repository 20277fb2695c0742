// Stage 2 with page summaries, the append included: one launch a layer.
// Every block finds the r channels and the signs for itself (D values), scores 128 pages of one head, and the last
// block of a head to arrive selects. The block that owns the newest token's page appends it first: nobody else reads
// that page.
#include "append_row.cuh"
#include "select_finish.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS    = 512;
constexpr int WARPS      = THREADS / 32;
constexpr int TILE       = 128;                  // pages of a block: 2 warps of 64
constexpr int SLICES     = WARPS / (TILE / 64);  // warps that share a page split its channels
constexpr int HEAD_CHUNK = 4;                    // heads reduced at once

struct PagesLaunch {
    KernelSelectPages args;
    SelectWork        work;
    int               page_stride, keys_fit;
};

template <int GROUP>
struct Scoring {
    float q[256][GROUP];  // of the i-th channel
    union {
        float part[SLICES][HEAD_CHUNK][TILE];
        float all_q[GROUP][256];  // by channel, until the channels are chosen
    };
    uint32_t total[256];          // group sum of |q|, as ordered bits
    int      plane[256];          // of the i-th channel: 2 * channel + (1: the greatest)
    float    score_scale[GROUP];  // to base 2
    float    warp_max[HEAD_CHUNK][TILE / 32], warp_sum[HEAD_CHUNK][TILE / 32];
};

// The r channels with the largest group sum of |q| (ties: lower channel), which side of the page they read, and each
// head's temperature. Every block does this for itself: q comes once from memory, the rest is shared memory.
template <int GROUP>
__device__ void choose_channels(const PagesLaunch & p, Scoring<GROUP> & s, int j, int append_at) {
    const KernelSelectPages & a = p.args;
    const int                 D = a.cache.head_dim;
    __syncthreads();
    if (threadIdx.x < D) {
        float sum = 0;
#pragma unroll
        for (int h = 0; h < GROUP; h++) sum += fabsf(s.all_q[h][threadIdx.x]);
        s.total[threadIdx.x] = __float_as_uint(sum) & 0x7fffffffu;  // also a total order for NaN: places stay unique
    }
    __syncthreads();
    // A channel's place: two threads count who is before it, half of the channels each (D <= 256 = THREADS / 2).
    const int c = threadIdx.x / 2, half = threadIdx.x % 2;
    int       place = 0;
    if (c < D) {
        const uint32_t mine = s.total[c];
#pragma unroll 8
        for (int i = 0; i < D / 2; i++) {
            const int o = 2 * i + half;
            place += s.total[o] > mine || (s.total[o] == mine && o < c);
        }
    }
    if (append_at >= 0) {  // in the upper warps, idle here up to D = 128
        append_row(a.cache, a.row, j, append_at, THREADS / 2);
        append_page(a.cache, a.row, a.pages, p.page_stride, j, append_at, THREADS / 2);
    }
    place += __shfl_xor_sync(FULL, place, 1);
    if (c < D && half == 0 && place < a.r) {
        float sum = 0;
#pragma unroll
        for (int h = 0; h < GROUP; h++) {
            const float x = s.all_q[h][c];
            s.q[place][h] = x;
            sum += x;
        }
        s.plane[place] = page_sides(a.pages.page) * c + page_side(a.pages.page, sum);
    }
    __syncthreads();
    const int lane = threadIdx.x & 31;
    for (int h = threadIdx.x >> 5; h < GROUP; h += WARPS) {
        float all = 0, read = 0;
        for (int i = lane; i < D; i += 32) all += fabsf(s.all_q[h][i]);
        for (int i = lane; i < a.r; i += 32) read += fabsf(s.q[i][h]);
        all  = warp_sum(all);
        read = warp_sum(read);
        if (lane == 0) s.score_scale[h] = page_score_scale(LOG2E * a.scale, read, all);
    }
    __syncthreads();
}

// grid (n_head, tiles): tiles beyond the live pages have nothing to do and come last, so that they take no
// multiprocessor from others. Two blocks share a multiprocessor: some models have more tiles than a card has of those,
// and a second round would double the time.
template <int GROUP>
__global__ void __launch_bounds__(THREADS, GROUP <= 8 ? 2 : 1) score_pages(PagesLaunch p) {
    extern __shared__ __align__(16) unsigned char shared[];
    Scoring<GROUP> &                              s = *reinterpret_cast<Scoring<GROUP> *>(shared);
    const KernelSelectPages &                     a = p.args;
    const int j = blockIdx.x, tile = blockIdx.y, page = a.pages.page, g = a.cache.group, D = a.cache.head_dim;
    wait_for_kernel_before();
    let_next_kernel_start();  // in this order: the next kernel reads q before it waits
    // q before the live length is known: the two loads overlap.
    const float * q = a.q + size_t(j) * g * D;
    for (int i = threadIdx.x; i < GROUP * D; i += THREADS) s.all_q[i / D][i % D] = i < g * D ? q[i] : 0.0f;
    const int rows  = live_rows(a.cache.n_rows, a.cache.capacity);
    const int n     = (rows + page - 1) / page;  // live pages
    const int tiles = (n + TILE - 1) / TILE;
    if (tile >= tiles) return;
    const bool append = a.row.k && (n - 1) / TILE == tile && *a.cache.n_rows <= a.cache.capacity;
    choose_channels(p, s, j, append ? rows - 1 : -1);  // ends with a barrier: this block sees the widened page

    const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    const int in_tile = (warp % (TILE / 64)) * 64 + lane * 2, slice = warp / (TILE / 64);
    const int sides = page_sides(page);
    // Plain loads, not the read-only path: the widened page was written by this very kernel.
    __half * base =
        reinterpret_cast<__half *>(a.pages.minmax) + size_t(j) * D * sides * p.page_stride + tile * TILE + in_tile;
    float acc[GROUP][2];
#pragma unroll
    for (int h = 0; h < GROUP; h++) acc[h][0] = acc[h][1] = 0;
#pragma unroll 8
    for (int i = slice; i < a.r; i += SLICES) {
        const float2 x = __half22float2(*reinterpret_cast<const __half2 *>(base + size_t(s.plane[i]) * p.page_stride));
#pragma unroll
        for (int h = 0; h < GROUP; h++) {
            acc[h][0] += s.q[i][h] * x.x;
            acc[h][1] += s.q[i][h] * x.y;
        }
    }
    // A thread now answers for one head and one page: 4 heads * 128 pages.
    const int head = threadIdx.x / TILE, at = threadIdx.x % TILE, entry = tile * TILE + at;
#pragma unroll
    for (int h0 = 0; h0 < GROUP; h0 += HEAD_CHUNK) {
#pragma unroll
        for (int h = 0; h < HEAD_CHUNK && h0 + h < GROUP; h++) {
            *reinterpret_cast<float2 *>(&s.part[slice][h][in_tile]) = make_float2(acc[h0 + h][0], acc[h0 + h][1]);
        }
        __syncthreads();
        const bool used = h0 + head < GROUP;
        float      x    = NO_SCORE;
        if (used && entry < n) {
            float sum = 0;
#pragma unroll
            for (int i = 0; i < SLICES; i++) sum += s.part[i][head][at];
            x = sum * s.score_scale[h0 + head];
        }
        const float warp_top = warp_max(x);
        if (lane == 0) s.warp_max[head][at / 32] = warp_top;
        __syncthreads();
        float top = s.warp_max[head][0];
#pragma unroll
        for (int i = 1; i < TILE / 32; i++) top = fmaxf(top, s.warp_max[head][i]);
        const float weight = entry < n ? exp2f(x - top) : 0.0f;
        const float mass   = warp_sum(weight * float(min(page, rows - entry * page)));
        if (lane == 0) s.warp_sum[head][at / 32] = mass;
        const size_t row = size_t(j) * p.work.padded + h0 + head;
        if (used && entry < n) p.work.weight[row * p.work.entries + entry] = weight;
        __syncthreads();
        if (used && at == 0) {
            float sum = 0;
#pragma unroll
            for (int i = 0; i < TILE / 32; i++) sum += s.warp_sum[head][i];
            p.work.tile_max[row * p.work.tiles + tile] = top;
            p.work.tile_sum[row * p.work.tiles + tile] = sum;
        }
    }
    if (!last_block(p.work.counters + j, tiles)) return;
    select_finish<THREADS, GROUP, TILE, GROUP <= 2 ? 3 : 1, false>(p.work, a, j, n, page, n * page - rows, p.keys_fit,
                                                                   shared);
}

int page_capacity(const KernelCache & cache, const KernelPages & pages) {
    return int(page_count(cache.capacity, pages.page));
}

}  // namespace

size_t select_pages_workspace_bytes(const KernelCache & cache, const KernelPages & pages) {
    if (check_cache(cache, false) != KERNEL_OK || pages.page < 1) return 0;
    size_t bytes = 0;
    select_work(nullptr, cache.n_head, cache.group, page_capacity(cache, pages), TILE, &bytes);
    return bytes;
}

KernelStatus select_pages(const KernelSelectPages & a, KernelWorkspace workspace, KernelStream stream) {
    RETURN_IF_KERNEL(check_choice(a, size_t(MAX_TILES) * TILE));
    if (a.pages.page < 1 || a.r < 1 || a.r > a.cache.head_dim) return KERNEL_BAD_SHAPE;
    if (misaligned(a.pages.minmax)) return KERNEL_BAD_POINTER;
    size_t           bytes   = 0;
    const int        n_pages = page_capacity(a.cache, a.pages);
    const SelectWork work    = select_work(workspace.data, a.cache.n_head, a.cache.group, n_pages, TILE, &bytes);
    RETURN_IF_KERNEL(check_workspace(workspace, bytes));
    const PagesLaunch p{a, work, kernel_page_stride(a.cache.capacity, a.pages.page), select_keys_fit(n_pages)};
    dispatch_group(work.padded, [&](auto group) {
        constexpr int GROUP = decltype(group)::value;
        static_assert(sizeof(Scoring<GROUP>) <= SHARED_BYTES, "");
        const size_t shared = max(sizeof(Scoring<GROUP>), select_finish_bytes(n_pages));
        launch_early(score_pages<GROUP>, dim3(a.cache.n_head, work.tiles), THREADS, shared, stream, p);
    });
    return launch_status();
}

}  // namespace rocketdoc
