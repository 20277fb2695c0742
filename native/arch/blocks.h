// Pieces of a layer's graph that families share. They read the layer's traits; null weights are left out.
#pragma once

#include <functional>

#include "architecture.h"

namespace rocketdoc {

// x / rms(x) * weight, over each column of x [n, ...]; x where there is no weight.
ggml_tensor * build_rms_norm(ggml_context * ctx, ggml_tensor * x, ggml_tensor * weight, float eps);

// Of which weights several tokens at once are multiplied as one by one: while this lives, in the graphs that its thread
// builds. ggml may round a product otherwise when it has several columns.
class ProductsApart {
  public:
    using Rule = std::function<bool(const ggml_tensor * weight)>;
    explicit ProductsApart(Rule rule);
    ~ProductsApart();
    ProductsApart(const ProductsApart &)             = delete;
    ProductsApart & operator=(const ProductsApart &) = delete;
};

// W x + bias; bias may be null.
ggml_tensor * build_linear(ggml_context * ctx, ggml_tensor * weight, ggml_tensor * bias, ggml_tensor * x);

// x * scale; x itself where scale is 1.
ggml_tensor * build_scaled(ggml_context * ctx, ggml_tensor * x, float scale);

// What a file divides the frequencies by: llama3's factors, or longrope's for the model's whole context. Null: nothing.
ggml_tensor * bind_rope_factors(TensorBinder & binder, const HyperParams & params, const Rope & rope);

// x [D, heads, n] turned by its positions i32 [n].
ggml_tensor * build_rope(ggml_context * ctx, const Rope & rope, ggml_tensor * factors, ggml_tensor * x,
                         ggml_tensor * positions);

// Projections to q, k and v of normed [n_embd, n], one or three; q and k normalised where the layer does that, and
// rotated; q by its temperature. A layer that sees another's rows has q alone.
QkvTensors build_attention_projection(ggml_context * ctx, const Layer & layer, ggml_tensor * normed,
                                      ggml_tensor * positions);

// Whether layer i attends within a window, where of `period` layers all but the last do; period 0: all.
inline bool in_window(size_t i, int64_t period) { return period <= 0 || int64_t(i) % period < period - 1; }

// Of x [n_embd, n] behind the norm before it: silu(gate) * up, or gelu(gate) * up, then down: [n_embd, n]. Where the
// layer has experts, of those that the router chooses for each token, and their weighted sum.
ggml_tensor * build_feed_forward(ggml_context * ctx, const Layer & layer, ggml_tensor * x);

}  // namespace rocketdoc
