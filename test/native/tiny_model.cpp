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

    void matrix(const std::string & name, int64_t in, int64_t out) { add(quantized(options_.type, in, out, 1), name); }
    void experts(const std::string & name, int64_t in, int64_t out) {
        const ggml_type type = options_.expert_type == GGML_TYPE_COUNT ? options_.type : options_.expert_type;
        add(quantized(type, in, out, options_.n_expert), name);
    }
    // f32, with scores so far apart that engines which round differently choose the same experts.
    void router(const std::string & name, int64_t in, int64_t out) {
        std::normal_distribution<float> normal(0.0f, 6.0f / std::sqrt(float(in)));
        ggml_tensor *                   t = ggml_new_tensor_2d(ctx_.get(), GGML_TYPE_F32, in, out);
        for (int64_t i = 0; i < in * out; i++) static_cast<float *>(t->data)[i] = normal(random_);
        add(t, name);
    }
    void vector(const std::string & name, int64_t n, float mean, float spread) { floats(name, n, 1, mean, spread); }
    // n factors of frequencies, of which all but the first n_turning leave channels as they are.
    void turning(const std::string & name, int64_t n, int64_t n_turning) {
        ggml_tensor * t = ggml_new_tensor_1d(ctx_.get(), GGML_TYPE_F32, n);
        for (int64_t i = 0; i < n; i++) static_cast<float *>(t->data)[i] = i < n_turning ? 1.0f : 1e30f;
        add(t, name);
    }
    // Of a convolution: so strong that earlier tokens count as much as the newest.
    void kernel(const std::string & name, int64_t taps, int64_t channels) { floats(name, taps, channels, 0.0f, 0.6f); }
    void biases(const std::string & name, int64_t n, int64_t count) { floats(name, n, count, 0.0f, 0.3f); }
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
    ggml_tensor * quantized(ggml_type type, int64_t in, int64_t out, int64_t count) {
        std::vector<float>              values(size_t(in * out * count));
        std::normal_distribution<float> normal(0.0f, 1.5f / std::sqrt(float(in)));
        for (float & value : values) value = normal(random_);
        ggml_tensor *            t = ggml_new_tensor_3d(ctx_.get(), type, in, out, count);
        const std::vector<float> importance(size_t(in), 1.0f);
        ggml_quantize_chunk(type, values.data(), t->data, 0, out * count, in, importance.data());
        return t;
    }
    void floats(const std::string & name, int64_t n, int64_t count, float mean, float spread) {
        std::normal_distribution<float> normal(mean, spread);
        ggml_tensor *                   t = ggml_new_tensor_2d(ctx_.get(), GGML_TYPE_F32, n, count);
        for (int64_t i = 0; i < n * count; i++) static_cast<float *>(t->data)[i] = normal(random_);
        add(t, name);
    }
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

// As lists of one entry a layer.
void write_layer_sizes(gguf_context * g, const std::string & a, const TinyModelOptions & o) {
    std::vector<int32_t> n_head_kv, n_ff;
    std::vector<int8_t>  windows;
    for (int i = 0; i < o.n_layer; i++) {
        n_head_kv.push_back(o.n_head_kv_of(i));
        n_ff.push_back(o.n_ff_of(i));
        windows.push_back(o.in_window(i));
    }
    const auto n    = size_t(o.n_layer);
    const auto list = [&](const char * key, const std::vector<int32_t> & values) {
        gguf_set_arr_data(g, (a + key).c_str(), GGUF_TYPE_INT32, values.data(), n);
    };
    list("attention.head_count_kv", n_head_kv);
    list("feed_forward_length", n_ff);
    gguf_set_arr_data(g, (a + "attention.sliding_window_pattern").c_str(), GGUF_TYPE_BOOL, windows.data(), n);
    for (const char * key : {"attention.key_length_swa", "attention.value_length_swa", "rope.dimension_count_swa"})
        gguf_set_val_u32(g, (a + key).c_str(), uint32_t(o.head_dim_window));
    gguf_set_val_u32(g, (a + "embedding_length_per_layer_input").c_str(), uint32_t(o.n_layer_input));
    gguf_set_val_u32(g, (a + "attention.shared_kv_layers").c_str(), uint32_t(o.n_shared));
}

