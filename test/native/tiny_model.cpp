#include "tiny_model.h"

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <vector>

#include "ggml-cpp.h"

std::string temporary_path(const std::string & ending) {
    static std::atomic<int> counter{0};
    static const unsigned   run = std::random_device{}();
    return (std::filesystem::temp_directory_path() /
            ("rocketdoc-" + std::to_string(run) + "-" + std::to_string(counter++) + ending))
        .string();
}

std::vector<int32_t> random_tokens(std::mt19937_64 & random, int n, int n_vocab) {
    std::vector<int32_t> tokens;
    for (int i = 0; i < n; i++) tokens.push_back(int32_t(random() % uint64_t(n_vocab)));
    return tokens;
}

namespace {

class Writer {
  public:
    explicit Writer(const TinyModelOptions & o) : options_(o), gguf_(gguf_init_empty()), random_(o.seed) {
        ggml_init_params params = {size_t(256) << 20, nullptr, false};
        ctx_.reset(ggml_init(params));
    }
    gguf_context * gguf() { return gguf_.get(); }

    void matrix(const std::string & name, int64_t in, int64_t out) {
        std::vector<float>              values(size_t(in * out));
        std::normal_distribution<float> normal(0.0f, 1.5f / std::sqrt(float(in)));
        for (float & value : values) value = normal(random_);
        ggml_tensor *            t = ggml_new_tensor_2d(ctx_.get(), options_.type, in, out);
        const std::vector<float> importance(size_t(in), 1.0f);
        ggml_quantize_chunk(options_.type, values.data(), t->data, 0, out, in, importance.data());
        add(t, name);
    }
    void vector(const std::string & name, int64_t n, float mean, float spread) {
        std::normal_distribution<float> normal(mean, spread);
        ggml_tensor *                   t = ggml_new_tensor_1d(ctx_.get(), GGML_TYPE_F32, n);
        for (int64_t i = 0; i < n; i++) static_cast<float *>(t->data)[i] = normal(random_);
        add(t, name);
    }
    void write(const std::string & path) { gguf_write_to_file(gguf_.get(), path.c_str(), false); }

  private:
    void add(ggml_tensor * t, const std::string & name) {
        ggml_set_name(t, name.c_str());
        gguf_add_tensor(gguf_.get(), t);
    }
    const TinyModelOptions & options_;
    gguf_context_ptr         gguf_;
    ggml_context_ptr         ctx_;
    std::mt19937_64          random_;
};

}  // namespace

TinyModel::TinyModel(const TinyModelOptions & o) : path_(temporary_path(".gguf")) {
    Writer            writer(o);
    gguf_context *    g        = writer.gguf();
    const std::string a        = o.architecture + ".";
    const int         head_dim = o.n_embd / o.n_head;
    gguf_set_val_str(g, "general.architecture", o.architecture.c_str());
    gguf_set_val_str(g, "general.name", "tiny");
    gguf_set_val_u32(g, (a + "block_count").c_str(), uint32_t(o.n_layer));
    gguf_set_val_u32(g, (a + "embedding_length").c_str(), uint32_t(o.n_embd));
    gguf_set_val_u32(g, (a + "attention.head_count").c_str(), uint32_t(o.n_head));
    gguf_set_val_u32(g, (a + "attention.head_count_kv").c_str(), uint32_t(o.n_head_kv));
    gguf_set_val_u32(g, (a + "feed_forward_length").c_str(), uint32_t(o.n_ff));
    gguf_set_val_u32(g, (a + "context_length").c_str(), uint32_t(o.n_ctx));
    gguf_set_val_u32(g, (a + "vocab_size").c_str(), uint32_t(o.n_vocab));
    gguf_set_val_f32(g, (a + "attention.layer_norm_rms_epsilon").c_str(), 1e-5f);
    gguf_set_val_u32(g, (a + "rope.dimension_count").c_str(), uint32_t(o.n_rot ? o.n_rot : head_dim));
    if (o.attn_scale > 0) gguf_set_val_f32(g, (a + "attention.scale").c_str(), o.attn_scale);
    if (!o.rope_scaling.empty()) {
        gguf_set_val_str(g, (a + "rope.scaling.type").c_str(), o.rope_scaling.c_str());
        gguf_set_val_f32(g, (a + "rope.scaling.factor").c_str(), o.rope_factor);
        gguf_set_val_u32(g, (a + "rope.scaling.original_context_length").c_str(), uint32_t(o.n_ctx) / 4);
    }
    gguf_set_val_str(g, "tokenizer.ggml.model", "no_vocab");

    writer.matrix("token_embd.weight", o.n_embd, o.n_vocab);
    writer.vector("output_norm.weight", o.n_embd, 1.0f, 0.1f);
    if (!o.tied) writer.matrix("output.weight", o.n_embd, o.n_vocab);
    if (o.factors) writer.vector("rope_freqs.weight", (o.n_rot ? o.n_rot : head_dim) / 2, 2.0f, 0.3f);
    for (int i = 0; i < o.n_layer; i++) {
        const std::string blk = "blk." + std::to_string(i) + ".";
        writer.vector(blk + "attn_norm.weight", o.n_embd, 1.0f, 0.1f);
        writer.matrix(blk + "attn_q.weight", o.n_embd, o.n_head * head_dim);
        writer.matrix(blk + "attn_k.weight", o.n_embd, o.n_head_kv * head_dim);
        writer.matrix(blk + "attn_v.weight", o.n_embd, o.n_head_kv * head_dim);
        writer.matrix(blk + "attn_output.weight", o.n_head * head_dim, o.n_embd);
        writer.vector(blk + "ffn_norm.weight", o.n_embd, 1.0f, 0.1f);
        writer.matrix(blk + "ffn_gate.weight", o.n_embd, o.n_ff);
        writer.matrix(blk + "ffn_up.weight", o.n_embd, o.n_ff);
        writer.matrix(blk + "ffn_down.weight", o.n_ff, o.n_embd);
        if (o.biases) {
            writer.vector(blk + "attn_q.bias", o.n_head * head_dim, 0.0f, 0.3f);
            writer.vector(blk + "attn_k.bias", o.n_head_kv * head_dim, 0.0f, 0.3f);
            writer.vector(blk + "attn_v.bias", o.n_head_kv * head_dim, 0.0f, 0.3f);
            writer.vector(blk + "attn_output.bias", o.n_embd, 0.0f, 0.3f);
            writer.vector(blk + "ffn_gate.bias", o.n_ff, 0.0f, 0.3f);
            writer.vector(blk + "ffn_up.bias", o.n_ff, 0.0f, 0.3f);
            writer.vector(blk + "ffn_down.bias", o.n_embd, 0.0f, 0.3f);
        }
    }
    writer.write(path_);
}

TinyModel::~TinyModel() { std::remove(path_.c_str()); }
