// Stage 1, steps 1 and 2: the window's queries against every key of a KV head.
// Two passes over the keys so that nothing of size [rows, T] is stored: pass 1 finds each row's log-sum-exp, pass 2
// adds the probabilities of a column over the rows. Products run on tensor cores with q split into two f16 halves (q =
// hi + lo), so that logits are as good as f32: selection compares sums that differ in the fifth digit. q8_0 keys enter
// as exact integers, their scale is applied to each 32-channel partial sum. A block's warps own 16 rows each, 128 rows
// a row group (g * w = 4 * 32 in an 8B model); keys stream through shared memory. Queries stay in registers, but above
// 256 channels, where they would not fit: then keys come in slices of channels, and each slice's queries again from L2.
#include "mma_f16.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS    = 256;
constexpr int WARPS      = THREADS / 32;
constexpr int GROUP_ROWS = WARPS * 16;

__host__ __device__ constexpr int slice_channels(int dim) {
    return dim <= 256 ? dim : 128;
}  // of a tile in shared memory
__host__ __device__ constexpr int tile_columns(int dim) { return slice_channels(dim) <= 128 ? 64 : 32; }
__host__ __device__ constexpr int blocks_fitting(int dim) {
    return slice_channels(dim) <= 128 ? 2 : 1;
}  // a multiprocessor

struct WindowLaunch {
    KernelWindowScores args;
    const uint4 * packed;   // [G, row_groups, D/16, WARPS, 32 lanes, 2 (hi, lo)]: mma fragments of q * log2(e) * scale
    float2 *      partial;  // [G, row_groups * GROUP_ROWS, n_splits]: (max, sum) of pass 1
    float *       lse;      // [G, row_groups * GROUP_ROWS]
    float *       tail;     // [G, w]: column sums of the window's own columns
    int           n_splits;
    int           row_groups;
};

struct WindowWorkspace {
    int    row_groups, n_splits;
    size_t packed, partial, lse, tail, total;  // byte offsets
};

WindowWorkspace workspace_of(const KernelWindowScores & a) {
    WindowWorkspace l;
    l.row_groups      = int(ceil_div(size_t(a.group) * a.window, GROUP_ROWS));
    const int n_tiles = int(ceil_div(a.n_rows, tile_columns(a.head_dim)));
    const int wave    = device_sm_count() * blocks_fitting(a.head_dim);  // what runs at once
    l.n_splits        = max(1, min(n_tiles, int(ceil_div(wave, a.n_head))));
    l.packed          = COUNTER_BYTES;
    l.partial =
        align256(l.packed + size_t(a.n_head) * l.row_groups * (a.head_dim / 16) * WARPS * 32 * 2 * sizeof(uint4));
    l.lse   = align256(l.partial + size_t(a.n_head) * l.row_groups * GROUP_ROWS * l.n_splits * sizeof(float2));
    l.tail  = align256(l.lse + size_t(a.n_head) * l.row_groups * GROUP_ROWS * sizeof(float));
    l.total = align256(l.tail + size_t(a.n_head) * a.window * sizeof(float));
    return l;
}

// One thread packs the two fragments of one lane; grid (ceil, G).
__global__ void pack_queries(WindowLaunch p, int n) {
    const KernelWindowScores & a     = p.args;
    const int                  index = blockIdx.x * blockDim.x + threadIdx.x, j = blockIdx.y;
    if (index >= n) return;
    const int   lane = index % 32, warp = index / 32 % WARPS, ks = index / (32 * WARPS) % (a.head_dim / 16);
    const int   rg    = index / (32 * WARPS) / (a.head_dim / 16);
    const float scale = LOG2E * a.scale;
    uint32_t    hi[4], lo[4];
    for (int i = 0; i < 4; i++) {
        const int row  = rg * GROUP_ROWS + warp * 16 + lane / 4 + (i & 1) * 8;
        const int c    = ks * 16 + lane % 4 * 2 + (i >> 1) * 8;
        float     x[2] = {0, 0};
        if (row < a.group * a.window) {
            const float * q = a.q + (size_t(j) * a.group + row / a.window) * a.q_head_elems +
                              size_t(row % a.window) * a.q_row_elems + c;
            x[0]            = q[0] * scale;
            x[1]            = q[1] * scale;
        }
        const __half2 h = __floats2half2_rn(x[0], x[1]);
        const float2  f = __half22float2(h);
        const __half2 r = __floats2half2_rn(x[0] - f.x, x[1] - f.y);
        hi[i]           = reinterpret_cast<const uint32_t &>(h);
        lo[i]           = reinterpret_cast<const uint32_t &>(r);
    }
    uint4 * out = const_cast<uint4 *>(p.packed) + ((size_t(j) * n) + index) * 2;
    out[0]      = make_uint4(hi[0], hi[1], hi[2], hi[3]);
    out[1]      = make_uint4(lo[0], lo[1], lo[2], lo[3]);
}

