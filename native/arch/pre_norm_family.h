// What most families share: a norm before attention and one before the feed-forward, each added to what came in. A
// family overrides what it does differently.
#pragma once

#include "blocks.h"

namespace rocketdoc {

class PreNormFamily : public Architecture {
  public:
    explicit PreNormFamily(RopeKind rope) : rope_(rope) {}

    Status read_params(const GgufFile & file, HyperParams & params) const override;
    void   bind_tensors(TensorBinder & binder, const HyperParams & params, ModelWeights & weights) const override;

    QkvTensors    build_qkv(ggml_context * ctx, const Layer & layer, ggml_tensor * x,
                            ggml_tensor * positions) const override;
    ggml_tensor * build_after_attention(ggml_context * ctx, const Layer & layer, ggml_tensor * x,
                                        ggml_tensor * attended) const override;
    ggml_tensor * build_embedding(ggml_context * ctx, const HyperParams & params, const ModelWeights & weights,
                                  ggml_tensor * tokens) const override;
    ggml_tensor * build_output(ggml_context * ctx, const HyperParams & params, const ModelWeights & weights,
                               ggml_tensor * x) const override;

  private:
    RopeKind rope_;
};

}  // namespace rocketdoc
