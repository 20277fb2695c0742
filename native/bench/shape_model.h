// A GGUF file with the shape of a real model and random weights: speed depends on shapes only. Never zeros, which are faster than data.
#pragma once

#include <cstdint>
#include <string>

#include "ggml.h"
#include "status.h"

namespace rocketdoc {

struct ModelShape {
    int64_t n_layer = 32, n_embd = 4096, n_head = 32, n_head_kv = 8, n_ff = 14336, n_vocab = 128256, n_ctx = 131072;  // Llama 3.1 8B
};

// "8b", "1b" (Llama 3.2); INVALID_ARGUMENT with the known names.
Status find_shape(const std::string & name, ModelShape & out);
// "f16", "q8_0", "q4_K"
Status find_weight_type(const std::string & name, ggml_type & out);

// Writes the file; DISK_FULL or IO when that fails. Vocabulary "no_vocab": token numbers go in and come out.
Status write_shape_model(const std::string & path, const ModelShape & shape, ggml_type type);

}  // namespace rocketdoc
