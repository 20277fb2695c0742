// llama.cpp itself, from node-llama-cpp's package, as what the engine's logits are compared with. Its library is loaded
// while the program runs: nothing else of this project needs it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "device/device.h"
#include "status.h"

namespace rocketdoc {

enum class LlamaAttention { flash, plain };  // its two ways to compute attention

class LlamaReference {
  public:
    // device.cpu_dir: the folder of its libraries. n_context: tokens that it will be given, at most n_batch a call.
    // INVALID_ARGUMENT where the package has no such library or llama.cpp refuses the model.
    static Status open(const std::string & model_path, const DeviceOptions & device, int64_t n_context, int64_t n_batch,
                       std::unique_ptr<LlamaReference> & out);
    virtual ~LlamaReference() = default;

    // Begins a text: each attention has one. HOST_OOM.
    virtual Status start(LlamaAttention attention) = 0;
    // The next n tokens of a text that was started; logits of every one, [n, n_vocab].
    virtual Status logits(LlamaAttention attention, const int32_t * tokens, int64_t n, std::vector<float> & out) = 0;
};

}  // namespace rocketdoc
