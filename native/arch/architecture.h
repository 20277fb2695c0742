// What a model architecture is: its sizes, its tensors, and how a layer computes around attention. A new architecture
// is one file (arch_<name>.cpp) and one line in architecture.cpp; attention, KV rows and the method are shared.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../status.h"
#include "../engine/gguf_file.h"

namespace rocketdoc {

struct HyperParams {
    std::string architecture;
    std::string name;
    int64_t     n_layer     = 0;
    int64_t     n_embd      = 0;
    int64_t     n_head      = 0;  // H
    int64_t     n_head_kv   = 0;  // G
    int64_t     head_dim    = 0;  // D
    int64_t     n_ff        = 0;
    int64_t     n_vocab     = 0;
    int64_t     n_ctx_train = 0;
    float       rms_eps     = 1e-5f;
    float       attn_scale  = 0;  // 1/sqrt(D) unless the file says otherwise

    int         rope_type    = 0;  // ggml's rope mode
    int         n_rot        = 0;
    int         n_ctx_orig   = 0;
    float       rope_base    = 10000.0f;
    float       rope_scale   = 1.0f;  // 1 / factor
    float       ext_factor   = 0.0f;  // 1 for YaRN
    float       attn_factor  = 1.0f;
    float       beta_fast    = 32.0f;
    float       beta_slow    = 1.0f;
    std::string rope_scaling = "none";

    int64_t group() const { return n_head / n_head_kv; }
    // f16 K and V of one token, all layers.
    size_t kv_bytes_per_token() const { return size_t(n_layer) * n_head_kv * head_dim * 2 * 2; }
};

// The weights of one layer; null where a model has none. Shapes as in the file: [in, out].
struct LayerWeights {
    ggml_tensor * attn_norm = nullptr;  // [n_embd]
    ggml_tensor * wq = nullptr, *wk = nullptr, *wv = nullptr;
    ggml_tensor * bq = nullptr, *bk = nullptr, *bv = nullptr;
    ggml_tensor * wo = nullptr, *bo = nullptr;
    ggml_tensor * rope_factors = nullptr;  // [n_rot / 2], llama3 and longrope
    ggml_tensor * ffn_norm     = nullptr;
    ggml_tensor * ffn_gate = nullptr, *ffn_up = nullptr, *ffn_down = nullptr;
    ggml_tensor * ffn_gate_b = nullptr, *ffn_up_b = nullptr, *ffn_down_b = nullptr;
};

struct ModelWeights {
    ggml_tensor *             token_embd  = nullptr;  // [n_embd, n_vocab]
    ggml_tensor *             output_norm = nullptr;
    ggml_tensor *             output      = nullptr;  // token_embd itself when tied
    bool                      tied        = false;
    std::vector<LayerWeights> layers;
};

// Collects the tensors an architecture asks for, checking each shape; the first failure is kept.
class TensorBinder {
  public:
    explicit TensorBinder(const GgufFile & file) : file_(file) {}
    enum class Need { required, optional };
    // ne: the exact shape; 1-d when ne1 is 0. `matrix`: used as the left side of a matrix product.
    ggml_tensor *                      bind(const std::string & name, int64_t ne0, int64_t ne1, Need need, bool matrix);
    const Status &                     status() const { return status_; }
    const std::vector<ggml_tensor *> & matrices() const { return matrices_; }
    const std::vector<ggml_tensor *> & others() const { return others_; }

  private:
    const GgufFile &           file_;
    Status                     status_;
    std::vector<ggml_tensor *> matrices_;  // each once
    std::vector<ggml_tensor *> others_;
};

struct QkvTensors {
    ggml_tensor * q = nullptr;  // [D, H, n], rotated
    ggml_tensor * k = nullptr;  // [D, G, n], rotated
    ggml_tensor * v = nullptr;  // [D, G, n]
};

class Architecture {
  public:
    virtual ~Architecture() = default;

    virtual Status read_params(const GgufFile & file, HyperParams & params) const                                = 0;
    virtual void   bind_tensors(TensorBinder & binder, const HyperParams & params, ModelWeights & weights) const = 0;

    // x [n_embd, n]; positions i32 [n].
    virtual QkvTensors build_qkv(ggml_context * ctx, const HyperParams & params, const LayerWeights & layer,
                                 ggml_tensor * x, ggml_tensor * positions) const = 0;
    // attended [D * H, n] -> the layer's output [n_embd, n].
    virtual ggml_tensor * build_after_attention(ggml_context * ctx, const HyperParams & params,
                                                const LayerWeights & layer, ggml_tensor * x,
                                                ggml_tensor * attended) const = 0;
    // token ids i32 [n] -> [n_embd, n]
    virtual ggml_tensor * build_embedding(ggml_context * ctx, const HyperParams & params, const ModelWeights & weights,
                                          ggml_tensor * tokens) const = 0;
    // x [n_embd, n] -> logits [n_vocab, n]
    virtual ggml_tensor * build_output(ggml_context * ctx, const HyperParams & params, const ModelWeights & weights,
                                       ggml_tensor * x) const = 0;
};

// MODEL_UNSUPPORTED with the name and what is supported.
Status find_architecture(const GgufFile & file, const Architecture *& out);

// Sizes, RoPE and context that every llama-like file spells the same way; `prefix` is the architecture's name. Checks
// ranges.
Status read_common_params(const GgufFile & file, HyperParams & params);

extern const Architecture & arch_llama;

}  // namespace rocketdoc