void write_header(gguf_context * g, const TinyModelOptions & o) {
    const std::string a    = o.architecture + ".";
    const auto        text = [&](const std::string & key, const std::string & value) {
        gguf_set_val_str(g, key.c_str(), value.c_str());
    };
    const auto integer = [&](const std::string & key, int64_t value) {
        gguf_set_val_u32(g, (a + key).c_str(), uint32_t(value));
    };
    const auto number = [&](const std::string & key, float value) { gguf_set_val_f32(g, (a + key).c_str(), value); };
    text("general.architecture", o.architecture);
    text("general.name", "tiny");
    integer("block_count", o.n_layer);
    integer("embedding_length", o.n_embd);
    integer("attention.head_count", o.n_head);
    if (o.attention_period && !o.delta_heads) {  // 0: a layer without attention
        std::vector<int32_t> heads;
        for (int i = 0; i < o.n_layer; i++) heads.push_back(o.is_recurrent(i) ? 0 : o.n_head_kv);
        gguf_set_arr_data(g, (a + "attention.head_count_kv").c_str(), GGUF_TYPE_INT32, heads.data(), heads.size());
        integer("shortconv.l_cache", o.conv_taps);
    } else {
        integer("attention.head_count_kv", o.n_head_kv);
    }
    if (o.delta_heads) {
        integer("full_attention_interval", o.attention_period);
        integer("ssm.conv_kernel", o.conv_taps);
        integer("ssm.inner_size", o.delta_heads * o.delta_dim);
        integer("ssm.state_size", o.delta_dim);
        integer("ssm.time_step_rank", o.delta_heads);
        integer("ssm.group_count", o.delta_key_heads);
        const int32_t sections[] = {(o.rotated() / 2 + 2) / 3, (o.rotated() / 2 + 1) / 3, o.rotated() / 2 / 3, 0};
        gguf_set_arr_data(g, (a + "rope.dimension_sections").c_str(), GGUF_TYPE_INT32, sections, 4);
    }
    if (o.head_dim) {
        integer("attention.key_length", o.head_dim);
        integer("attention.value_length", o.head_dim);
    }
    integer("feed_forward_length", o.n_ff);
    integer("context_length", o.n_ctx);
    if (o.n_expert) {
        integer("expert_count", o.n_expert);
        integer("expert_used_count", o.n_used);
        integer("expert_feed_forward_length", o.n_ff_expert);
        if (o.n_ff_shared) integer("expert_shared_feed_forward_length", o.n_ff_shared);
    }
    integer("vocab_size", o.n_vocab);
    number("attention.layer_norm_rms_epsilon", 1e-5f);
    integer("rope.dimension_count", o.rotated());
    if (o.attn_scale > 0) number("attention.scale", o.attn_scale);
    if (!o.rope_scaling.empty()) {
        text(a + "rope.scaling.type", o.rope_scaling);
        if (o.rope_scaling == "longrope") number("rope.scaling.attn_factor", 1.19f);
        else number("rope.scaling.factor", o.rope_factor);
        integer("rope.scaling.original_context_length", o.n_ctx_orig ? o.n_ctx_orig : o.n_ctx / 4);
    }
    for (const auto & [key, value] : o.numbers) number(key, value);
    for (const auto & [key, value] : o.integers) integer(key, value);
    for (const auto & [key, value] : o.flags) gguf_set_val_bool(g, (a + key).c_str(), value);
    for (const auto & [key, list] : o.lists)
        gguf_set_arr_data(g, (a + key).c_str(), GGUF_TYPE_INT32, list.data(), list.size());
    if (o.period > 0) write_layer_sizes(g, a, o);
    text("tokenizer.ggml.model", "no_vocab");  // last, as in the model of the kept files that an earlier build wrote
}

