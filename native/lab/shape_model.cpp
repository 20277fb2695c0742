#include "shape_model.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "ggml-cpp.h"
#include "open_file.h"

namespace rocketdoc {
namespace {

// Rows are quantized once and repeated from changing starts: quantizing eight billion weights would take minutes.
constexpr int64_t DISTINCT_ROWS     = 64;
constexpr int64_t TENSORS_PER_LAYER = 24;  // at the most
constexpr int64_t ATTENTION_PERIOD  = 4;   // of so many layers one attends where the others are recurrent
constexpr int64_t CONV_TAPS         = 4;
constexpr int64_t WINDOW_PERIOD     = 6;  // gemma4: of so many layers the last sees every row

class ShapeWriter {
  public:
    ShapeWriter(const ModelShape & shape, ggml_type type) : shape_(shape), type_(type), gguf_(gguf_init_empty()) {
        ggml_init_params params = {ggml_tensor_overhead() * size_t(shape.n_layer * TENSORS_PER_LAYER + 8), nullptr,
                                   true};
        ctx_.reset(ggml_init(params));
    }

    void declare() {
        gguf_context *      g         = gguf_.get();
        const std::string & arch      = shape_.architecture;
        const bool          is_gemma4 = arch == "gemma4", is_gemma = arch == "gemma3" || is_gemma4,
                            is_gpt_oss = arch == "gpt-oss";
        const int64_t       D          = shape_.head_dim ? shape_.head_dim : shape_.n_embd / shape_.n_head;
        const auto          set        = [&](const char * key, int64_t value) {
            gguf_set_val_u32(g, (arch + "." + key).c_str(), uint32_t(value));
        };
        gguf_set_val_str(g, "general.architecture", arch.c_str());
        gguf_set_val_str(g, "general.name", shape_.name.c_str());
        set("block_count", shape_.n_layer);
        set("embedding_length", shape_.n_embd);
        set("attention.head_count", shape_.n_head);
        if (is_gemma4) declare_windows();
        else set("attention.head_count_kv", shape_.n_head_kv);
        set("feed_forward_length", shape_.n_ff);
        set("context_length", shape_.n_ctx);
        set("vocab_size", shape_.n_vocab);
        set("rope.dimension_count", shape_.n_rot > 0 ? shape_.n_rot : D);
        set("attention.key_length", D);
        set("attention.value_length", D);
        if (shape_.window > 0) set("attention.sliding_window", shape_.window);
        if (shape_.delta_heads > 0) declare_recurrence();
        if (shape_.n_expert > 0) {
            set("expert_count", shape_.n_expert);
            set("expert_used_count", shape_.n_used);
            set("expert_feed_forward_length", shape_.n_ff);
        }
        gguf_set_val_f32(g, (arch + ".rope.freq_base").c_str(), is_gemma ? 1000000.0f : 500000.0f);
        gguf_set_val_f32(g, (arch + ".attention.layer_norm_rms_epsilon").c_str(), 1e-5f);
        gguf_set_val_str(g, "tokenizer.ggml.model", "no_vocab");
        add("token_embd.weight", type_, shape_.n_embd, shape_.n_vocab);
        if (is_gemma4) add("rope_freqs.weight", GGML_TYPE_F32, D / 2, 1);
        for (int64_t i = 0; i < shape_.n_layer; i++) {
            const std::string blk    = "blk." + std::to_string(i) + ".";
            const auto        vector = [&](const char * name, int64_t n) { add(blk + name, GGML_TYPE_F32, n, 1); };
            const auto        linear = [&](const std::string & name, int64_t in, int64_t out) {
                add(blk + name + ".weight", type_, in, out);
                if (is_gpt_oss) add(blk + name + ".bias", GGML_TYPE_F32, out, 1);
            };
            const bool    in_window = sees_window(i), takes_k_as_v = is_gemma4 && !in_window;
            const int64_t dim = in_window ? shape_.window_head_dim : D;
            const int64_t q = dim * shape_.n_head, kv = dim * (in_window ? shape_.window_head_kv : shape_.n_head_kv);
            const bool    is_recurrent = shape_.delta_heads > 0 && (i + 1) % ATTENTION_PERIOD != 0;
            vector("attn_norm.weight", shape_.n_embd);
            if (is_recurrent) add_recurrence(blk);
            else {
                linear("attn_q", shape_.n_embd, shape_.delta_heads > 0 ? 2 * q : q);  // there with a gate beside it
                linear("attn_k", shape_.n_embd, kv);
                if (!takes_k_as_v) linear("attn_v", shape_.n_embd, kv);
                linear("attn_output", q, shape_.n_embd);
            }
            const bool is_behind = is_gpt_oss || shape_.delta_heads > 0;
            vector(is_behind ? "post_attention_norm.weight" : "ffn_norm.weight", shape_.n_embd);
            if (shape_.n_expert > 0) add_experts(blk, is_gpt_oss);
            else {
                linear("ffn_gate", shape_.n_embd, shape_.n_ff);
                linear("ffn_up", shape_.n_embd, shape_.n_ff);
                linear("ffn_down", shape_.n_ff, shape_.n_embd);
            }
            if (is_gpt_oss) vector("attn_sinks.weight", shape_.n_head);
            if (!is_recurrent && (is_gemma || arch.rfind("qwen3", 0) == 0)) {
                vector("attn_q_norm.weight", dim);
                vector("attn_k_norm.weight", dim);
            }
            if (is_gemma4) vector("layer_output_scale.weight", 1);
            if (!is_gemma) continue;
            vector("post_attention_norm.weight", shape_.n_embd);
            vector("post_ffw_norm.weight", shape_.n_embd);
        }
        add("output_norm.weight", GGML_TYPE_F32, shape_.n_embd, 1);
        if (!is_gemma) add("output.weight", type_, shape_.n_embd, shape_.n_vocab);  // Gemma's embedding is its output
    }

