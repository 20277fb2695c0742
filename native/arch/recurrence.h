// How recurrent layers mix tokens: graphs over a state that is as large after a long text as after one token.
#pragma once

#include "architecture.h"

namespace rocketdoc {

// What a family's recurrent layers have, by its header; MODEL_FORMAT where a number is out of range.
Status check_recurrence(const GgufFile & file, const Recurrence & recurrence);

// Bytes of a model's states, all layers.
size_t state_bytes(const HyperParams & params);

// A gated convolution over the last tokens: out_proj(c * conv(b * x)). normed [n_embd, n] -> [n_embd, n]. Nodes that
// write the state are in `graph` when this returns.
ggml_tensor * build_short_convolution(ggml_context * ctx, ggml_cgraph * graph, const Layer & layer,
                                      ggml_tensor * normed, const StateTensors & state);

// A gated delta net: a convolution, and of each head a matrix that keys and values are written into and queries read,
// forgotten by the gate. The same shapes, and the same of the state.
ggml_tensor * build_gated_delta_net(ggml_context * ctx, ggml_cgraph * graph, const Layer & layer, ggml_tensor * normed,
                                    const StateTensors & state);

}  // namespace rocketdoc
