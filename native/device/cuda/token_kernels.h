// A token's graph in kernels of ours: what an architecture builds for ggml (norms, products, rotation, gate, residual)
// is recognised and becomes calls of the kernels' table, several nodes a call. The architecture stays the one
// description of a model.
#pragma once

#include <functional>
#include <vector>

#include "../../kernels/kernels.h"
#include "ggml-cpp.h"

namespace rocketdoc {

using KernelCall = std::function<KernelStatus(const KernelTable &, KernelStream)>;

// The calls that compute `graph` for one token, in order; empty when a node, a shape or a weight format is not known:
// then ggml computes the whole graph. Every node has its memory already, and none shares it with another one.
// activations: q, scale and sum of room for the widest product's input; x is not used.
std::vector<KernelCall> token_kernels(ggml_cgraph * graph, const KernelActivations & activations);

}  // namespace rocketdoc
