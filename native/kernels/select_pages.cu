// Stage 2 with page summaries, the append included: one launch a layer.
// Every block finds the r channels and the signs for itself (D values), scores 128 pages of one head, and the last
// block of a head to arrive selects. The block that owns the newest token's page appends it first: nobody else reads
// that page.
#include "append_row.cuh"
#include "select_finish.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS        = 512;
constexpr int WARPS          = THREADS / 32;
constexpr int TILE           = 128;                  // pages of a block: 2 warps of 64
constexpr int SLICES         = WARPS / (TILE / 64);  // warps that share a page split its channels
constexpr int CHANNELS_AHEAD = 8;                    // that a thread fetches at once
constexpr int REDUCED        = THREADS / TILE;       // heads that the block's threads can reduce at once

struct PagesLaunch {
    KernelSelectPages args;
    SelectWork        work;
    int               page_stride, keys_fit;
};

// CHANNELS: at least D. Sixteen heads of 512 channels leave less room: their queries are read where they lie, and fewer
// heads are reduced at once.
template <int CHANNELS, int GROUP>
struct Scoring {
    static constexpr bool KEEPS_Q    = CHANNELS * GROUP <= 4096;
    static constexpr int  HEAD_CHUNK = KEEPS_Q ? REDUCED : REDUCED / 2;  // heads reduced at once

    float q[CHANNELS][GROUP];  // of the i-th channel
    union {
        float part[SLICES][HEAD_CHUNK][TILE];
        float all_q[KEEPS_Q ? GROUP : 1][CHANNELS];  // by channel, until the scales are found
    };
    alignas(16) uint32_t total[CHANNELS];  // group sum of |q|, as ordered bits
    int   plane[CHANNELS];                 // of the i-th channel: 2 * channel + (1: the greatest)
    float score_scale[GROUP];              // to base 2
    float warp_max[REDUCED][TILE / 32], warp_sum[REDUCED][TILE / 32];
};

// The r channels with the largest group sum of |q| (ties: lower channel), and which side of the page they read. Every
// block does this for itself: q comes once from memory, the rest is shared memory.
template <int CHANNELS, int GROUP>
__device__ void choose_channels(const PagesLaunch & p, Scoring<CHANNELS, GROUP> & s, int j, int append_at) {
    constexpr bool            KEEPS_Q = Scoring<CHANNELS, GROUP>::KEEPS_Q;
    const KernelSelectPages & a       = p.args;
    const int                 D = a.cache.head_dim, g = a.cache.group;
    const float *             q = a.q + size_t(j) * g * D;
    PagedRow                  fresh;
    if (append_at >= 0) fresh = fetch_paged(a.cache, a.row, a.pages, p.page_stride, j, append_at, THREADS - CHANNELS);
    const auto of = [&](int h, int c) { return KEEPS_Q ? s.all_q[KEEPS_Q ? h : 0][c] : h < g ? q[h * D + c] : 0.0f; };
    __syncthreads();
    if (threadIdx.x < D) {
        float sum = 0;
#pragma unroll
        for (int h = 0; h < GROUP; h++) sum += fabsf(of(h, threadIdx.x));
        s.total[threadIdx.x] = __float_as_uint(sum) & 0x7fffffffu;  // also a total order for NaN: places stay unique
    }
    __syncthreads();
    // A channel's place: the threads that share it count who is before it, some of the channels each.
    constexpr int SHARERS = THREADS / CHANNELS;
    static_assert(SHARERS == 1 || SHARERS == 2, "a thread or two a channel");
    const int c = threadIdx.x / SHARERS, share = threadIdx.x % SHARERS;
    int       place = 0;
    if (c < D) {
        const uint32_t mine = s.total[c];
#pragma unroll 4
        for (int o = 4 * share; o < D; o += 4 * SHARERS) {
            const uint4 four = *reinterpret_cast<const uint4 *>(&s.total[o]);
            place += four.x >= mine + (o >= c);  // before it: more, or as much and a lower channel
            place += four.y >= mine + (o + 1 >= c);
            place += four.z >= mine + (o + 2 >= c);
            place += four.w >= mine + (o + 3 >= c);
        }
    }
    // In the upper warps, idle here up to D = 128.
    if (append_at >= 0) append_paged(a.cache, a.pages, p.page_stride, j, append_at, fresh, THREADS - CHANNELS);
    if (SHARERS == 2) place += __shfl_xor_sync(FULL, place, 1);
    if (c < D && share == 0 && place < a.r) {
        float sum = 0;
#pragma unroll
        for (int h = 0; h < GROUP; h++) {
            const float x = of(h, c);
            s.q[place][h] = x;
            sum += x;
        }
        s.plane[place] = page_sides(a.pages.page) * c + page_side(a.pages.page, sum);
    }
    __syncthreads();
}

