// Recorded vectors recomputed by the kernels that answer on a GPU.
#pragma once

#include "../rocketkv/vectors.h"
#include "../device/device.h"

namespace rocketdoc {

// backend: open on a CUDA device; outlives the result. Fails with GPU_OOM, GPU_FAULT, and INVALID_ARGUMENT for head
// sizes that the kernels do not serve.
std::unique_ptr<Recompute> make_cuda_recompute(Device & device);

}  // namespace rocketdoc
