// The library's one export: every function of kernels.def by name.
#include "cuda_common.cuh"

namespace rocketdoc {

const char * status_name(KernelStatus status) {
    switch (status) {
        case KERNEL_OK: return "ok";
        case KERNEL_BAD_SHAPE: return "a size outside what this kernel serves";
        case KERNEL_BAD_POINTER: return "a null or misaligned pointer";
        case KERNEL_WORKSPACE: return "workspace missing or too small";
        default: return status > 0 ? cudaGetErrorString(cudaError_t(int(status))) : "unknown kernel status";
    }
}

namespace {

const KernelTable table = {
    kernels_version(),
#define KERNEL_OP(result, name, parameters) name,
#include "kernels.def"
};

}  // namespace
}  // namespace rocketdoc

#if defined(_WIN32)
#define ROCKETDOC_EXPORT __declspec(dllexport)
#else
#define ROCKETDOC_EXPORT __attribute__((visibility("default")))
#endif

extern "C" ROCKETDOC_EXPORT const rocketdoc::KernelTable * rocketdoc_kernels_table() { return &rocketdoc::table; }