// grid G, one thread a channel.
__global__ void query_importance(KernelWindowScores a) {
    const int c = threadIdx.x, j = blockIdx.x;
    float     sum = 0;
    for (int row = 0; row < a.group * a.window; row++) {
        const float x =
            a.q[(size_t(j) * a.group + row / a.window) * a.q_head_elems + size_t(row % a.window) * a.q_row_elems + c];
        sum += x * x;
    }
    a.importance[size_t(j) * a.head_dim + c] = sum / float(a.group * a.window);
}

// Keys of some columns, `CHANNELS` of each.
template <int CHANNELS>
struct KeyTile {
    static constexpr int COLUMNS = tile_columns(CHANNELS);
    static constexpr int PITCH =
        CHANNELS + 8;  // an odd number of 16-byte units: ldmatrix rows fall into different banks
    __half k[COLUMNS][PITCH];
    float  d[COLUMNS][CHANNELS / 32];  // q8_0 only: block scales
};

// channel0: the first channel, a multiple of 32.
template <int CHANNELS, bool Q8>
__device__ void load_tile(KeyTile<CHANNELS> & tile, const char * head, size_t row_bytes, int column0, int channel0,
                          int n_rows) {
    head += Q8 ? channel0 / 32 * 34 : channel0 * 2;
    constexpr int COLUMNS = KeyTile<CHANNELS>::COLUMNS;
    if (!Q8) {
        for (int i = threadIdx.x; i < COLUMNS * (CHANNELS / 8); i += THREADS) {
            const int  n = i / (CHANNELS / 8), c = i % (CHANNELS / 8) * 8;
            const bool live = column0 + n < n_rows;
            copy_16_async(&tile.k[n][c], head + size_t(live ? column0 + n : 0) * row_bytes + c * 2, live);
        }
    } else {
        for (int i = threadIdx.x; i < COLUMNS * (CHANNELS / 2); i += THREADS) {
            const int      n = i / (CHANNELS / 2), c = i % (CHANNELS / 2) * 2;
            unsigned short two = 0;
            if (column0 + n < n_rows) {
                two = *reinterpret_cast<const unsigned short *>(head + size_t(column0 + n) * row_bytes + (c / 32) * 34 +
                                                                2 + c % 32);
            }
            const __half2 h                             = __floats2half2_rn(float(static_cast<signed char>(two & 0xff)),
                                                                            float(static_cast<signed char>(two >> 8)));
            *reinterpret_cast<__half2 *>(&tile.k[n][c]) = h;
        }
        for (int i = threadIdx.x; i < COLUMNS * (CHANNELS / 32); i += THREADS) {
            const int n = i / (CHANNELS / 32), b = i % (CHANNELS / 32);
            float     d = 0;
            if (column0 + n < n_rows)
                d = __half2float(*reinterpret_cast<const __half *>(head + size_t(column0 + n) * row_bytes + b * 34));
            tile.d[n][b] = d;
        }
    }
}

