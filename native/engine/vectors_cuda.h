// Recorded vectors recomputed by the kernels that answer on a GPU.
#pragma once

#include "../rocketkv/vectors.h"
#include "backend.h"

namespace rocketdoc {

// backend: open on a CUDA device; outlives the result. Fails with GPU_OOM, GPU_FAULT, and INVALID_ARGUMENT for head
// sizes that the kernels do not serve.
std::unique_ptr<Recompute> make_cuda_recompute(Backend & backend);

}  // namespace rocketdoc