void write_recurrence(Writer & writer, const std::string & blk, const TinyModelOptions & o) {
    const auto matrix = [&](const std::string & name, int in, int out) {
        writer.matrix(blk + name + ".weight", in, out);
    };
    if (!o.delta_heads) {
        matrix("shortconv.in_proj", o.n_embd, 3 * o.n_embd);
        writer.kernel(blk + "shortconv.conv.weight", o.conv_taps, o.n_embd);
        return matrix("shortconv.out_proj", o.n_embd, o.n_embd);
    }
    const int n_values = o.delta_heads * o.delta_dim;
    matrix("attn_qkv", o.n_embd, o.conv_channels());
    matrix("attn_gate", o.n_embd, n_values);
    writer.kernel(blk + "ssm_conv1d.weight", o.conv_taps, o.conv_channels());
    matrix("ssm_alpha", o.n_embd, o.delta_heads);
    matrix("ssm_beta", o.n_embd, o.delta_heads);
    writer.vector(blk + "ssm_dt.bias", o.delta_heads, -2.0f, 1.0f);
    writer.vector(blk + "ssm_a", o.delta_heads, -0.3f, 0.1f);  // so little is forgotten that old tokens count
    writer.vector(blk + "ssm_norm.weight", o.delta_dim, 1.0f, 0.1f);
    matrix("ssm_out", n_values, o.n_embd);
}

void write_attention(Writer & writer, const std::string & blk, int layer, const TinyModelOptions & o) {
    const int  d = o.head_dim_of(layer), n_q = o.n_head * d, n_kv = o.n_head_kv_of(layer) * d;
    const bool has_kv = layer < o.n_layer - o.n_shared;
    const auto bias   = [&](const std::string & name, int n) { writer.vector(blk + name + ".bias", n, 0.0f, 0.3f); };
    // A matrix and, for a layer that has them, its bias.
    const auto linear = [&](const std::string & name, int in, int out, bool has_bias) {
        writer.matrix(blk + name + ".weight", in, out);
        if (has_bias) bias(name, out);
    };
    const bool qkv_biases = o.biases || o.qkv_biases;
    if (o.one_qkv) linear("attn_qkv", o.n_embd, n_q + 2 * n_kv, qkv_biases);
    else {
        linear("attn_q", o.n_embd, o.gated_attention ? 2 * n_q : n_q, qkv_biases);
        if (has_kv) linear("attn_k", o.n_embd, n_kv, qkv_biases);
        if (has_kv && !(o.k_is_v && !o.in_window(layer))) linear("attn_v", o.n_embd, n_kv, qkv_biases);
    }
    if (o.qk_norm) {
        writer.vector(blk + "attn_q_norm.weight", o.qk_norm == 2 ? n_q : d, o.qk_mean, 0.1f);
        if (has_kv) writer.vector(blk + "attn_k_norm.weight", o.qk_norm == 2 ? n_kv : d, o.qk_mean, 0.1f);
    }
    linear("attn_output", n_q, o.n_embd, o.biases);
    // As strong as the best row or weaker than all.
    if (o.sinks) writer.vector(blk + "attn_sinks.weight", o.n_head, 1.0f, 2.0f);
}

