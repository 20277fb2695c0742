// A library of kernels without a GPU: devices are numbers, each with a memory of its own, and every thread has a
// current one, as with CUDA.
#include "kernels/kernels.h"

using namespace rocketdoc;

namespace {

thread_local int current = 0;

KernelStatus use_device(int index) {
    current = index;
    return KERNEL_OK;
}

KernelStatus memory_info(KernelMemory & out) {
    out.free_bytes  = size_t(current + 1) * 1000;
    out.total_bytes = size_t(current + 1) * 4000;
    return KERNEL_OK;
}

const KernelTable & make_table() {
    static KernelTable table;
    table.version     = kernels_version();
    table.use_device  = use_device;
    table.memory_info = memory_info;
    return table;
}

}  // namespace

#if defined(_WIN32)
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

extern "C" EXPORTED const rocketdoc::KernelTable * rocketdoc_kernels_table() { return &make_table(); }