    size_t bytes() const {
        size_t n = gguf_get_meta_size(gguf_.get());
        for (ggml_tensor * t = ggml_get_first_tensor(ctx_.get()); t; t = ggml_get_next_tensor(ctx_.get(), t))
            n += GGML_PAD(ggml_nbytes(t), alignment());
        return n;
    }

    Status write(const std::string & path) {
        const Status failed = Status::fail(Code::DISK_FULL, "The random weights could not be written to " + path +
                                                                ". Free some disk space.");
        if (!gguf_write_to_file(gguf_.get(), path.c_str(), true))
            return Status::fail(Code::IO, path + " cannot be written. Choose another folder.");
        FilePtr file = open_to_append(path);
        if (!file) return failed;
        for (ggml_tensor * t = ggml_get_first_tensor(ctx_.get()); t; t = ggml_get_next_tensor(ctx_.get(), t)) {
            if (!write_rows(file.get(), *t)) return failed;
        }
        return std::fclose(file.release()) == 0 ? Status::good() : failed;
    }

  private:
    int64_t delta_channels() const { return 2 * shape_.delta_heads * shape_.delta_dim; }  // of q, k and v

    bool sees_window(int64_t layer) const { return shape_.window_head_dim > 0 && (layer + 1) % WINDOW_PERIOD != 0; }

