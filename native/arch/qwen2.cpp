// Qwen 2 and 2.5 (Coder, Math), QwQ, the Qwen distillations of DeepSeek R1: llama with biases at q, k and v, and halves
// of a head that turn together.
#include "decoder_family.h"

namespace rocketdoc {
namespace {

const DecoderFamily instance({.rope = RopeKind::halves});

}  // namespace

const Architecture & arch_qwen2 = instance;

}  // namespace rocketdoc
