// A small model with random weights, written as a GGUF file: real shapes (grouped queries, every weight type, every
// RoPE variant) in a file that loads in milliseconds. Its files are removed with the object.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "ggml.h"

struct TinyModelOptions {
    std::string architecture = "llama";
    ggml_type   type         = GGML_TYPE_Q8_0;  // of every matrix
    int         n_layer      = 3;
    int         n_embd       = 256;
    int         n_head       = 8;
    int         n_head_kv    = 2;
    int         head_dim     = 0;  // 0: n_embd / n_head, and not in the file
    int         n_ff         = 512;
    int         n_vocab      = 320;
    int         n_ctx        = 4096;
    bool        tied         = true;
    bool        biases       = false;
    bool        qkv_biases   = false;  // of q, k and v alone
    bool        factors      = false;  // llama3's per-frequency factors
    int         n_rot        = 0;      // 0: the whole head
    std::string rope_scaling;          // "", linear, yarn, longrope
    float       rope_factor = 4.0f;
    int         n_ctx_orig  = 0;  // 0: n_ctx / 4
    float       attn_scale  = 0;  // 0: not in the file
    // What a layer has beside llama's tensors, or instead of them.
    bool        attn_norm = true, attn_post_norm = false, ffn_post_norm = false;
    std::string ffn_norm    = "ffn_norm";       // "": none
    int         qk_norm     = 0;                // 1: of each head, 2: of all heads together
    float       qk_mean     = 1.0f;             // of those norms' weights
    bool        one_qkv     = false;            // q, k and v in one matrix
    bool        gate_in_up  = false;            // the gate and what it gates in one matrix
    int         n_expert    = 0;                // instead of one feed-forward
    ggml_type   expert_type = GGML_TYPE_COUNT;  // of their matrices; COUNT: as the others
    int         n_used      = 3;                // of them for a token
    int         n_ff_expert = 96;
    int         n_ff_shared = 0;  // of one more expert, which serves every token
    // Gemma 4's: beside the feed-forward, each with norms of its own; their gate and what it gates in one matrix.
    bool normed_experts = false, gate_in_up_experts = false;
    bool sinks = false, expert_biases = false;
    // Where layers with a window differ from those without: of `period` layers all but the last see one, have heads of
    // head_dim_window channels and n_head_kv_window KV heads. period 0: every layer is as head_dim and n_head_kv say.
    int period = 0, head_dim_window = 0, n_head_kv_window = 0;
    // Gemma 4: channels of a layer's own embedding; the last layers, which have no K and V of their own and a
    // feed-forward twice as wide; whether K is V in layers without a window; a scale of each layer's output.
    int  n_layer_input = 0, n_shared = 0;
    bool k_is_v = false, out_scale = false;
    // Recurrent layers, all but each `attention_period`-th: of short convolutions, or of a gated delta net where it has
    // heads. 0: none.
    int         attention_period = 0;
    int         conv_taps        = 4;
    int         delta_heads = 0, delta_key_heads = 0, delta_dim = 0;
    bool        gated_attention = false;
    std::string output_norm     = "output_norm";
    // Further entries of the header, below the architecture's name.
    std::map<std::string, float>                numbers;
    std::map<std::string, uint32_t>             integers;
    std::map<std::string, bool>                 flags;
    std::map<std::string, std::vector<int32_t>> lists;

    int      n_parts = 1;  // files; the first one may be without tensors
    uint64_t seed    = 1;

    int  head_channels() const { return head_dim ? head_dim : n_embd / n_head; }
    int  rotated() const { return n_rot ? n_rot : head_channels(); }
    bool in_window(int layer) const { return period > 0 && layer % period < period - 1; }
    int  head_dim_of(int layer) const { return in_window(layer) ? head_dim_window : head_channels(); }
    int  n_head_kv_of(int layer) const { return in_window(layer) ? n_head_kv_window : n_head_kv; }
    int  n_ff_of(int layer) const { return layer < n_layer - n_shared ? n_ff : 2 * n_ff; }
    bool is_recurrent(int layer) const { return attention_period > 0 && (layer + 1) % attention_period != 0; }
    // Of a recurrent layer's convolution.
    int conv_channels() const { return delta_heads ? (2 * delta_key_heads + delta_heads) * delta_dim : n_embd; }
};

class TinyModel {
  public:
    explicit TinyModel(const TinyModelOptions & options);
    ~TinyModel();
    TinyModel(const TinyModel &)             = delete;
    TinyModel & operator=(const TinyModel &) = delete;

    const std::string & path() const { return paths_[0]; }
    const std::string & part_path(int part) const { return paths_[size_t(part)]; }

  private:
    std::vector<std::string> paths_;
};

// A small model of this family: what its files hold, in f16, in sizes of no round number or such that every weight type
// fits them.
TinyModelOptions tiny_family(const std::string & family, bool round_sizes = false);
// Gemma 4 with heads as wide as its own files have them, all queries to one KV head where every row is seen: as the
// small files, with layers that see the rows of others, or as the large ones, with more queries a KV head and keys as
// values.
TinyModelOptions tiny_wide_gemma4(bool large);
// Every family that the engine knows, by the name in its files; and "gemma4-experts", whose files name gemma4.
std::vector<std::string> family_names();

// A fresh name in the folder for temporary files.
std::string temporary_path(const std::string & ending);

std::vector<int32_t> random_tokens(std::mt19937_64 & random, int n, int n_vocab);