// Adds to x[half] the logits (base 2) of this warp's 16 rows against columns n0 + 32 half .. + 31 of the tile.
// x[half][t] [0,1]: row lane/4, columns 8t + 2 (lane%4) + {0, 1} of these; [2,3]: row lane/4 + 8. fragments(ks, hi,
// lo): the queries of channels 16 ks .. 16 ks + 15 of the tile.
template <int CHANNELS, bool Q8, int HALVES, class Fragments>
__device__ __forceinline__ void add_logits(float (&x)[HALVES][4][4], const KeyTile<CHANNELS> & tile, int n0,
                                           const Fragments & fragments) {
    const int lane = threadIdx.x & 31;
    const int n = n0 + (lane >> 4) * 8 + (lane & 7), c = (lane >> 3 & 1) * 8;
    // Summed apart: q8_0's blocks, each of which has a scale, and slices of channels. A tensor core cuts off what lies
    // below the last digit of its sum, and over many products in a row that shows.
    constexpr bool APART = Q8 || HALVES > 1;
    constexpr int  STEPS = Q8 ? 2 : CHANNELS / 16;
    float          part[HALVES][4][4];
#pragma unroll
    for (int ks = 0; ks < CHANNELS / 16; ks++) {
        uint32_t hi[4], lo[4];
        fragments(ks, hi, lo);
#pragma unroll
        for (int half = 0; half < HALVES; half++) {
            if (APART && ks % STEPS == 0) {
#pragma unroll
                for (int t = 0; t < 4; t++) {
#pragma unroll
                    for (int e = 0; e < 4; e++) part[half][t][e] = 0;
                }
            }
#pragma unroll
            for (int pair = 0; pair < 2; pair++) {
                uint32_t b[4];
                ldmatrix_x4(b, &tile.k[n + half * 32 + pair * 16][ks * 16 + c]);
                auto & y0 = APART ? part[half][2 * pair] : x[half][2 * pair];
                auto & y1 = APART ? part[half][2 * pair + 1] : x[half][2 * pair + 1];
                mma_16x8x16(y0, hi, b[0], b[1]);
                mma_16x8x16(y1, hi, b[2], b[3]);
                mma_16x8x16(y0, lo, b[0], b[1]);
                mma_16x8x16(y1, lo, b[2], b[3]);
            }
            if (APART && ks % STEPS == STEPS - 1) {
#pragma unroll
                for (int t = 0; t < 4; t++) {
                    const int   column = n0 + half * 32 + 8 * t + lane % 4 * 2;
                    const float d0 = Q8 ? tile.d[column][ks / 2] : 1.0f, d1 = Q8 ? tile.d[column + 1][ks / 2] : 1.0f;
                    x[half][t][0] += d0 * part[half][t][0];
                    x[half][t][1] += d1 * part[half][t][1];
                    x[half][t][2] += d0 * part[half][t][2];
                    x[half][t][3] += d1 * part[half][t][3];
                }
            }
        }
    }
}

