// Exact attention on the chosen rows (or on all live rows), split over blocks, merged by the last block of a head to
// arrive. A row is read by a team of lanes, 8 channels (16 bytes) each, for up to 8 query heads at once (above 256
// channels 16 each, for up to 4: a thread's queries and sums are what registers hold); every team keeps its own running
// maximum, so rows need no barrier. With the residual, further blocks add the rows that were not chosen, by code
// (residual_attention.cuh); both kinds leave (greatest, sum, weighted values) and merge alike.
#include "activations.cuh"
#include "residual_attention.cuh"

namespace rocketdoc {
namespace {

constexpr int MAX_SPLITS = 128;

constexpr int                     most_heads(int dim) { return dim <= 256 ? 8 : 4; }  // of a block
__host__ __device__ constexpr int team_lanes(int dim) { return dim <= 64 ? 8 : dim <= 128 ? 16 : 32; }
int heads_per_block(const KernelCache & c) { return min(most_heads(c.head_dim), padded_group(c.group)); }
int head_chunks(const KernelCache & c) { return int(ceil_div(c.group, most_heads(c.head_dim))); }

// Enough blocks for two a multiprocessor, but not less than two rows a team.
int split_count(const KernelCache & cache, int max_rows) {
    const int teams = ATTENTION_THREADS / team_lanes(cache.head_dim);
    const int wave  = int(ceil_div(size_t(2) * device_sm_count(), size_t(cache.n_head) * head_chunks(cache)));
    return max(1, min(min(MAX_SPLITS, wave), int(ceil_div(max_rows, 2 * teams))));
}

constexpr int FACTORS     = 192;  // parts whose factors fit shared memory
constexpr int AHEAD_PARTS = 24;

// Merges the partial results of one head chunk: parts 0 .. n_splits + n_rest - 1. One block runs alone here, so time is
// latency: factors first, then values in batches of loads.
template <int DIM, int HEADS>
__device__ void merge_parts(const AttentionLaunch & p, size_t first, int j, int h0, int n_rest) {
    __shared__ float top[HEADS], inverse[HEADS], factor[HEADS][FACTORS];
    const int        lane = threadIdx.x & 31, warp = threadIdx.x >> 5, parts = p.n_splits + n_rest;
    const float2 *   stats = p.part_stats + first * HEADS;
    const float2     none  = make_float2(NO_SCORE, 0);
    // The first values are under way while the factors are found.
    const float2 * values =
        reinterpret_cast<const float2 *>(p.part_values + first * HEADS * DIM);  // [parts, HEADS * DIM / 2]
    float2 ahead[AHEAD_PARTS];
#pragma unroll
    for (int s = 0; s < AHEAD_PARTS; s++) {
        ahead[s] = s < parts && threadIdx.x < HEADS * DIM / 2
                       ? __ldcg(values + size_t(s) * (HEADS * DIM / 2) + threadIdx.x)
                       : make_float2(0, 0);
    }
    for (int h = warp; h < HEADS; h += ATTENTION_THREADS / 32) {
        const float2 s0 = lane < parts ? __ldcg(&stats[lane * HEADS + h]) : none;
        const float2 s1 = lane + 32 < parts ? __ldcg(&stats[(lane + 32) * HEADS + h]) : none;
        float        m  = fmaxf(s0.x, s1.x);
        for (int s = lane + 64; s < parts; s += 32) m = fmaxf(m, __ldcg(&stats[s * HEADS + h]).x);
        const bool  has_sink = p.sinks && h0 + h < p.cache.group;
        const float sink     = has_sink ? LOG2E * p.sinks[j * p.cache.group + h0 + h] : NO_SCORE;
        m                    = fmaxf(warp_max(m), sink);
        const float f0 = exp2f(s0.x - m), f1 = exp2f(s1.x - m);
        float       z = s0.y * f0 + s1.y * f1;
        if (lane < FACTORS) factor[h][lane] = f0;
        if (lane + 32 < FACTORS) factor[h][lane + 32] = f1;
        for (int s = lane + 64; s < parts; s += 32) {
            const float2 x = __ldcg(&stats[s * HEADS + h]);
            const float  f = exp2f(x.x - m);
            z += x.y * f;
            if (s < FACTORS) factor[h][s] = f;
        }
        z = warp_sum(z) + (has_sink ? exp2f(sink - m) : 0.0f);
        if (lane == 0) {
            top[h]     = m;
            inverse[h] = z > 0 ? 1.0f / z : 0.0f;  // no rows: zeros
        }
    }
    __syncthreads();
    for (int base = 0; base < HEADS * DIM / 2; base += ATTENTION_THREADS) {  // all threads of a warp stay together
        const int  i = base + threadIdx.x, h = min(i / (DIM / 2), HEADS - 1);
        const bool is_head     = i < HEADS * DIM / 2 && h0 + h < p.cache.group;
        const int  n           = is_head ? parts : 0;
        const bool first_round = base == 0;
        float2     sum         = make_float2(0, 0);
        const auto add         = [&](int part, float2 x) {
            const float f = part < FACTORS ? factor[h][part] : exp2f(__ldcg(&stats[part * HEADS + h]).x - top[h]);
            sum.x += x.x * f;
            sum.y += x.y * f;
        };
        if (first_round) {
#pragma unroll
            for (int s = 0; s < AHEAD_PARTS; s++) {
                if (s < n) add(s, ahead[s]);
            }
        }
#pragma unroll 8
        for (int s = first_round ? AHEAD_PARTS : 0; s < n; s++)
            add(s, __ldcg(values + size_t(s) * (HEADS * DIM / 2) + i));
        const float x[2]   = {sum.x * inverse[h], sum.y * inverse[h]};
        const int   column = (j * p.cache.group + h0 + h) * DIM + i % (DIM / 2) * 2;
        if (is_head) p.out.x[column] = x[0], p.out.x[column + 1] = x[1];
        if (p.out.q) quantise_values<2>(p.out, column, x, is_head);
    }
}

// grid (n_splits + residual tiles, n_head, head chunks)
template <int DIM, int HEADS>
__global__ void __launch_bounds__(ATTENTION_THREADS) attend(AttentionLaunch p) {
    constexpr int LANES  = team_lanes(DIM);
    constexpr int PIECES = DIM <= 256 ? 1 : DIM / 256, OWN = PIECES * 8;  // of 8 channels; channels of a thread
    constexpr int TEAMS = ATTENTION_THREADS / LANES, WARPS = ATTENTION_THREADS / 32;
    constexpr int CHUNK = 512 / (LANES * OWN);  // heads merged at once: 16 KB of shared memory
    constexpr int STEP  = HEADS <= 4 ? 2 : 1;   // rows a team has in flight
    const int     j = blockIdx.y, g = p.cache.group, h0 = blockIdx.z * HEADS;
    let_next_kernel_start();
    // The live length and q are there before the chosen rows are: the kernel that chooses waits before it lets this one
    // start. Where nothing was chosen, the kernel before may be the one that makes q: a layer that sees another's rows
    // appends none. (Blocks of the residual do not need q.)
    if (!p.ids) wait_for_kernel_before();
    const int  live   = live_rows(p.cache.n_rows, p.cache.capacity);
    const int  n_rest = p.codes.coarse ? (live + CODES_TILE - 1) / CODES_TILE : 0;
    const int  team = threadIdx.x / LANES, c = threadIdx.x % LANES * 8;  // its pieces: c, c + 256
    const bool has_channels = c < DIM;                                   // D = 96 leaves 4 of 16 lanes idle
    float      q[HEADS][OWN], acc[HEADS][OWN], m[HEADS], z[HEADS];
    if (int(blockIdx.x) < p.n_splits) {
        const float scale = p.scale;
#pragma unroll
        for (int h = 0; h < HEADS; h++) {
#pragma unroll
            for (int i = 0; i < OWN; i += 4) {
                float4 x = make_float4(0, 0, 0, 0);
                if (has_channels && h0 + h < g)
                    x = *reinterpret_cast<const float4 *>(p.q + (size_t(j) * g + h0 + h) * DIM + c + i / 8 * 256 +
                                                          i % 8);
                q[h][i] = x.x * scale, q[h][i + 1] = x.y * scale, q[h][i + 2] = x.z * scale, q[h][i + 3] = x.w * scale;
            }
            m[h] = NO_SCORE;
            z[h] = 0;
#pragma unroll
            for (int e = 0; e < OWN; e++) acc[h][e] = 0;
        }
    }
    wait_for_kernel_before();  // the chosen rows, the newest row, the coded scores
    if (int(blockIdx.x) >= p.n_splits + n_rest) return;
    const size_t first = (size_t(j) * gridDim.z + blockIdx.z) * p.n_parts;  // this head chunk's parts
    if (int(blockIdx.x) >= p.n_splits) {
        add_unchosen<DIM, HEADS>(p, first + blockIdx.x, j, h0, int(blockIdx.x) - p.n_splits, live);
    } else {
        const int        n     = p.ids ? min(p.k, live) : p.cache.window > 0 ? min(p.cache.window, live) : live;
        const int        shown = p.ids ? 0 : live - n;  // the first row, where none are chosen
        const int        begin = shown + int(int64_t(n) * blockIdx.x / p.n_splits),
                         end   = shown + int(int64_t(n) * (blockIdx.x + 1) / p.n_splits);
        const size_t     head0 = size_t(j) * p.cache.capacity * DIM + c;
        const uint16_t * k     = p.cache.k + head0;
        const uint16_t * v     = p.cache.v + head0;
        const int32_t *  ids   = p.ids ? p.ids + size_t(j) * p.k : nullptr;
        for (int base = begin; base < end; base += STEP * TEAMS) {  // the same count of steps for all lanes of a warp
            uint4 kk[STEP][PIECES], vv[STEP][PIECES];
            bool  is_row[STEP];
#pragma unroll
            for (int u = 0; u < STEP; u++) {
                const int i   = base + u * TEAMS + team;
                const int row = i < end ? (ids ? ids[i] : i) : -1;
                is_row[u]     = unsigned(row) < unsigned(live);  // also keeps a wrong id from reading elsewhere
#pragma unroll
                for (int piece = 0; piece < PIECES; piece++) {
                    kk[u][piece] = vv[u][piece] = make_uint4(0, 0, 0, 0);
                    if (is_row[u] && has_channels) {
                        kk[u][piece] = *reinterpret_cast<const uint4 *>(k + size_t(row) * DIM + piece * 256);
                        vv[u][piece] = *reinterpret_cast<const uint4 *>(v + size_t(row) * DIM + piece * 256);
                    }
                }
            }
            float s[STEP][HEADS];
#pragma unroll
            for (int u = 0; u < STEP; u++) {
#pragma unroll
                for (int h = 0; h < HEADS; h++) s[u][h] = 0;
#pragma unroll
                for (int piece = 0; piece < PIECES; piece++) {
                    float x[8];
                    unpack8(kk[u][piece], x);
#pragma unroll
                    for (int h = 0; h < HEADS; h++) {
#pragma unroll
                        for (int e = 0; e < 8; e++) s[u][h] += q[h][piece * 8 + e] * x[e];
                    }
                }
            }
#pragma unroll
            for (int step = LANES / 2; step > 0; step >>= 1) {
#pragma unroll
                for (int u = 0; u < STEP; u++) {
#pragma unroll
                    for (int h = 0; h < HEADS; h++) s[u][h] += __shfl_xor_sync(FULL, s[u][h], step);
                }
            }
#pragma unroll
            for (int h = 0; h < HEADS; h++) {
                float top = m[h];
#pragma unroll
                for (int u = 0; u < STEP; u++) {
                    if (is_row[u]) top = fmaxf(top, s[u][h]);
                }
                const float fade = exp2f(m[h] - top);
                m[h]             = top;
                z[h] *= fade;
#pragma unroll
                for (int e = 0; e < OWN; e++) acc[h][e] *= fade;
#pragma unroll
                for (int u = 0; u < STEP; u++) {
                    s[u][h] = is_row[u] ? exp2f(s[u][h] - top) : 0.0f;
                    z[h] += s[u][h];
                }
            }
#pragma unroll
            for (int u = 0; u < STEP; u++) {
#pragma unroll
                for (int piece = 0; piece < PIECES; piece++) {
                    float x[8];
                    unpack8(vv[u][piece], x);
#pragma unroll
                    for (int h = 0; h < HEADS; h++) {
#pragma unroll
                        for (int e = 0; e < 8; e++) acc[h][piece * 8 + e] += s[u][h] * x[e];
                    }
                }
            }
        }
        // Teams of a warp, then warps of the block.
        __shared__ float2 warp_stats[WARPS][HEADS];
        __shared__ __align__(16) float warp_values[WARPS][CHUNK][DIM];
        const int                      lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
#pragma unroll
        for (int h = 0; h < HEADS; h++) {
            float top = m[h];
#pragma unroll
            for (int step = LANES; step < 32; step <<= 1) top = fmaxf(top, __shfl_xor_sync(FULL, top, step));
            const float fade = exp2f(m[h] - top);
            z[h] *= fade;
#pragma unroll
            for (int e = 0; e < OWN; e++) acc[h][e] *= fade;
#pragma unroll
            for (int step = LANES; step < 32; step <<= 1) {
                z[h] += __shfl_xor_sync(FULL, z[h], step);
#pragma unroll
                for (int e = 0; e < OWN; e++) acc[h][e] += __shfl_xor_sync(FULL, acc[h][e], step);
            }
            if (lane == 0) warp_stats[warp][h] = make_float2(top, z[h]);
        }
#pragma unroll
        for (int start = 0; start < HEADS; start += CHUNK) {
            __syncthreads();
            if (lane < LANES && has_channels) {
#pragma unroll
                for (int h = 0; h < CHUNK && start + h < HEADS; h++) {
                    const float (&x)[OWN] = acc[start + h];
#pragma unroll
                    for (int i = 0; i < OWN; i += 4)
                        *reinterpret_cast<float4 *>(&warp_values[warp][h][c + i / 8 * 256 + i % 8]) =
                            make_float4(x[i], x[i + 1], x[i + 2], x[i + 3]);
                }
            }
            __syncthreads();
            for (int i = threadIdx.x; i < min(CHUNK, HEADS - start) * DIM; i += ATTENTION_THREADS) {
                const int h   = start + i / DIM;
                float     top = warp_stats[0][h].x, sum = 0, total = 0;
#pragma unroll
                for (int w = 1; w < WARPS; w++) top = fmaxf(top, warp_stats[w][h].x);
#pragma unroll
                for (int w = 0; w < WARPS; w++) {
                    const float fade = exp2f(warp_stats[w][h].x - top);
                    sum += warp_values[w][i / DIM][i % DIM] * fade;
                    total += warp_stats[w][h].y * fade;
                }
                p.part_values[((first + blockIdx.x) * HEADS + h) * DIM + i % DIM] = sum;
                if (i % DIM == 0) p.part_stats[(first + blockIdx.x) * HEADS + h] = make_float2(top, total);
            }
        }
    }
    if (!last_block(p.counters + size_t(j) * gridDim.z + blockIdx.z, p.n_splits + n_rest)) return;
    merge_parts<DIM, HEADS>(p, first, j, h0, n_rest);
}

struct AttentionWorkspace {
    int    n_splits, n_parts;
    size_t stats, values, total;
};

AttentionWorkspace workspace_of(const KernelCache & cache, int max_rows, bool residual) {
    AttentionWorkspace l;
    l.n_splits         = split_count(cache, max_rows);
    l.n_parts          = l.n_splits + (residual ? int(ceil_div(cache.capacity, CODES_TILE)) : 0);
    const size_t parts = size_t(cache.n_head) * head_chunks(cache) * l.n_parts * heads_per_block(cache);
    l.stats            = COUNTER_BYTES;
    l.values           = l.stats + align256(parts * sizeof(float2));
    l.total            = l.values + align256(parts * cache.head_dim * sizeof(float));
    return l;
}

}  // namespace

size_t sparse_attention_workspace_bytes(const KernelCache & cache, int k) {
    if (check_cache(cache, false) != KERNEL_OK || k < 1) return 0;
    return max(workspace_of(cache, cache.capacity, false).total,
               workspace_of(cache, min(k, cache.capacity), true).total);
}

KernelStatus sparse_attention(const KernelAttention & a, KernelWorkspace workspace, KernelStream stream) {
    const KernelCache & cache = a.cache;
    RETURN_IF_KERNEL(check_cache(cache, true));
    if ((a.ids && a.k < 1) || !scale_ok(a.scale) || size_t(cache.n_head) * head_chunks(cache) > 2 * MAX_HEADS)
        return KERNEL_BAD_SHAPE;
    if (misaligned(a.q) || misaligned(a.out.x, 4) || (a.ids && misaligned(a.ids, 4))) return KERNEL_BAD_POINTER;
    if (a.sinks && misaligned(a.sinks, 4)) return KERNEL_BAD_POINTER;
    if (a.out.q && (misaligned(a.out.q, 4) || misaligned(a.out.scale, 4) || misaligned(a.out.sum, 4)))
        return KERNEL_BAD_POINTER;
    AttentionLaunch p{};
    if (a.residual) {
        RETURN_IF_KERNEL(check_codes(*a.residual));
        if (!a.residual->coarse || !a.ids || misaligned(a.select_workspace, 256) ||
            a.select_workspace == workspace.data)
            return KERNEL_BAD_POINTER;
        size_t bytes = 0;
        p.codes      = *a.residual;
        p.work       = select_codes_work(const_cast<void *>(a.select_workspace), cache, &bytes);
    }
    const int                most_rows = a.ids              ? min(a.k, cache.capacity)
                                         : cache.window > 0 ? min(cache.window, cache.capacity)
                                                            : cache.capacity;
    const AttentionWorkspace l         = workspace_of(cache, most_rows, a.residual != nullptr);
    RETURN_IF_KERNEL(check_workspace(workspace, l.total));
    char * base   = static_cast<char *>(workspace.data);
    p.cache       = cache;
    p.q           = a.q;
    p.scale       = LOG2E * a.scale;
    p.sinks       = a.sinks;
    p.ids         = a.ids;
    p.k           = a.k;
    p.out         = a.out;
    p.n_splits    = l.n_splits;
    p.n_parts     = l.n_parts;
    p.counters    = static_cast<unsigned *>(workspace.data);
    p.part_stats  = reinterpret_cast<float2 *>(base + l.stats);
    p.part_values = reinterpret_cast<float *>(base + l.values);
    const dim3 grid(l.n_parts, cache.n_head, head_chunks(cache));
    dispatch_head_dim(cache.head_dim, [&](auto dim) {
        dispatch_group(heads_per_block(cache), [&](auto heads) {
            constexpr int DIM = decltype(dim)::value, MOST = most_heads(DIM);
            constexpr int HEADS = decltype(heads)::value <= MOST ? decltype(heads)::value : MOST;
            launch_early(attend<DIM, HEADS>, grid, ATTENTION_THREADS, 0, stream, p);
        });
    });
    return launch_status();
}

}  // namespace rocketdoc
