// A GGUF file with the shape of a real model and random weights: speed depends on shapes only. Never zeros, which are
// faster than data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ggml.h"
#include "status.h"

namespace rocketdoc {

struct ModelShape {
    std::string name    = "8B shape";  // Llama 3.1 8B
    int64_t     n_layer = 32, n_embd = 4096, n_head = 32, n_head_kv = 8, n_ff = 14336, n_vocab = 128256, n_ctx = 131072;
    std::string architecture = "llama";
    int64_t     head_dim     = 0;  // 0: n_embd / n_head
    int64_t     window       = 0;  // gemma3: of five layers of six; gpt-oss: of every other one
    int64_t     n_expert     = 0;  // 0: one feed-forward for every token; else of n_ff each
    int64_t     n_used       = 0;  // experts of a token
    int64_t     n_rot        = 0;  // channels of a head that turn; 0: all
    // qwen35: heads of a gated delta net, with half as many of keys, in three layers of four. 0: every layer attends.
    int64_t delta_heads = 0, delta_dim = 0;
    // gemma4: of layers with a window, five of six; head_dim and n_head_kv are those of the others, which have no V of
    // their own.
    int64_t window_head_dim = 0, window_head_kv = 0;
};

// "8b", "1b" (Llama 3.2), "160m" (Llama 160M, for trying out), "qwen3-8b", "qwen3-30b-a3b", "qwen3.5-9b" (recurrent
// layers), "gpt-oss-20b" (experts in mxfp4), "gemma-12b" (Gemma 3), "gemma4-12b", and "tiny", "tiny-gemma",
// "tiny-gemma4", "tiny-experts", "tiny-gpt-oss" and "tiny-qwen3.5" (written and read at once, for tests);
// INVALID_ARGUMENT with the known names.
Status find_shape(const std::string & name, ModelShape & out);
// "f16", "q8_0", "q4_K"
Status find_weight_type(const std::string & name, ggml_type & out);

// Writes the file: INVALID_ARGUMENT when its rows are no whole blocks of that type, IO when its folder cannot be
// written to, DISK_FULL with both sizes before anything is written when the disk has too little room, or when it fills
// up meanwhile; nothing stays then. Vocabulary "no_vocab": token numbers go in and come out.
Status write_shape_model(const std::string & path, const ModelShape & shape, ggml_type type);

// Token numbers for such a model, random at every position: repeated ones would be read faster than a text.
std::vector<int32_t> pseudo_random_tokens(int64_t first, int64_t n, int64_t n_vocab);

}  // namespace rocketdoc
