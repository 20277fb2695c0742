// The ISA that the compiler takes by default: SSE2 on x86-64, NEON on ARM.
#include "levels.h"

#include "vector_generic.h"
#include "kernels_impl.h"

namespace rocketdoc {
const CpuKernels * kernels_generic() {
    static const CpuKernels table = kernel_table("generic");
    return &table;
}
}  // namespace rocketdoc