    // What differs between gemma4's layers is listed layer by layer.
    void declare_windows() {
        gguf_context *       g = gguf_.get();
        const std::string    a = shape_.architecture + ".";
        std::vector<int32_t> heads;
        std::vector<int8_t>  windows;
        for (int64_t i = 0; i < shape_.n_layer; i++) {
            windows.push_back(sees_window(i));
            heads.push_back(int32_t(sees_window(i) ? shape_.window_head_kv : shape_.n_head_kv));
        }
        gguf_set_arr_data(g, (a + "attention.head_count_kv").c_str(), GGUF_TYPE_INT32, heads.data(), heads.size());
        gguf_set_arr_data(g, (a + "attention.sliding_window_pattern").c_str(), GGUF_TYPE_BOOL, windows.data(),
                          windows.size());
        for (const char * key : {"attention.key_length_swa", "attention.value_length_swa", "rope.dimension_count_swa"})
            gguf_set_val_u32(g, (a + key).c_str(), uint32_t(shape_.window_head_dim));
        gguf_set_val_u32(g, (a + "embedding_length_per_layer_input").c_str(), 0);
        gguf_set_val_u32(g, (a + "attention.shared_kv_layers").c_str(), 0);
        gguf_set_val_f32(g, (a + "rope.freq_base_swa").c_str(), 10000.0f);
        gguf_set_val_f32(g, (a + "final_logit_softcapping").c_str(), 30.0f);
    }

    void declare_recurrence() {
        const std::string a   = shape_.architecture + ".";
        const auto        set = [&](const char * key, int64_t value) {
            gguf_set_val_u32(gguf_.get(), (a + key).c_str(), uint32_t(value));
        };
        set("full_attention_interval", ATTENTION_PERIOD);
        set("ssm.conv_kernel", CONV_TAPS);
        set("ssm.inner_size", shape_.delta_heads * shape_.delta_dim);
        set("ssm.state_size", shape_.delta_dim);
        set("ssm.time_step_rank", shape_.delta_heads);
        set("ssm.group_count", shape_.delta_heads / 2);
        // Of the pairs of channels that turn, by three positions of which a text has one.
        const int32_t pairs = int32_t(shape_.n_rot / 2), sections[] = {(pairs + 2) / 3, (pairs + 1) / 3, pairs / 3, 0};
        gguf_set_arr_data(gguf_.get(), (a + "rope.dimension_sections").c_str(), GGUF_TYPE_INT32, sections, 4);
    }

    void add_recurrence(const std::string & blk) {
        const int64_t n_values = shape_.delta_heads * shape_.delta_dim;
        add(blk + "attn_qkv.weight", type_, shape_.n_embd, delta_channels());
        add(blk + "attn_gate.weight", type_, shape_.n_embd, n_values);
        add(blk + "ssm_conv1d.weight", GGML_TYPE_F32, CONV_TAPS, delta_channels());
        add(blk + "ssm_alpha.weight", type_, shape_.n_embd, shape_.delta_heads);
        add(blk + "ssm_beta.weight", type_, shape_.n_embd, shape_.delta_heads);
        add(blk + "ssm_dt.bias", GGML_TYPE_F32, shape_.delta_heads, 1);
        add(blk + "ssm_a", GGML_TYPE_F32, shape_.delta_heads, 1);
        add(blk + "ssm_norm.weight", GGML_TYPE_F32, shape_.delta_dim, 1);
        add(blk + "ssm_out.weight", type_, n_values, shape_.n_embd);
    }

    // gpt-oss's come in mxfp4, with biases.
    void add_experts(const std::string & blk, bool is_gpt_oss) {
        const ggml_type type    = is_gpt_oss ? GGML_TYPE_MXFP4 : type_;
        const auto      experts = [&](const char * name, int64_t in, int64_t out) {
            add(blk + name + ".weight", type, in, out, shape_.n_expert);
            if (is_gpt_oss) add(blk + name + ".bias", GGML_TYPE_F32, out, shape_.n_expert);
        };
        add(blk + "ffn_gate_inp.weight", GGML_TYPE_F32, shape_.n_embd, shape_.n_expert);
        if (is_gpt_oss) add(blk + "ffn_gate_inp.bias", GGML_TYPE_F32, shape_.n_expert, 1);
        experts("ffn_gate_exps", shape_.n_embd, shape_.n_ff);
        experts("ffn_up_exps", shape_.n_embd, shape_.n_ff);
        experts("ffn_down_exps", shape_.n_ff, shape_.n_embd);
    }

