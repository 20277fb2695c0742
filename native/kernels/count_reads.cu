// How often stage 2 read each row of the compact cache: what the document map shows.
#include "cuda_common.cuh"

namespace rocketdoc {
namespace {

constexpr int THREADS = 256;

// grid (ceil(k / THREADS), n_lists). Ids of one list are distinct, and lists count apart: no two threads meet.
__global__ void add_reads(KernelCountReads a) {
    const int i = blockIdx.x * THREADS + threadIdx.x;
    if (i >= min(a.k, *a.n_rows)) return;
    const int32_t row = a.ids[size_t(blockIdx.y) * a.k + i];
    if (row >= 0 && row < a.capacity) a.reads[size_t(blockIdx.y) * a.capacity + row] += 1;
}

}  // namespace

KernelStatus count_reads(const KernelCountReads & a, KernelStream stream) {
    if (a.n_lists < 1 || a.n_lists > 65535 || a.k < 1 || a.capacity < 1) return KERNEL_BAD_SHAPE;
    if (misaligned(a.ids, 4) || misaligned(a.n_rows, 4) || misaligned(a.reads, 4)) return KERNEL_BAD_POINTER;
    add_reads<<<dim3(unsigned(ceil_div(a.k, THREADS)), unsigned(a.n_lists)), THREADS, 0, stream>>>(a);
    return launch_status();
}

}  // namespace rocketdoc
