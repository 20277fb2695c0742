// What a family of models is: its sizes, its tensors, the traits of each layer, and how a layer computes around
// attention. A family is one file and one line in families.def; attention, KV rows and the method are shared, and so
// are the blocks that families are made of (blocks.h).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "../status.h"
#include "../engine/gguf_file.h"
#include "layer_traits.h"
#include "tensor_binder.h"

namespace rocketdoc {

struct HyperParams {
    std::string architecture;
    std::string name;
    int64_t     n_layer        = 0;
    int64_t     n_embd         = 0;
    int64_t     n_vocab        = 0;
    int64_t     n_ctx_train    = 0;
    float       rms_eps        = 1e-5f;
    float       embd_scale     = 1.0f;  // of the embedding
    float       residual_scale = 1.0f;  // of what a layer adds
    float       logit_scale    = 1.0f;
    float       logit_cap      = 0;       // of the output, by tanh; 0: none
    int64_t     n_layer_input  = 0;       // channels of an embedding of each token that is a layer's own; 0: none
    std::string rope_scaling   = "none";  // as the file calls it

    std::vector<LayerTraits> layers;  // [n_layer]

    const LayerTraits & layer(int64_t i) const { return layers[size_t(i)]; }
    // Layers that keep every row have heads of one size: the first such layer, or the first of all where there is none.
    const LayerTraits & full_layer() const;
    // The most that `size` says of a layer.
    template <typename Size>
    int64_t most(Size size) const {
        int64_t out = 0;
        for (const LayerTraits & layer : layers) out = std::max<int64_t>(out, size(layer));
        return out;
    }
    int64_t count_layers(AttentionKind kind) const;
    int64_t count_row_layers() const;  // that keep rows of their own
    // Whose rows a layer sees: its own, or those of the layer that shares them.
    int64_t rows_of(int64_t i) const { return layer(i).shares_rows() ? layer(i).shared_layer : i; }
    // Nodes that a layer's experts add to a graph, at the most.
    size_t expert_nodes() const;
    // Each window of the layers that keep rows, once; 0 where such a layer has none.
    std::vector<int64_t> windows() const;
    // f16 K and V of one token in the layers that keep every row; and of n_tokens in all layers, as each keeps them.
    size_t kv_bytes_per_token() const;
    size_t kv_bytes(int64_t n_tokens) const;
};

// The weights of one layer; null where a model has none. Shapes as in the file: [in, out].
struct LayerWeights {
    ggml_tensor *attn_norm = nullptr, *attn_post_norm = nullptr;  // [n_embd]
    ggml_tensor *wqkv = nullptr, *bqkv = nullptr;                 // [n_embd, (H + 2 G) * D], instead of the next six
    ggml_tensor *wq = nullptr, *wk = nullptr, *wv = nullptr;
    ggml_tensor *bq = nullptr, *bk = nullptr, *bv = nullptr;
    ggml_tensor *q_norm = nullptr, *k_norm = nullptr;  // QkNorm::head: [D]; whole: [H * D] and [G * D]
    ggml_tensor *wo = nullptr, *bo = nullptr;
    // Recurrent layers, instead of the above: what they make of a token, the convolution's kernel, and the way back.
    ggml_tensor * conv_in     = nullptr;  // [n_embd, 3 * channels]; a gated delta net has wqkv [n_embd, channels]
    ggml_tensor * conv_kernel = nullptr;  // [taps, channels]
    ggml_tensor * conv_out    = nullptr;  // [channels, n_embd]
    // Of a gated delta net, D and H being those of its heads.
    ggml_tensor * delta_alpha = nullptr, *delta_beta = nullptr;  // [n_embd, H]
    ggml_tensor * delta_a = nullptr, *delta_dt = nullptr;        // [H]
    ggml_tensor * delta_gate = nullptr, *delta_out = nullptr;    // [n_embd, H * D] and [H * D, n_embd]
    ggml_tensor * delta_norm   = nullptr;                        // [D]
    ggml_tensor * sinks        = nullptr;                        // [H], a logit that takes attention from every row
    ggml_tensor * rope_factors = nullptr;                        // [n_rot / 2], llama3 and longrope
    ggml_tensor * ffn_norm = nullptr, *ffn_post_norm = nullptr;
    ggml_tensor * out_scale = nullptr;  // [1], of all that the layer makes
    // What becomes of the layer's own embedding of a token: [n_embd, n_layer_input], [n_layer_input, n_embd], [n_embd].
    ggml_tensor *input_gate = nullptr, *input_proj = nullptr, *input_post_norm = nullptr;
    // Without ffn_gate, ffn_up has the gate's rows before its own.
    ggml_tensor *ffn_gate = nullptr, *ffn_up = nullptr, *ffn_down = nullptr;
    ggml_tensor *ffn_gate_b = nullptr, *ffn_up_b = nullptr, *ffn_down_b = nullptr;
    // Experts, instead of the six above; the third dimension is the expert, of biases the second.
    ggml_tensor * router = nullptr, *router_b = nullptr;  // [n_embd, count]
    ggml_tensor * experts_gate_up = nullptr;              // [n_embd, 2 * n_ff, count]: of each the gate's rows first
    ggml_tensor * experts_gate = nullptr, *experts_up = nullptr, *experts_down = nullptr;  // gate and up, or both above
    ggml_tensor * experts_gate_b = nullptr, *experts_up_b = nullptr, *experts_down_b = nullptr;
    ggml_tensor * experts_scale = nullptr;  // [count], of what each one makes
    // And the one that serves every token: [n_embd, n_ff_shared] and back, and what weighs it, [n_embd].
    ggml_tensor * shared_gate = nullptr, *shared_up = nullptr, *shared_down = nullptr;
    ggml_tensor * shared_weight = nullptr;
    // SharedExpert::normed, all [n_embd]: of what the router reads; behind the shared expert, before which ffn_norm is;
    // before and behind the chosen ones.
    ggml_tensor * router_scale     = nullptr;
    ggml_tensor * shared_post_norm = nullptr, *experts_norm = nullptr, *experts_post_norm = nullptr;
};

// The same weights, each as `other` says; what a model has not stays null.
template <typename Other>
LayerWeights with_others(const LayerWeights & weights, Other other) {
    // They are pointers to tensors, all of them.
    auto list = std::bit_cast<std::array<ggml_tensor *, sizeof(LayerWeights) / sizeof(ggml_tensor *)>>(weights);
    for (ggml_tensor *& t : list)
        if (t) t = other(t);
    return std::bit_cast<LayerWeights>(list);
}

struct ModelWeights {
    ggml_tensor * token_embd  = nullptr;  // [n_embd, n_vocab]
    ggml_tensor * output_norm = nullptr;
    ggml_tensor * output      = nullptr;  // token_embd itself when tied
    ggml_tensor * output_b    = nullptr;  // [n_vocab]
    bool          tied        = false;
    // Layers' own embeddings, one after the other: [n_layer_input * n_layer, n_vocab], [n_embd, n_layer_input *
    // n_layer], [n_layer_input].
    ggml_tensor *             layer_input_embd = nullptr, *layer_input_proj = nullptr, *layer_input_norm = nullptr;
    std::vector<LayerWeights> layers;
};

struct QkvTensors {
    ggml_tensor * q    = nullptr;  // [D, H, n], rotated
    ggml_tensor * k    = nullptr;  // [D, G, n], rotated; null where the layer sees another's rows
    ggml_tensor * v    = nullptr;  // [D, G, n]
    ggml_tensor * gate = nullptr;  // [D * H, n], of what is attended; null: none
};

// A recurrent layer's state, f32, where the layer computes.
struct StateTensors {
    ggml_tensor * convolution = nullptr;  // [taps - 1, channels]
    ggml_tensor * matrices    = nullptr;  // [head_dim, head_dim, heads]; null: the layer has none
};

// One layer, as its blocks are built.
struct Layer {
    const HyperParams &  params;
    const LayerTraits &  traits;
    const LayerWeights & weights;
};

class Architecture {
  public:
    virtual ~Architecture() = default;