    void add(const std::string & name, ggml_type type, int64_t in, int64_t out, int64_t count = 1) {
        ggml_tensor * t = out == 1    ? ggml_new_tensor_1d(ctx_.get(), type, in)
                          : count > 1 ? ggml_new_tensor_3d(ctx_.get(), type, in, out, count)
                                      : ggml_new_tensor_2d(ctx_.get(), type, in, out);
        ggml_set_name(t, name.c_str());
        gguf_add_tensor(gguf_.get(), t);
    }

    size_t alignment() const { return gguf_get_alignment(gguf_.get()); }

    bool write_rows(std::FILE * file, const ggml_tensor & t) {
        const int64_t      in = t.ne[0], out = t.ne[1] * t.ne[2];
        const bool         is_norm  = out == 1;
        const int64_t      distinct = std::min(out, DISTINCT_ROWS);
        const size_t       row      = ggml_row_size(t.type, in);
        std::vector<float> values(size_t(in * distinct));
        const std::string  name   = ggml_get_name(&t);
        const auto         is     = [&](const char * part) { return name.find(part) != std::string::npos; };
        const bool         decays = is("ssm_a") && !is("ssm_alpha");
        // gemma4's attention has a scale of 1: norms of queries and keys keep its logits small.
        const bool  is_small = shape_.architecture == "gemma4" && (is("attn_q_norm") || is("attn_k_norm"));
        const float mean     = decays     ? -0.3f
                               : is_small ? 0.2f
                               : is_norm  ? 1.0f
                                          : 0.0f;  // a state that grew would overflow
        std::normal_distribution<float> normal(mean, is_norm ? 0.1f : 1.0f / std::sqrt(float(in)));
        for (float & value : values) value = normal(random_);
        if (is("rope_freqs"))  // of four pairs of channels one turns
            for (size_t i = 0; i < values.size(); i++) values[i] = i < values.size() / 4 ? 1.0f : 1e30f;
        std::vector<uint8_t>     rows(row * size_t(distinct));
        const std::vector<float> importance(size_t(in), 1.0f);
        ggml_quantize_chunk(t.type, values.data(), rows.data(), 0, distinct, in, importance.data());
        for (int64_t done = 0; done < out;) {
            const int64_t first = is_norm ? 0 : int64_t(random_() % uint64_t(distinct));
            const int64_t n     = std::min(out - done, distinct - first);
            if (std::fwrite(rows.data() + size_t(first) * row, row, size_t(n), file) != size_t(n)) return false;
            done += n;
        }
        const std::vector<uint8_t> padding(GGML_PAD(ggml_nbytes(&t), alignment()) - ggml_nbytes(&t), 0);
        return padding.empty() || std::fwrite(padding.data(), 1, padding.size(), file) == padding.size();
    }

