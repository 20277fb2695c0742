// AVX2 + FMA + F16C (Haswell 2013, Zen 2017).
#include "levels.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include "vector_avx2.h"
#include "kernels_impl.h"

namespace rocketdoc {
const CpuKernels * kernels_avx2() {
    static const CpuKernels table = kernel_table("avx2");
    return &table;
}
}  // namespace rocketdoc
#else
namespace rocketdoc {
const CpuKernels * kernels_avx2() { return nullptr; }
}  // namespace rocketdoc
#endif
