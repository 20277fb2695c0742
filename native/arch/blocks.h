// Pieces of a layer's graph that families share. They read the layer's traits; null weights are left out.
#pragma once

#include "architecture.h"

namespace rocketdoc {

// x / rms(x) * weight, over each column of x [n, ...].
ggml_tensor * build_rms_norm(ggml_context * ctx, ggml_tensor * x, ggml_tensor * weight, float eps);

// W x + bias; bias may be null.
ggml_tensor * build_linear(ggml_context * ctx, ggml_tensor * weight, ggml_tensor * bias, ggml_tensor * x);

// x [D, heads, n] turned by its positions i32 [n].
ggml_tensor * build_rope(ggml_context * ctx, const Rope & rope, ggml_tensor * factors, ggml_tensor * x,
                         ggml_tensor * positions);

// Separate projections to q, k and v of normed [n_embd, n], q and k rotated.
QkvTensors build_attention_projection(ggml_context * ctx, const Layer & layer, ggml_tensor * normed,
                                      ggml_tensor * positions);

// silu(gate) * up, then down: [n_embd, n] -> [n_embd, n].
ggml_tensor * build_swiglu(ggml_context * ctx, const LayerWeights & weights, ggml_tensor * normed);

}  // namespace rocketdoc