    virtual Status read_params(const GgufFile & file, HyperParams & params) const                                = 0;
    virtual void   bind_tensors(TensorBinder & binder, const HyperParams & params, ModelWeights & weights) const = 0;

    // x [n_embd, n]; positions i32 [n].
    virtual QkvTensors build_qkv(ggml_context * ctx, const Layer & layer, ggml_tensor * x,
                                 ggml_tensor * positions) const = 0;
    // x and what attention adds to it: attended [D * H, n] -> [n_embd, n]. gate: of QkvTensors.
    virtual ggml_tensor * build_attention_output(ggml_context * ctx, const Layer & layer, ggml_tensor * x,
                                                 ggml_tensor * attended, ggml_tensor * gate) const = 0;
    // Of a recurrent layer: x and what it adds to it, instead of the two above. The nodes that write the state are in
    // `graph` when this returns, behind those that read it.
    virtual ggml_tensor * build_recurrence(ggml_context * ctx, ggml_cgraph * graph, const Layer & layer,
                                           ggml_tensor * x, const StateTensors & state) const = 0;
    // x and what the feed-forward adds to it: the layer's output [n_embd, n]. input: the layer's own embeddings
    // [n_layer_input, n]; null where there are none.
    virtual ggml_tensor * build_layer_output(ggml_context * ctx, const Layer & layer, ggml_tensor * x,
                                             ggml_tensor * input) const = 0;
    // token ids i32 [n] -> [n_embd, n]
    virtual ggml_tensor * build_embedding(ggml_context * ctx, const HyperParams & params, const ModelWeights & weights,
                                          ggml_tensor * tokens) const = 0;
    // token ids i32 [n] and their embedding x [n_embd, n] -> [n_layer_input * n_layer, n], layer after layer; null
    // where layers have no embeddings of their own.
    virtual ggml_tensor * build_layer_inputs(ggml_context *, const HyperParams &, const ModelWeights &, ggml_tensor *,
                                             ggml_tensor *) const {
        return nullptr;
    }
    // x [n_embd, n] -> logits [n_vocab, n]
    virtual ggml_tensor * build_output(ggml_context * ctx, const HyperParams & params, const ModelWeights & weights,
                                       ggml_tensor * x) const = 0;
};

// MODEL_UNSUPPORTED with the name and what is supported.
Status find_architecture(const GgufFile & file, const Architecture *& out);

// Sizes, RoPE and context that every llama-like file spells the same way, below its architecture's name; checks ranges.
// Every layer gets the same traits, with this kind of RoPE and no experts; heads and feed-forward as the file says.
Status read_common_params(const GgufFile & file, RopeKind rope, HyperParams & params);

// Channels of a head, of keys and of values by these keys: MODEL_UNSUPPORTED where they differ or no graph takes them.
Status read_head_dim(const GgufFile & file, const std::string & keys, const std::string & values, int64_t otherwise,
                     int64_t & out);

// How many of a head's channels turn, and the base of their frequencies, by these keys; as they are where the file does
// not say. MODEL_FORMAT.
Status read_rotation(const GgufFile & file, const std::string & count, const std::string & base, int64_t head_dim,
                     Rope & rope);

// What the header says of a layer's experts, of which `out` says the kind: MODEL_FORMAT where a number is out of range,
// MODEL_UNSUPPORTED where layers differ or experts come in groups.
Status read_experts(const GgufFile & file, const HyperParams & params, Experts & out);

// What the header says of each layer, as a list or as one number for all; as it is where the header says nothing.
// MODEL_FORMAT where the list is too short.
Status read_by_layer(const GgufFile & file, const std::string & key, std::vector<int64_t> & by_layer);

// HyperParams::logit_cap, 0 where the file has none. MODEL_FORMAT when it is no number.
Status read_logit_cap(const GgufFile & file, HyperParams & params);

// A factor that stays as it is where the file has none or 0. MODEL_FORMAT when it is no number.
Status read_scale(const GgufFile & file, const std::string & key, float & out);
// MODEL_FORMAT: what the file says at `key` is `value`, and what it must be.
Status damaged_number(const GgufFile & file, const std::string & key, double value, const std::string & range);

// The families, const objects each in its own file.
#define FAMILY(name, object) extern const Architecture & object;
#include "families.def"
#undef FAMILY

}  // namespace rocketdoc
