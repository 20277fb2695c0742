// Our kernels' library (librocketdoc_kernels), for one GPU. No CUDA header is needed: everything goes through the
// library's table.
#pragma once

#include <string>

#include "../../kernels/kernels.h"
#include "../../status.h"

namespace rocketdoc {

class KernelLibrary {
  public:
    // GPU_NONE when the library is missing, does not load or is another build's. index: of the GPU.
    static Status load(const std::string & path, int index, KernelLibrary & out);

    // The calling thread works on this GPU from here on: a thread has one current device, and whatever a call of the
    // table makes, asks or launches is that device's. So whoever wants the table is entered.
    const KernelTable & table() const {
        (void) table_->use_device(index_);  // a failure shows in the call that follows
        return *table_;
    }
    Status enter() const { return check(table_->use_device(index_), "choosing the device"); }
    // GPU_OOM for memory, GPU_FAULT for anything else, with the operation's name.
    Status check(KernelStatus status, const char * what) const;

    size_t free_bytes() const;
    size_t total_bytes() const;

  private:
    const KernelTable * table_ = nullptr;
    int                 index_ = 0;
};

// For a person: "64, 96, 128, 256".
std::string kernel_head_dims();

}  // namespace rocketdoc
