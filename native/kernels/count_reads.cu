// How often stage 2 read each row of the compact cache: what the document map shows.
#include "cuda_common.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS = 256;

// grid (ceil(k / THREADS), n_lists). Ids of one list are distinct, and lists count apart: no two threads meet.
__global__ void add_reads(const int32_t * ids, int k, const int32_t * n_rows, int capacity, uint32_t * reads) {
    const int i = blockIdx.x * THREADS + threadIdx.x;
    if (i >= min(k, *n_rows)) return;
    const int32_t row = ids[size_t(blockIdx.y) * k + i];
    if (row >= 0 && row < capacity) reads[size_t(blockIdx.y) * capacity + row] += 1;
}

}  // namespace

KernelStatus count_reads(const int32_t * ids, int n_lists, int k, const int32_t * n_rows, int capacity,
                         uint32_t * reads, KernelStream stream) {
    if (n_lists < 1 || n_lists > 65535 || k < 1 || capacity < 1) return KERNEL_BAD_SHAPE;
    if (misaligned(ids, 4) || misaligned(n_rows, 4) || misaligned(reads, 4)) return KERNEL_BAD_POINTER;
    add_reads<<<dim3(unsigned(ceil_div(k, THREADS)), unsigned(n_lists)), THREADS, 0, stream>>>(ids, k, n_rows, capacity,
                                                                                               reads);
    return launch_status();
}

}  // namespace rocketdoc