    ModelShape       shape_;
    ggml_type        type_;
    gguf_context_ptr gguf_;
    ggml_context_ptr ctx_;
    std::mt19937_64  random_{1};
};

}  // namespace

Status find_shape(const std::string & name, ModelShape & out) {
    static const std::pair<const char *, ModelShape> SHAPES[] = {
        {"8b", {}},
        {"1b", {"1B shape", 16, 2048, 32, 8, 8192, 128256, 131072}},
        {"160m", {"160M shape", 12, 768, 12, 12, 3072, 32000, 2048}},
        {"qwen3-8b", {"Qwen3 8B shape", 36, 4096, 32, 8, 12288, 151936, 131072, "qwen3", 128}},
        {"qwen3-30b-a3b", {"Qwen3 30B-A3B shape", 48, 2048, 32, 4, 768, 151936, 131072, "qwen3moe", 128, 0, 128, 8}},
        {"qwen3.5-9b",
         {"Qwen3.5 9B shape", 32, 4096, 16, 4, 12288, 248320, 131072, "qwen35", 256, 0, 0, 0, 64, 32, 128}},
        {"gpt-oss-20b", {"gpt-oss 20B shape", 24, 2880, 64, 8, 2880, 201088, 131072, "gpt-oss", 64, 128, 32, 4}},
        {"gemma-12b", {"Gemma 3 12B shape", 48, 3840, 16, 8, 15360, 262144, 131072, "gemma3", 256, 1024}},
        {"gemma4-12b",
         {"Gemma 4 12B shape", 48, 3840, 16, 1, 15360, 262144, 262144, "gemma4", 512, 1024, 0, 0, 0, 0, 0, 256, 8}},
        {"tiny", {"tiny shape", 2, 256, 4, 2, 512, 1024, 4096}},
        {"tiny-gemma", {"tiny Gemma shape", 6, 256, 4, 2, 512, 1024, 4096, "gemma3", 64, 128}},
        {"tiny-gemma4",
         {"tiny Gemma 4 shape", 6, 256, 4, 1, 512, 1024, 4096, "gemma4", 512, 128, 0, 0, 0, 0, 0, 256, 2}},
        {"tiny-experts", {"tiny shape of experts", 2, 256, 4, 2, 256, 1024, 4096, "qwen3moe", 64, 0, 8, 2}},
        {"tiny-gpt-oss", {"tiny gpt-oss shape", 4, 256, 4, 2, 256, 1024, 4096, "gpt-oss", 64, 128, 8, 2}},
        {"tiny-qwen3.5", {"tiny Qwen3.5 shape", 4, 256, 4, 2, 512, 1024, 4096, "qwen35", 64, 0, 0, 0, 16, 4, 64}},
    };
    std::string known;
    for (const auto & [key, shape] : SHAPES) {
        if (name == key) {
            out = shape;
            return Status::good();
        }
        const bool is_last = &shape == &std::end(SHAPES)[-1].second;
        known += (known.empty() ? "" : is_last ? " or " : ", ") + std::string(key);
    }
    return Status::fail(Code::INVALID_ARGUMENT, "The shape \"" + name + "\" is not known: " + known + ".");
}

Status find_weight_type(const std::string & name, ggml_type & out) {
    for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_K}) {
        if (name != ggml_type_name(type)) continue;
        out = type;
        return Status::good();
    }
    return Status::fail(Code::INVALID_ARGUMENT, "Weights are f16, q8_0 or q4_K, not \"" + name + "\".");
}

Status write_shape_model(const std::string & path, const ModelShape & shape, ggml_type type) {
    namespace fs = std::filesystem;
    for (int64_t in : {shape.n_embd, shape.n_expert > 0 ? shape.n_embd : shape.n_ff}) {
        if (in % ggml_blck_size(type) == 0) continue;
        return Status::fail(Code::INVALID_ARGUMENT, "The " + shape.name + " has rows of " + std::to_string(in) +
                                                        ", and " + ggml_type_name(type) + " comes in blocks of " +
                                                        std::to_string(ggml_blck_size(type)) + ": choose q8_0 or f16.");
    }
    ShapeWriter writer(shape, type);
    writer.declare();
    std::error_code      ec;
    const fs::path       folder = fs::absolute(path_from_utf8(path), ec).parent_path();
    const fs::space_info space  = fs::space(folder, ec);
    if (!ec && space.available < writer.bytes()) {
        return Status::fail(Code::DISK_FULL, "The random weights take " + std::to_string(writer.bytes() >> 20) +
                                                 " MB in " + utf8_from_path(folder) + ", " +
                                                 std::to_string(space.available >> 20) +
                                                 " MB are free there. Free some disk space or choose smaller weights.");
    }
    const Status status = writer.write(path);
    if (!status.ok()) fs::remove(path_from_utf8(path), ec);
    return status;
}

std::vector<int32_t> pseudo_random_tokens(int64_t first, int64_t n, int64_t n_vocab) {
    std::vector<int32_t> tokens;
    uint64_t             state = uint64_t(first) * 6364136223846793005u + 1442695040888963407u;
    for (int64_t i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        tokens.push_back(int32_t((state >> 33) % uint64_t(n_vocab)));
    }
    return tokens;
}

}  // namespace rocketdoc