// PASS 1: (max, sum) of each row over this block's columns. PASS 2: probabilities added over the rows.
// grid (n_splits, G, row groups of pass 1 | 1); row_group0 counts the launches of pass 2.
template <int DIM, bool Q8, int PASS>
__global__ void __launch_bounds__(THREADS, blocks_fitting(DIM)) stream_keys(WindowLaunch p, int row_group0) {
    constexpr int CHANNELS = slice_channels(DIM), SLICES = DIM / CHANNELS, COLUMNS = tile_columns(DIM);
    using Tile = KeyTile<CHANNELS>;
    static_assert(CHANNELS * SLICES == DIM && Tile::COLUMNS == COLUMNS, "whole slices");
    static_assert(2 * sizeof(Tile) + WARPS * COLUMNS * sizeof(float) <= SHARED_BYTES, "two tiles and the sums");
    __shared__ __align__(16) unsigned char storage[2 * sizeof(Tile)];
    __shared__ float                       column_sum[PASS == 2 ? WARPS : 1][COLUMNS];
    Tile *                                 tiles = reinterpret_cast<Tile *>(storage);

    const KernelWindowScores & a = p.args;
    const int    lane = threadIdx.x & 31, warp = threadIdx.x >> 5, j = blockIdx.y, rg = row_group0 + blockIdx.z;
    const int    n_tiles = (a.n_rows + COLUMNS - 1) / COLUMNS;
    const int    begin   = int(int64_t(n_tiles) * blockIdx.x / p.n_splits),
                 end     = int(int64_t(n_tiles) * (blockIdx.x + 1) / p.n_splits);
    const char * head    = static_cast<const char *>(a.keys.data) + size_t(j / a.share) * a.keys.head_bytes;

    const uint4 * packed =
        p.packed + ((size_t(j) * p.row_groups + rg) * (DIM / 16) * WARPS * 32 + warp * 32 + lane) * 2;
    const auto load_fragments = [packed](int ks, uint32_t (&hi)[4], uint32_t (&lo)[4]) {
        const uint4 * f = packed + size_t(ks) * (WARPS * 32 * 2);
        const uint4   h = f[0], l = f[1];
        hi[0] = h.x, hi[1] = h.y, hi[2] = h.z, hi[3] = h.w;
        lo[0] = l.x, lo[1] = l.y, lo[2] = l.z, lo[3] = l.w;
    };
    constexpr int RESIDENT = SLICES == 1 ? DIM / 16 : 1;
    uint32_t      hi[RESIDENT][4], lo[RESIDENT][4];
    if (SLICES == 1) {
#pragma unroll
        for (int ks = 0; ks < RESIDENT; ks++) load_fragments(ks, hi[ks], lo[ks]);
    }
    // This thread's two rows, the last column each sees (-1: no such row), and their statistics.
    int   row[2], last[2];
    float m[2] = {NO_SCORE, NO_SCORE}, z[2] = {0, 0}, lse[2] = {0, 0};
#pragma unroll
    for (int e = 0; e < 2; e++) {
        row[e]  = rg * GROUP_ROWS + warp * 16 + lane / 4 + e * 8;
        last[e] = row[e] < a.group * a.window ? a.n_rows - a.window + row[e] % a.window : -1;
        if (PASS == 2 && last[e] >= 0) lse[e] = p.lse[size_t(j) * p.row_groups * GROUP_ROWS + row[e]];
    }

    // What the logits of columns n0..n0+31 of tile t come to.
    const auto use = [&](int t, int n0, float (&x)[4][4]) {
        const int column = t * COLUMNS + n0 + lane % 4 * 2;  // of x[0][0]
#pragma unroll
        for (int i = 0; i < 4; i++) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                if (column + 8 * i + (e & 1) > last[e >> 1]) x[i][e] = -INFINITY;
            }
        }
        if (PASS == 1) {
#pragma unroll
            for (int e = 0; e < 2; e++) {
                float top = m[e];
#pragma unroll
                for (int i = 0; i < 4; i++) top = fmaxf(top, fmaxf(x[i][2 * e], x[i][2 * e + 1]));
                float sum = 0;
#pragma unroll
                for (int i = 0; i < 4; i++) sum += exp2f(x[i][2 * e] - top) + exp2f(x[i][2 * e + 1] - top);
                z[e] = z[e] * exp2f(m[e] - top) + sum;
                m[e] = top;
            }
        } else {
            float y[8];  // [4 tiles of 8 columns, 2 columns]
#pragma unroll
            for (int i = 0; i < 4; i++) {
                y[2 * i]     = exp2f(x[i][0] - lse[0]) + exp2f(x[i][2] - lse[1]);
                y[2 * i + 1] = exp2f(x[i][1] - lse[0]) + exp2f(x[i][3] - lse[1]);
            }
            // Sum over the 8 lanes that hold the same columns; each step halves what a lane still answers for.
            const bool up16 = lane & 16, up8 = lane & 8, up4 = lane & 4;
            float      y4[4], y2[2], y1;
#pragma unroll
            for (int i = 0; i < 4; i++) {
                const float keep = up16 ? y[i + 4] : y[i], give = up16 ? y[i] : y[i + 4];
                y4[i] = keep + __shfl_xor_sync(FULL, give, 16);
            }
#pragma unroll
            for (int i = 0; i < 2; i++) {
                const float keep = up8 ? y4[i + 2] : y4[i], give = up8 ? y4[i] : y4[i + 2];
                y2[i] = keep + __shfl_xor_sync(FULL, give, 8);
            }
            {
                const float keep = up4 ? y2[1] : y2[0], give = up4 ? y2[0] : y2[1];
                y1 = keep + __shfl_xor_sync(FULL, give, 4);
            }
            const int mine = (up16 ? 4 : 0) + (up8 ? 2 : 0) + (up4 ? 1 : 0);  // index in y
            column_sum[warp][n0 + mine / 2 * 8 + lane % 4 * 2 + mine % 2] = y1;
        }
    };

    // A step is a slice of a tile; the next one's keys come while it is computed.
    const auto fetch = [&](int step) {
        load_tile<CHANNELS, Q8>(tiles[step & 1], head, a.keys.row_bytes, step / SLICES * COLUMNS,
                                step % SLICES * CHANNELS, a.n_rows);
    };
    if (begin < end) fetch(begin * SLICES);
    copy_async_wait();
    __syncthreads();
    for (int t = begin; t < end; t++) {
        if constexpr (SLICES == 1) {
            if (t + 1 < end) fetch(t + 1);
            const auto resident = [&](int ks, uint32_t (&h)[4], uint32_t (&l)[4]) {
#pragma unroll
                for (int i = 0; i < 4; i++) h[i] = hi[ks][i], l[i] = lo[ks][i];
            };
#pragma unroll
            for (int n0 = 0; n0 < COLUMNS; n0 += 32) {
                float x[1][4][4] = {};
                add_logits<CHANNELS, Q8>(x, tiles[t & 1], n0, resident);
                use(t, n0, x[0]);
            }
        } else {
            float x[COLUMNS / 32][4][4] = {};
#pragma unroll 1
            for (int slice = 0; slice < SLICES; slice++) {
                const int step = t * SLICES + slice;
                if (step + 1 < end * SLICES) fetch(step + 1);
                const auto streamed = [&](int ks, uint32_t (&h)[4], uint32_t (&l)[4]) {
                    load_fragments(slice * (CHANNELS / 16) + ks, h, l);
                };
                add_logits<CHANNELS, Q8>(x, tiles[step & 1], 0, streamed);
                if (slice + 1 < SLICES) {
                    copy_async_wait();
                    __syncthreads();
                }
            }
#pragma unroll
            for (int n0 = 0; n0 < COLUMNS; n0 += 32) use(t, n0, x[n0 / 32]);
        }
        if (PASS == 2) {
            __syncthreads();
            if (threadIdx.x < COLUMNS) {
                float sum = 0;
                for (int w = 0; w < WARPS; w++) sum += column_sum[w][threadIdx.x];
                const int column = t * COLUMNS + threadIdx.x, n_prefix = a.n_rows - a.window;
                if (column < a.n_rows) {
                    float * out = column < n_prefix ? a.scores + size_t(j) * n_prefix + column
                                                    : p.tail + size_t(j) * a.window + (column - n_prefix);
                    *out        = rg == 0 ? sum : *out + sum;
                }
            }
        }
        copy_async_wait();
        __syncthreads();
    }

    if (PASS == 1) {
#pragma unroll
        for (int e = 0; e < 2; e++) {
#pragma unroll
            for (int step = 1; step <= 2; step <<= 1) {  // the four lanes of a row
                const float m2 = __shfl_xor_sync(FULL, m[e], step), z2 = __shfl_xor_sync(FULL, z[e], step);
                const float top = fmaxf(m[e], m2);
                z[e]            = z[e] * exp2f(m[e] - top) + z2 * exp2f(m2 - top);
                m[e]            = top;
            }
            if (lane % 4 == 0) {
                p.partial[(size_t(j) * p.row_groups * GROUP_ROWS + row[e]) * p.n_splits + blockIdx.x] =
                    make_float2(m[e], z[e]);
            }
        }
    }
}

