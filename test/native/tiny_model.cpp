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
    // As equal parts, and where there are several the first one without tensors.
    void write(const std::vector<std::string> & paths) {
        const size_t n = paths.size();
        for (size_t part = 0; part < n; part++) {
            gguf_context_ptr file(gguf_init_empty());
            if (part == 0) gguf_set_kv(file.get(), gguf_.get());
            else gguf_set_val_str(file.get(), "general.architecture", options_.architecture.c_str());
            if (n > 1) {
                gguf_set_val_u16(file.get(), "split.no", uint16_t(part));
                gguf_set_val_u16(file.get(), "split.count", uint16_t(n));
                gguf_set_val_i32(file.get(), "split.tensors.count", int32_t(tensors_.size()));
            }
            const size_t of = n > 1 ? n - 1 : 1, at = n > 1 ? part - 1 : 0;
            if (n == 1 || part > 0)
                for (size_t i = tensors_.size() * at / of; i < tensors_.size() * (at + 1) / of; i++)
                    gguf_add_tensor(file.get(), tensors_[i]);
            gguf_write_to_file(file.get(), paths[part].c_str(), false);
        }
    }

  private:
    void add(ggml_tensor * t, const std::string & name) {
        ggml_set_name(t, name.c_str());
        tensors_.push_back(t);
    }
    const TinyModelOptions &   options_;
    gguf_context_ptr           gguf_;
    ggml_context_ptr           ctx_;
    std::vector<ggml_tensor *> tensors_;
    std::mt19937_64            random_;
};

}  // namespace

TinyModel::TinyModel(const TinyModelOptions & o) {
    const std::string name = temporary_path("");
    for (int part = 0; part < o.n_parts; part++) {
        char ending[32];
        std::snprintf(ending, sizeof(ending), o.n_parts > 1 ? "-%05d-of-%05d.gguf" : ".gguf", part + 1, o.n_parts);
        paths_.push_back(name + ending);
    }
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
        if (o.biases || o.qkv_biases) {
            writer.vector(blk + "attn_q.bias", o.n_head * head_dim, 0.0f, 0.3f);
            writer.vector(blk + "attn_k.bias", o.n_head_kv * head_dim, 0.0f, 0.3f);
            writer.vector(blk + "attn_v.bias", o.n_head_kv * head_dim, 0.0f, 0.3f);
        }
        if (o.biases) {
            writer.vector(blk + "attn_output.bias", o.n_embd, 0.0f, 0.3f);
            writer.vector(blk + "ffn_gate.bias", o.n_ff, 0.0f, 0.3f);
            writer.vector(blk + "ffn_up.bias", o.n_ff, 0.0f, 0.3f);
            writer.vector(blk + "ffn_down.bias", o.n_embd, 0.0f, 0.3f);
        }
    }
    writer.write(paths_);
}

TinyModelOptions tiny_family(const std::string & architecture) {
    TinyModelOptions o;
    o.architecture = architecture;
    o.type         = GGML_TYPE_F16;
    o.n_layer      = 5;
    o.n_embd       = 352;
    o.n_head       = 11;
    o.n_head_kv    = 1;
    o.n_ff         = 544;
    o.n_vocab      = 331;
    if (architecture == "qwen2") o.qkv_biases = true;
    return o;
}

TinyModel::~TinyModel() {
    for (const std::string & path : paths_) std::remove(path.c_str());
}
