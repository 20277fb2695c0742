// AVX-512 F, BW, VL, DQ (Skylake-X 2017, Zen 4).
#include "levels.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
#include "vector_avx512.h"
#include "kernels_impl.h"

namespace rocketdoc {
const CpuKernels * kernels_avx512() {
    static const CpuKernels table = kernel_table("avx512");
    return &table;
}
}  // namespace rocketdoc
#else
namespace rocketdoc {
const CpuKernels * kernels_avx512() { return nullptr; }
}  // namespace rocketdoc
#endif