void write_layer(Writer & writer, int layer, const TinyModelOptions & o) {
    const std::string blk  = "blk." + std::to_string(layer) + ".";
    const int         n_ff = o.n_ff_of(layer);
    const auto norm   = [&](const std::string & name, int n) { writer.vector(blk + name + ".weight", n, 1.0f, 0.1f); };
    const auto bias   = [&](const std::string & name, int n) { writer.vector(blk + name + ".bias", n, 0.0f, 0.3f); };
    const auto linear = [&](const std::string & name, int in, int out) {
        writer.matrix(blk + name + ".weight", in, out);
        if (o.biases) bias(name, out);
    };
    if (o.attn_norm) norm("attn_norm", o.n_embd);
    if (o.is_recurrent(layer)) write_recurrence(writer, blk, o);
    else write_attention(writer, blk, layer, o);
    if (o.attn_post_norm) norm("post_attention_norm", o.n_embd);
    if (!o.ffn_norm.empty()) norm(o.ffn_norm, o.n_embd);
    if (o.n_expert) {
        writer.router(blk + "ffn_gate_inp.weight", o.n_embd, o.n_expert);
        if (o.gate_in_up_experts) writer.experts(blk + "ffn_gate_up_exps.weight", o.n_embd, 2 * o.n_ff_expert);
        else {
            writer.experts(blk + "ffn_gate_exps.weight", o.n_embd, o.n_ff_expert);
            writer.experts(blk + "ffn_up_exps.weight", o.n_embd, o.n_ff_expert);
        }
        writer.experts(blk + "ffn_down_exps.weight", o.n_ff_expert, o.n_embd);
        if (o.normed_experts) {
            // The router reads a vector of length 1.
            const float length = std::sqrt(float(o.n_embd));
            writer.vector(blk + "ffn_gate_inp.scale", o.n_embd, length, 0.2f * length);
            writer.vector(blk + "ffn_down_exps.scale", o.n_expert, 1.0f, 0.4f);
            for (const char * name : {"post_ffw_norm_1", "pre_ffw_norm_2", "post_ffw_norm_2"}) norm(name, o.n_embd);
        }
        if (o.n_ff_shared) {
            writer.vector(blk + "ffn_gate_inp_shexp.weight", o.n_embd, 0.0f, 1.0f / std::sqrt(float(o.n_embd)));
            writer.matrix(blk + "ffn_gate_shexp.weight", o.n_embd, o.n_ff_shared);
            writer.matrix(blk + "ffn_up_shexp.weight", o.n_embd, o.n_ff_shared);
            writer.matrix(blk + "ffn_down_shexp.weight", o.n_ff_shared, o.n_embd);
        }
        if (o.expert_biases) {
            bias("ffn_gate_inp", o.n_expert);
            writer.biases(blk + "ffn_gate_exps.bias", o.n_ff_expert, o.n_expert);
            writer.biases(blk + "ffn_up_exps.bias", o.n_ff_expert, o.n_expert);
            writer.biases(blk + "ffn_down_exps.bias", o.n_embd, o.n_expert);
        }
    }
    if (!o.n_expert || o.normed_experts) {
        if (!o.gate_in_up) linear("ffn_gate", o.n_embd, n_ff);
        linear("ffn_up", o.n_embd, o.gate_in_up ? 2 * n_ff : n_ff);
        linear("ffn_down", n_ff, o.n_embd);
    }
    if (o.ffn_post_norm) norm("post_ffw_norm", o.n_embd);
    if (o.n_layer_input) {
        writer.matrix(blk + "inp_gate.weight", o.n_embd, o.n_layer_input);
        writer.matrix(blk + "proj.weight", o.n_layer_input, o.n_embd);
        norm("post_norm", o.n_embd);
    }
    if (o.out_scale) writer.vector(blk + "layer_output_scale.weight", 1, 0.8f, 0.1f);
}

}  // namespace