// One warp a row; grid (row_groups * GROUP_ROWS / WARPS, G).
__global__ void merge_rows(WindowLaunch p) {
    const int      lane = threadIdx.x & 31, row = blockIdx.x * WARPS + (threadIdx.x >> 5), j = blockIdx.y;
    const size_t   index = size_t(j) * p.row_groups * GROUP_ROWS + row;
    const float2 * part  = p.partial + index * p.n_splits;
    float          m = NO_SCORE, z = 0;
    for (int s = lane; s < p.n_splits; s += 32) m = fmaxf(m, part[s].x);
    // A sink is a logit that every row of its head sees beside the keys.
    const bool  has_sink = p.args.sinks && row < p.args.group * p.args.window;
    const float sink     = has_sink ? LOG2E * p.args.sinks[j * p.args.group + row / p.args.window] : NO_SCORE;
    m                    = fmaxf(warp_max(m), sink);
    for (int s = lane; s < p.n_splits; s += 32) z += part[s].y * exp2f(part[s].x - m);
    z = warp_sum(z) + (has_sink ? exp2f(sink - m) : 0.0f);
    if (lane == 0) p.lse[index] = z > 0 ? m + log2f(z) : 0;  // rows that pad the row group have no sum
}

// One warp a head.
__global__ void sum_tail(WindowLaunch p) {
    const int j   = blockIdx.x;
    float     sum = 0;
    for (int i = threadIdx.x; i < p.args.window; i += 32) sum += p.tail[size_t(j) * p.args.window + i];
    sum = warp_sum(sum);
    if (threadIdx.x == 0) p.args.window_mass[j] = sum;
}

