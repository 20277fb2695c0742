#include "kernel_library.h"

#include "../dynamic_library.h"

namespace rocketdoc {

std::string kernel_head_dims() {
    std::string out;
#define KERNEL_HEAD_DIM(dim) out += (out.empty() ? "" : ", ") + std::to_string(dim);
#include "../../kernels/kernels.def"
    return out;
}

Status KernelLibrary::load(const std::string & path, int index, KernelLibrary & out) {
    std::string error;
    void *      library = open_library(path, error);
    if (!library)
        return Status::fail(Code::GPU_NONE, "RocketDoc's CUDA kernels are not there (" + error +
                                                "). Build them where nvcc is, or use the CPU.");
    auto table_of = reinterpret_cast<const KernelTable * (*) ()>(find_symbol(library, "rocketdoc_kernels_table"));
    const KernelTable * table = table_of ? table_of() : nullptr;
    if (!table || table->version != kernels_version())
        return Status::fail(Code::GPU_NONE, "RocketDoc's CUDA kernels are another build's. Build the project anew.");
    out.table_ = table;
    out.index_ = index;
    return Status::good();
}

Status KernelLibrary::check(KernelStatus status, const char * what) const {
    constexpr int CUDA_OUT_OF_MEMORY = 2;
    if (status == KERNEL_OK) return Status::good();
    const std::string reason = std::string(what) + " failed: " + table_->status_name(status) + ".";
    if (int(status) == CUDA_OUT_OF_MEMORY) return Status::fail(Code::GPU_OOM, "Not enough GPU memory: " + reason);
    return Status::fail(status > 0 ? Code::GPU_FAULT : Code::INTERNAL, "On the GPU " + reason);
}

size_t KernelLibrary::free_bytes() const {
    KernelMemory memory;
    return table().memory_info(memory) == KERNEL_OK ? memory.free_bytes : 0;
}

size_t KernelLibrary::total_bytes() const {
    KernelMemory memory;
    return table().memory_info(memory) == KERNEL_OK ? memory.total_bytes : 0;
}

}  // namespace rocketdoc
