// Recorded vectors recomputed by the kernels that answer on a GPU.
#pragma once

#include "device/cuda/cuda_device.h"
#include "vectors.h"

namespace rocketdoc {

// device: outlives the result. Its steps fail with GPU_OOM, GPU_FAULT, and with INVALID_ARGUMENT for head sizes that
// the kernels do not serve.
std::unique_ptr<Recompute> make_cuda_recompute(CudaDevice & device);

}  // namespace rocketdoc