TinyModel::TinyModel(const TinyModelOptions & o) {
    const std::string name = temporary_path("");
    for (int part = 0; part < o.n_parts; part++) {
        char ending[32];
        std::snprintf(ending, sizeof(ending), o.n_parts > 1 ? "-%05d-of-%05d.gguf" : ".gguf", part + 1, o.n_parts);
        paths_.push_back(name + ending);
    }
    Writer writer(o);
    write_header(writer.gguf(), o);
    writer.matrix("token_embd.weight", o.n_embd, o.n_vocab);
    writer.vector(o.output_norm + ".weight", o.n_embd, 1.0f, 0.1f);
    if (!o.tied) writer.matrix("output.weight", o.n_embd, o.n_vocab);
    if (o.factors) writer.vector("rope_freqs.weight", o.rotated() / 2, 2.0f, 0.3f);
    // A quarter of the channels turns.
    if (o.period > 0) writer.turning("rope_freqs.weight", o.rotated() / 2, o.rotated() / 8);
    if (o.n_layer_input) {
        writer.matrix("per_layer_token_embd.weight", o.n_layer_input * o.n_layer, o.n_vocab);
        writer.matrix("per_layer_model_proj.weight", o.n_embd, o.n_layer_input * o.n_layer);
        writer.vector("per_layer_proj_norm.weight", o.n_layer_input, 1.0f, 0.1f);
    }
    if (o.rope_scaling == "longrope") {
        writer.vector("rope_factors_long.weight", o.rotated() / 2, 8.0f, 2.0f);
        writer.vector("rope_factors_short.weight", o.rotated() / 2, 1.2f, 0.1f);
    }
    for (int i = 0; i < o.n_layer; i++) write_layer(writer, i, o);
    writer.write(paths_);
}

