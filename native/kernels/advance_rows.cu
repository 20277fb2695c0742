// The live lengths grow by one row: the first node of a captured token.
#include "cuda_common.cuh"

namespace rocketdoc {
namespace {

__global__ void add_one(int32_t * counts, const int32_t * capacities, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && counts[i] < capacities[i]) counts[i] += 1;
}

}  // namespace

KernelStatus advance_rows(const KernelAdvance & a, KernelStream stream) {
    if (a.n < 1) return KERNEL_BAD_SHAPE;
    if (misaligned(a.counts, 4) || misaligned(a.capacities, 4)) return KERNEL_BAD_POINTER;
    add_one<<<unsigned(ceil_div(a.n, 128)), 128, 0, stream>>>(a.counts, a.capacities, a.n);
    return launch_status();
}

}  // namespace rocketdoc
