// A small model with random weights, written as a GGUF file: real shapes (grouped queries, every weight type, every
// RoPE variant) in a file that loads in milliseconds. Its files are removed with the object.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "ggml.h"

struct TinyModelOptions {
    ggml_type   type       = GGML_TYPE_Q8_0;  // of every matrix
    int         n_layer    = 3;
    int         n_embd     = 256;
    int         n_head     = 8;
    int         n_head_kv  = 2;
    int         n_ff       = 512;
    int         n_vocab    = 320;
    int         n_ctx      = 4096;
    bool        tied       = true;
    bool        biases     = false;
    bool        qkv_biases = false;  // of q, k and v alone
    bool        factors    = false;  // llama3's per-frequency factors
    int         n_rot      = 0;      // 0: the whole head
    std::string rope_scaling;        // "", linear, yarn
    float       rope_factor  = 4.0f;
    float       attn_scale   = 0;  // 0: not in the file
    std::string architecture = "llama";
    int         n_parts      = 1;  // files; the first one may be without tensors
    uint64_t    seed         = 1;
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

// A small model of this family: what its files hold, sizes of no round number.
TinyModelOptions tiny_family(const std::string & architecture);

// A fresh name in the folder for temporary files.
std::string temporary_path(const std::string & ending);

std::vector<int32_t> random_tokens(std::mt19937_64 & random, int n, int n_vocab);