template <int DIM, bool Q8>
void launch(const WindowLaunch & p, cudaStream_t stream) {
    const KernelWindowScores & a = p.args;
    const int                  n = p.row_groups * (DIM / 16) * WARPS * 32;
    pack_queries<<<dim3(unsigned(ceil_div(n, 256)), a.n_head), 256, 0, stream>>>(p, n);
    stream_keys<DIM, Q8, 1><<<dim3(p.n_splits, a.n_head, p.row_groups), THREADS, 0, stream>>>(p, 0);
    merge_rows<<<dim3(p.row_groups * GROUP_ROWS / WARPS, a.n_head), THREADS, 0, stream>>>(p);
    for (int rg = 0; rg < p.row_groups; rg++) {  // one after another: the sums stay in one order, run to run
        stream_keys<DIM, Q8, 2><<<dim3(p.n_splits, a.n_head), THREADS, 0, stream>>>(p, rg);
    }
    sum_tail<<<a.n_head, 32, 0, stream>>>(p);
    if (a.importance) query_importance<<<a.n_head, DIM, 0, stream>>>(a);
}

KernelStatus check_window(const KernelWindowScores & a) {
    if (!kernels_serve_head(a.head_dim, a.group) || a.n_head < 1 || a.n_head > MAX_HEADS || a.share < 1 ||
        a.n_head % a.share != 0 || a.window < 1 || a.window > KERNEL_MAX_WINDOW || a.n_rows < a.window ||
        !scale_ok(a.scale)) {
        return KERNEL_BAD_SHAPE;
    }
    return KERNEL_OK;
}

}  // namespace

size_t window_scores_workspace_bytes(const KernelWindowScores & args) {
    return check_window(args) == KERNEL_OK ? workspace_of(args).total : 0;
}

KernelStatus window_scores(const KernelWindowScores & args, KernelWorkspace workspace, KernelStream stream) {
    RETURN_IF_KERNEL(check_window(args));
    const bool   q8   = args.keys.type == KERNEL_ROWS_Q8_0;
    const size_t unit = q8 ? 2 : 16;
    if (misaligned(args.q, 4) || misaligned(args.keys.data, unit) || misaligned(args.window_mass, 4))
        return KERNEL_BAD_POINTER;
    if (args.keys.row_bytes % unit != 0 || args.keys.head_bytes % unit != 0) return KERNEL_BAD_POINTER;
    if (args.n_rows > args.window && misaligned(args.scores, 4)) return KERNEL_BAD_POINTER;
    if (args.sinks && misaligned(args.sinks, 4)) return KERNEL_BAD_POINTER;
    const WindowWorkspace l = workspace_of(args);
    RETURN_IF_KERNEL(check_workspace(workspace, l.total));
    char *       base = static_cast<char *>(workspace.data);
    WindowLaunch p{args,
                   reinterpret_cast<const uint4 *>(base + l.packed),
                   reinterpret_cast<float2 *>(base + l.partial),
                   reinterpret_cast<float *>(base + l.lse),
                   reinterpret_cast<float *>(base + l.tail),
                   l.n_splits,
                   l.row_groups};
    dispatch_head_dim(args.head_dim, [&](auto dim) {
        if (q8) launch<decltype(dim)::value, true>(p, stream);
        else launch<decltype(dim)::value, false>(p, stream);
    });
    return launch_status();
}

}  // namespace rocketdoc
