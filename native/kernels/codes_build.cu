// "Beyond the paper", codes, steps 1 and 2: statistics of the kept keys, the order of the channels, and the codes of
// every row. Launch 1: chunks of rows give mean, squared deviations, least and greatest per channel; the last block of
// a head merges the chunks in order and ranks the channels. Launch 2: rows are coded; the last block of a head adds up
// |v - v_mean|.
#include "append_row.cuh"

namespace rocketdoc {
namespace {

constexpr int STATS   = 5;  // mean, squared deviations, least, greatest, mean of v
constexpr int THREADS = 256;

// Rows of one block: their keys fit the shared memory that every device gives.
__host__ __device__ constexpr int chunk_rows(int dim) { return dim <= 256 ? 64 : 32; }

struct BuildLaunch : KernelCodesBuild {
    int        n_chunks;
    unsigned * counters;  // [2, MAX_HEADS]
    float *    stats;     // [n_head, n_chunks, STATS, D]
    float *    spread;    // [n_head, n_chunks, D]
};

// grid (n_chunks, n_head), D threads: one a channel
template <int DIM>
__global__ void measure(BuildLaunch p) {
    constexpr int  CHUNK = chunk_rows(DIM);
    const int      c = threadIdx.x, j = blockIdx.y, first = blockIdx.x * CHUNK, n = min(CHUNK, p.n_rows - first);
    const size_t   row0   = (size_t(j) * p.cache.capacity + first) * DIM + c;
    const __half * k      = reinterpret_cast<const __half *>(p.cache.k) + row0;
    const __half * v      = reinterpret_cast<const __half *>(p.cache.v) + row0;
    const bool     values = p.codes.coarse != nullptr;
    const auto     key    = [k](int i) { return fminf(fmaxf(__half2float(k[size_t(i) * DIM]), -F16_MAX), F16_MAX); };
    float          sum = 0, low = F16_MAX, high = -F16_MAX, v_sum = 0;
    for (int i = 0; i < n; i++) {
        const float x = key(i);
        sum += x;
        low  = fminf(low, x);
        high = fmaxf(high, x);
        if (values) v_sum += __half2float(v[size_t(i) * DIM]);
    }
    const float mean   = sum / float(n);
    float       square = 0;
    for (int i = 0; i < n; i++) {
        const float x = key(i) - mean;
        square += x * x;
    }
    float * out  = p.stats + (size_t(j) * p.n_chunks + blockIdx.x) * STATS * DIM + c;
    out[0 * DIM] = mean;
    out[1 * DIM] = square;
    out[2 * DIM] = low;
    out[3 * DIM] = high;
    out[4 * DIM] = v_sum / float(n);
    if (!last_block(p.counters + j, gridDim.x)) return;

    // Chunks merge in order: means weighted by rows, squared deviations by the difference of the means.
    const float * in   = p.stats + size_t(j) * p.n_chunks * STATS * DIM + c;
    float         rows = 0, all_mean = 0, all_square = 0, v_mean = 0;
    low = F16_MAX, high = -F16_MAX;
    for (int b = 0; b < p.n_chunks; b++, in += STATS * DIM) {
        const float m = float(min(CHUNK, p.n_rows - b * CHUNK)), delta = __ldcg(in) - all_mean, total = rows + m;
        all_mean += delta * (m / total);
        all_square += __ldcg(in + DIM) + delta * delta * (rows * m / total);
        low  = fminf(low, __ldcg(in + 2 * DIM));
        high = fmaxf(high, __ldcg(in + 3 * DIM));
        v_mean += (__ldcg(in + 4 * DIM) - v_mean) * (m / total);
        rows = total;
    }
    __shared__ float rank[DIM];
    const float      weight  = p.importance ? p.importance[size_t(j) * DIM + c] : 1.0f;
    const float      telling = weight * (all_square / float(p.n_rows));
    rank[c]                  = telling > 0 ? telling : 0;  // NaN would break the order
    __syncthreads();
    int place = 0;
    for (int o = 0; o < DIM; o++) place += rank[o] > rank[c] || (rank[o] == rank[c] && o < c);
    const size_t at   = size_t(j) * DIM + place;
    p.codes.order[at] = c;
    p.codes.lo[at]    = values || place < DIM / 2 ? low : all_mean;
    p.codes.step[at]  = high > low ? (high - low) / (place < DIM / 2 ? 15.0f : 3.0f) : 0.0f;
    if (values) p.codes.v_mean[size_t(j) * DIM + c] = v_mean;
    if (c == 0) p.codes.clamped[j] = 0;
}

// grid (n_chunks, n_head)
template <int DIM>
__global__ void __launch_bounds__(THREADS) code_rows(BuildLaunch p) {
    constexpr int CHUNK = chunk_rows(DIM);
    constexpr int PITCH = DIM + 2;  // tokens of neighbouring lanes fall into different banks
    __shared__ __align__(4) __half k[CHUNK][PITCH], v[DIM <= 128 ? CHUNK : 1][PITCH];  // filled by pairs
    const int                      j = blockIdx.y, first = blockIdx.x * CHUNK, n = min(CHUNK, p.n_rows - first);
    const size_t                   row0     = (size_t(j) * p.cache.capacity + first) * DIM;
    const __half *                 from_k   = reinterpret_cast<const __half *>(p.cache.k) + row0;
    const __half *                 from_v   = reinterpret_cast<const __half *>(p.cache.v) + row0;
    const bool                     values   = p.codes.coarse != nullptr;
    constexpr bool                 V_SHARED = DIM <= 128;  // two tiles of wider heads would not fit
    for (int i = threadIdx.x; i < n * (DIM / 2); i += THREADS) {
        const int t = i / (DIM / 2), c = i % (DIM / 2) * 2;
        *reinterpret_cast<__half2 *>(&k[t][c]) = *reinterpret_cast<const __half2 *>(from_k + size_t(t) * DIM + c);
        if (values && V_SHARED)
            *reinterpret_cast<__half2 *>(&v[t][c]) = *reinterpret_cast<const __half2 *>(from_v + size_t(t) * DIM + c);
    }
    __syncthreads();
    for (int i = threadIdx.x; i < CHUNK * (DIM / 32); i += THREADS) {
        const int t = i % CHUNK, plane = i / CHUNK;
        if (t >= n) continue;
        const __half * kt = k[t];
        const __half * vt = V_SHARED ? v[V_SHARED ? t : 0] : from_v + size_t(t) * DIM;
        code_plane(
            p.codes, DIM, p.cache.capacity, j, plane, first + t, [kt](int c) { return __half2float(kt[c]); },
            [vt](int c) { return __half2float(vt[c]); });
    }
    if (!values) return;
    for (int c = threadIdx.x; c < DIM; c += THREADS) {
        const float mean = p.codes.v_mean[size_t(j) * DIM + c];
        float       sum  = 0;
        for (int t = 0; t < n; t++)
            sum += fabsf(__half2float(V_SHARED ? v[V_SHARED ? t : 0][c] : from_v[size_t(t) * DIM + c]) - mean);
        p.spread[(size_t(j) * p.n_chunks + blockIdx.x) * DIM + c] = sum;
    }
    if (!last_block(p.counters + MAX_HEADS + j, gridDim.x)) return;
    for (int c = threadIdx.x; c < DIM; c += THREADS) {
        float sum = 0;
        for (int b = 0; b < p.n_chunks; b++) sum += __ldcg(p.spread + (size_t(j) * p.n_chunks + b) * DIM + c);
        p.codes.v_spread[size_t(j) * DIM + c] = sum / float(p.n_rows);
    }
}

}  // namespace

size_t codes_build_workspace_bytes(const KernelCache & cache) {
    if (check_cache(cache, false) != KERNEL_OK) return 0;
    const size_t n_chunks = ceil_div(cache.capacity, chunk_rows(cache.head_dim));
    return COUNTER_BYTES + align256(size_t(cache.n_head) * n_chunks * (STATS + 1) * cache.head_dim * sizeof(float));
}

KernelStatus codes_build(const KernelCodesBuild & a, KernelWorkspace workspace, KernelStream stream) {
    RETURN_IF_KERNEL(check_cache(a.cache, false));
    RETURN_IF_KERNEL(check_codes(a.codes));
    if (a.n_rows < 1 || a.n_rows > a.cache.capacity) return KERNEL_BAD_SHAPE;
    if (a.importance && misaligned(a.importance, 4)) return KERNEL_BAD_POINTER;
    RETURN_IF_KERNEL(check_workspace(workspace, codes_build_workspace_bytes(a.cache)));
    const int   n_chunks = int(ceil_div(a.n_rows, chunk_rows(a.cache.head_dim)));
    BuildLaunch p{a};
    p.n_chunks = n_chunks;
    p.counters = static_cast<unsigned *>(workspace.data);
    p.stats    = reinterpret_cast<float *>(static_cast<char *>(workspace.data) + COUNTER_BYTES);
    p.spread   = p.stats + size_t(a.cache.n_head) * n_chunks * STATS * a.cache.head_dim;
    dispatch_head_dim(a.cache.head_dim, [&](auto dim) {
        constexpr int DIM = decltype(dim)::value;
        measure<DIM><<<dim3(n_chunks, a.cache.n_head), DIM, 0, stream>>>(p);
        code_rows<DIM><<<dim3(n_chunks, a.cache.n_head), THREADS, 0, stream>>>(p);
    });
    return launch_status();
}

}  // namespace rocketdoc