// Each head's temperature, by what share of |q| is read.
template <int CHANNELS, int GROUP>
__device__ void find_score_scales(const KernelSelectPages & a, Scoring<CHANNELS, GROUP> & s, int j) {
    constexpr bool KEEPS_Q = Scoring<CHANNELS, GROUP>::KEEPS_Q;
    const int      D = a.cache.head_dim, g = a.cache.group, lane = threadIdx.x & 31;
    const float *  q = a.q + size_t(j) * g * D;
    for (int h = threadIdx.x >> 5; h < GROUP; h += WARPS) {
        float all = 0, read = 0;
        for (int i = lane; i < D; i += 32)
            all += fabsf(KEEPS_Q ? s.all_q[KEEPS_Q ? h : 0][i] : h < g ? q[h * D + i] : 0.0f);
        for (int i = lane; i < a.r; i += 32) read += fabsf(s.q[i][h]);
        all  = warp_sum(all);
        read = warp_sum(read);
        if (lane == 0) s.score_scale[h] = page_score_scale(LOG2E * a.scale, read, all);
    }
}

// grid (n_head, tiles): tiles beyond the live pages have nothing to do and come last, so that they take no
// multiprocessor from others. Two blocks share a multiprocessor: some models have more tiles than a card has of those,
// and a second round would double the time.
template <int CHANNELS, int GROUP>
__global__ void __launch_bounds__(THREADS, GROUP <= 8 ? 2 : 1) score_pages(PagesLaunch p) {
    extern __shared__ __align__(16) unsigned char shared[];
    using S                     = Scoring<CHANNELS, GROUP>;
    S &                       s = *reinterpret_cast<S *>(shared);
    const KernelSelectPages & a = p.args;
    const int j = blockIdx.x, tile = blockIdx.y, page = a.pages.page, g = a.cache.group, D = a.cache.head_dim;
    wait_for_kernel_before();
    let_next_kernel_start();  // in this order: the next kernel reads q before it waits
    // q before the live length is known: the two loads overlap.
    const float * q = a.q + size_t(j) * g * D;
    for (int i = threadIdx.x; S::KEEPS_Q && i < GROUP * D; i += THREADS)
        s.all_q[i / D][i % D] = i < g * D ? q[i] : 0.0f;
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
    // The first channels are under way while the scales are found.
    __half2 ahead[CHANNELS_AHEAD];
#pragma unroll
    for (int u = 0; u < CHANNELS_AHEAD; u++) {
        const int i = slice + u * SLICES;
        ahead[u] = i < a.r ? *reinterpret_cast<const __half2 *>(base + size_t(s.plane[i]) * p.page_stride) : __half2();
    }
    find_score_scales(a, s, j);
    float acc[GROUP][2];
#pragma unroll
    for (int h = 0; h < GROUP; h++) acc[h][0] = acc[h][1] = 0;
    const auto add = [&](int i, __half2 two_pages) {
        const float2 x = __half22float2(two_pages);
#pragma unroll
        for (int h = 0; h < GROUP; h++) {
            acc[h][0] += s.q[i][h] * x.x;
            acc[h][1] += s.q[i][h] * x.y;
        }
    };
#pragma unroll
    for (int u = 0; u < CHANNELS_AHEAD; u++) {
        if (slice + u * SLICES < a.r) add(slice + u * SLICES, ahead[u]);
    }
#pragma unroll 4
    for (int i = slice + CHANNELS_AHEAD * SLICES; i < a.r; i += SLICES)
        add(i, *reinterpret_cast<const __half2 *>(base + size_t(s.plane[i]) * p.page_stride));
    __syncthreads();  // the scales are there; nobody needs all_q any more, whose place the parts take
    // A thread now answers for one head and one page: up to 4 heads * 128 pages.
    const int head = threadIdx.x / TILE, at = threadIdx.x % TILE, entry = tile * TILE + at;
#pragma unroll
    for (int h0 = 0; h0 < GROUP; h0 += S::HEAD_CHUNK) {
#pragma unroll
        for (int h = 0; h < S::HEAD_CHUNK && h0 + h < GROUP; h++) {
            *reinterpret_cast<float2 *>(&s.part[slice][h][in_tile]) = make_float2(acc[h0 + h][0], acc[h0 + h][1]);
        }
        __syncthreads();
        const bool used = head < S::HEAD_CHUNK && h0 + head < GROUP;
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
        const auto go = [&](auto channels) {
            constexpr int CHANNELS = decltype(channels)::value, GROUP = decltype(group)::value;
            static_assert(sizeof(Scoring<CHANNELS, GROUP>) <= SHARED_BYTES, "");
            const size_t shared = max(sizeof(Scoring<CHANNELS, GROUP>), select_finish_bytes(n_pages));
            launch_early(score_pages<CHANNELS, GROUP>, dim3(a.cache.n_head, work.tiles), THREADS, shared, stream, p);
        };
        if (a.cache.head_dim <= 256) go(IntTag<256>{});
        else go(IntTag<512>{});
    });
    return launch_status();
}

}  // namespace rocketdoc
