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

// What a token's parts share on the device.
struct TokenMemory {
    KernelActivations activations;  // q, scale and sum of room for the widest product's input; x is not used
    KernelWorkspace   workspace;    // of the ops that need one
};

// The calls that compute `graph` for one token, in order; empty when a node, a shape or a weight format is not known:
// then ggml computes the whole graph. Every node has its memory already, and none shares it with another one.
// held: the values that the activations are of before the graph computes, or null.
std::vector<KernelCall> token_kernels(ggml_cgraph * graph, const TokenMemory & memory, const float * held);

}  // namespace rocketdoc