TinyModelOptions tiny_family(const std::string & family, bool round_sizes) {
    TinyModelOptions o;
    o.architecture = family == "gemma4-experts" ? "gemma4" : family;
    o.type         = GGML_TYPE_F16;
    o.n_layer      = 5;
    o.n_embd       = round_sizes ? 512 : 352;
    o.n_head       = round_sizes ? 8 : 11;
    o.n_head_kv    = round_sizes ? 2 : 1;
    o.n_ff         = round_sizes ? 768 : 544;
    o.n_vocab      = 331;
    // Heads that are together wider than the hidden state, where a family's files may have that.
    const auto wide = [&] { o.head_dim = round_sizes ? 128 : 64; };
    if (family == "qwen2") o.qkv_biases = true;
    if (family == "qwen3") wide(), o.qk_norm = 1;
    if (family == "qwen3moe") {
        wide(), o.qk_norm = 1;
        o.n_expert = 10, o.n_ff_expert = round_sizes ? 256 : 96;
    }
    if (family == "mistral3") {
        wide();
        o.rope_scaling = "yarn", o.n_ctx_orig = 40;  // the context is many times as long
        o.numbers = {{"attention.temperature_scale", 0.1f},
                     {"rope.scaling.yarn_log_multiplier", 0.8f},
                     {"rope.scaling.yarn_beta_fast", 16.0f}};
    }
    if (family == "phi3") {
        o.one_qkv = o.gate_in_up = true;
        o.tied                   = false;
        o.n_rot                  = 24;
        o.rope_scaling           = "longrope";
        o.n_ctx_orig             = 512;
    }
    if (family == "smollm3") wide();
    if (family == "granite") {
        wide();
        o.attn_scale = 0.03f;
        o.numbers    = {{"embedding_scale", 12.0f}, {"residual_scale", 0.22f}, {"logit_scale", 4.0f}};
    }
    if (family == "olmo2") {
        o.attn_norm = false, o.ffn_norm = "";
        o.attn_post_norm = o.ffn_post_norm = true;
        o.qk_norm = 2, o.tied = false;
    }
    if (family == "glm4") {
        wide();
        o.n_rot          = o.head_dim / 2;
        o.attn_post_norm = o.ffn_post_norm = o.gate_in_up = o.qkv_biases = true;
    }
    if (family == "exaone4") {
        o.attn_norm = false, o.ffn_norm = "";
        o.attn_post_norm = o.ffn_post_norm = true;
        o.qk_norm                          = 1;
    }
    if (family == "gemma3") {  // five layers of six within a window
        wide();
        o.n_layer        = 7;
        o.attn_post_norm = o.ffn_post_norm = true;
        o.qk_norm                          = 1;
        o.integers                         = {{"attention.sliding_window", 100}};
    }
    if (family == "gemma4") {  // two layers of three within a window, the last three with rows of earlier ones
        o.head_dim        = round_sizes ? 256 : 64;
        o.head_dim_window = round_sizes ? 128 : 32;
        o.n_layer = 9, o.n_shared = 3, o.period = 3;
        o.n_head_kv_window = round_sizes ? 4 : 11;
        o.n_layer_input    = round_sizes ? 256 : 64;
        o.n_ff             = round_sizes ? 512 : 288;
        o.attn_post_norm = o.ffn_post_norm = o.out_scale = true;
        o.qk_norm = 1, o.qk_mean = 0.4f;  // its attention has a scale of 1
        o.integers = {{"attention.sliding_window", 100}};
        o.numbers  = {{"final_logit_softcapping", 30.0f}, {"rope.freq_base", 1e6f}, {"rope.freq_base_swa", 10000.0f}};
    }
    if (family == "gemma4-experts") {  // as the large ones are, and beside each feed-forward experts
        o          = tiny_family("gemma4", round_sizes);
        o.n_layer  = 7;
        o.n_shared = o.n_layer_input = 0, o.k_is_v = true;
        o.n_expert = 10, o.n_ff_expert = round_sizes ? 256 : 96;
        o.normed_experts = o.gate_in_up_experts = true;
    }
    if (family == "gpt-oss") {  // every other layer within a window
        wide();
        o.ffn_norm = "post_attention_norm", o.tied = false;
        o.n_expert = 9, o.n_used = 4, o.n_ff_expert = round_sizes ? 256 : 96;
        o.biases = o.expert_biases = o.sinks = true;
        o.rope_scaling = "yarn", o.n_ctx_orig = 40;  // the context is many times as long
        o.integers = {{"attention.sliding_window", 100}};
    }
    if (family == "lfm2") {  // two of three layers are recurrent, the first and the last among them
        o.n_layer          = 7;
        o.attention_period = 3, o.conv_taps = 3;
        o.qk_norm     = 1;
        o.output_norm = "token_embd_norm";
    }
    if (family == "qwen35" ||
        family == "qwen35moe") {  // two of three layers are recurrent, the first and the last among them
        o.head_dim         = 64;
        o.n_rot            = 16;
        o.n_layer          = 7;
        o.attention_period = 3;
        o.delta_heads = 4, o.delta_key_heads = 2, o.delta_dim = 32;
        if (round_sizes) o.delta_dim = 64, o.head_dim = 128, o.n_rot = 32;
        o.qk_norm  = 1;
        o.ffn_norm = "post_attention_norm", o.tied = false, o.gated_attention = true;
        if (family == "qwen35moe") {
            o.n_expert = 10, o.n_ff_expert = round_sizes ? 256 : 96;
            o.n_ff_shared = round_sizes ? 256 : 64;
        }
    }
    if (family == "seed_oss") wide(), o.ffn_norm = "post_attention_norm", o.qkv_biases = true;
    return o;
}

TinyModelOptions tiny_wide_gemma4(bool large) {
    TinyModelOptions o = tiny_family("gemma4", true);
    o.head_dim = 512, o.head_dim_window = 256;
    o.n_head = large ? 16 : 8, o.n_head_kv = 1, o.n_head_kv_window = large ? 8 : 1;
    o.qk_mean = 0.25f;  // products of as many channels are larger
    if (large) o.n_shared = 0, o.n_layer_input = 0, o.n_layer = 6, o.k_is_v = true;
    return o;
}

std::vector<std::string> family_names() {
    return {
#define FAMILY(name, object) name,
#include "arch/families.def"
#undef FAMILY
        "gemma4-experts"};
}

TinyModel::~TinyModel() {
    for (const std::string & path : paths_) std::remove(path.c_str());
}
