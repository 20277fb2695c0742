// Which instruction set this machine runs. The kernel files themselves are compiled with flags that this file must not
// have.
#include "kernels.h"

#include <atomic>
#include <cstring>

#include "levels.h"

namespace rocketdoc {

namespace {

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
// Every processor with AVX2 and FMA has F16C.
bool runs_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool runs_avx512() {
    return runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
#else
bool runs_avx2() { return false; }
bool runs_avx512() { return false; }
#endif

const CpuKernels * widest() {
    if (kernels_avx512() && runs_avx512()) return kernels_avx512();
    if (kernels_avx2() && runs_avx2()) return kernels_avx2();
    return kernels_generic();
}

std::atomic<const CpuKernels *> in_use{nullptr};

}  // namespace

const CpuKernels & cpu_kernels() {
    const CpuKernels * kernels = in_use.load(std::memory_order_acquire);
    if (!kernels) {
        kernels = widest();
        in_use.store(kernels, std::memory_order_release);
    }
    return *kernels;
}

const CpuKernels * cpu_kernels_named(const char * name) {
    if (!std::strcmp(name, "generic")) return kernels_generic();
    if (!std::strcmp(name, "avx2")) return runs_avx2() ? kernels_avx2() : nullptr;
    if (!std::strcmp(name, "avx512")) return runs_avx512() ? kernels_avx512() : nullptr;
    return nullptr;
}

void cpu_kernels_use(const CpuKernels * kernels) { in_use.store(kernels, std::memory_order_release); }

}  // namespace rocketdoc
