// The live lengths grow by one row: the first node of a captured token.
#include "cuda_common.cuh"

namespace rocketdoc {
namespace {

__global__ void add_one(int32_t * counts, const int32_t * capacities, int n) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n && counts[i] < capacities[i]) counts[i] += 1;
}

}  // namespace

KernelStatus advance_rows(int32_t * counts, const int32_t * capacities, int n, KernelStream stream) {
    if (n < 1) return KERNEL_BAD_SHAPE;
    if (misaligned(counts, 4) || misaligned(capacities, 4)) return KERNEL_BAD_POINTER;
    add_one<<<unsigned(ceil_div(n, 128)), 128, 0, stream>>>(counts, capacities, n);
    return launch_status();
}

}  // namespace rocketdoc
