// What of a token is computed by kernels of ours, known from a model's header: no GPU is needed.
#pragma once

#include "../device.h"

namespace rocketdoc {

TokenProducts cuda_token_products(const Model & model);

}  // namespace rocketdoc
