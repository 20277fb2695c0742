// The n best logits of one vocabulary row, best first, so that the host copies kilobytes. Blocks take the best n of
// their chunk in id order; the last block to arrive takes the best n of those and sorts them.
#include "block_select.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS = 512;
constexpr int CHUNK   = 4096;  // logits of a block

struct CandidatesLaunch {
    KernelCandidates args;
    int              n_chunks;
    unsigned *       counter;
    uint32_t *       keys;  // [n_chunks * n] of the chunks' best, chunk after chunk
    int32_t *        ids;   // [n_chunks * n]
};

// grid n_chunks
__global__ void __launch_bounds__(THREADS) best_logits(CandidatesLaunch p) {
    __shared__ SelectShared sh;
    __shared__ uint32_t     chunk_keys[CHUNK];
    const int               first = blockIdx.x * CHUNK, n = min(CHUNK, p.args.n_vocab - first);
    for (int i = threadIdx.x; i < n; i += THREADS) chunk_keys[i] = float_key(p.args.logits[first + i]);
    __syncthreads();
    const auto key  = [&](int i) { return chunk_keys[i]; };
    const int  base = blockIdx.x * p.args.n;  // chunks before this one are full, each gave n
    if (n <= p.args.n) {
        for (int i = threadIdx.x; i < n; i += THREADS) {
            p.keys[base + i] = chunk_keys[i];
            p.ids[base + i]  = first + i;
        }
    } else {
        block_pivot<THREADS>(key, n, 1, 0, p.args.n, sh);
        block_emit<THREADS>(
            key, n, 1, 0, sh.pivot, sh.need, sh,
            [&](int i, int at, int) {
                p.keys[base + at] = chunk_keys[i];
                p.ids[base + at]  = first + i;
            },
            [](int, unsigned) {});
    }
    if (!last_block(p.counter, gridDim.x)) return;

    const int           total = (p.n_chunks - 1) * p.args.n + min(p.args.n, p.args.n_vocab - (p.n_chunks - 1) * CHUNK);
    __shared__ uint32_t best_keys[KERNEL_MAX_BEST];
    __shared__ int32_t  best_ids[KERNEL_MAX_BEST];
    const auto          merged = [&](int i) { return __ldcg(p.keys + i); };
    if (total <= p.args.n) {
        for (int i = threadIdx.x; i < total; i += THREADS) {
            best_keys[i] = merged(i);
            best_ids[i]  = __ldcg(p.ids + i);
        }
    } else {
        block_pivot<THREADS>(merged, total, 1, 0, p.args.n, sh);
        block_emit<THREADS>(
            merged, total, 1, 0, sh.pivot, sh.need, sh,
            [&](int i, int at, int) {
                best_keys[at] = merged(i);
                best_ids[at]  = __ldcg(p.ids + i);
            },
            [](int, unsigned) {});
    }
    __syncthreads();
    // n <= 256 entries in id order: each counts who stands before it.
    for (int i = threadIdx.x; i < p.args.n; i += THREADS) {
        const uint32_t mine  = best_keys[i];
        int            place = 0;
        for (int o = 0; o < p.args.n; o++) place += best_keys[o] > mine || (best_keys[o] == mine && o < i);
        p.args.out_ids[place]    = best_ids[i];
        p.args.out_logits[place] = p.args.logits[best_ids[i]];
    }
}

int chunk_count(int n_vocab) { return int(ceil_div(n_vocab, CHUNK)); }

}  // namespace

size_t candidates_workspace_bytes(const KernelCandidates & a) {
    if (a.n < 1 || a.n > KERNEL_MAX_BEST || a.n > a.n_vocab) return 0;
    return COUNTER_BYTES + 2 * align256(size_t(chunk_count(a.n_vocab)) * a.n * 4);
}

KernelStatus candidates(const KernelCandidates & a, KernelWorkspace workspace, KernelStream stream) {
    const size_t bytes = candidates_workspace_bytes(a);
    if (bytes == 0) return KERNEL_BAD_SHAPE;
    if (misaligned(a.logits, 4) || misaligned(a.out_logits, 4) || misaligned(a.out_ids, 4)) return KERNEL_BAD_POINTER;
    RETURN_IF_KERNEL(check_workspace(workspace, bytes));
    const int n_chunks = chunk_count(a.n_vocab);
    char *    keys     = static_cast<char *>(workspace.data) + COUNTER_BYTES;
    best_logits<<<n_chunks, THREADS, 0, stream>>>(
        {a, n_chunks, static_cast<unsigned *>(workspace.data), reinterpret_cast<uint32_t *>(keys),
         reinterpret_cast<int32_t *>(keys + align256(size_t(n_chunks) * a.n * 4))});
    return launch_status();
}

}  // namespace rocketdoc
