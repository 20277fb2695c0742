// Qwen 2 and 2.5 (Coder, Math), QwQ, the Qwen distillations of DeepSeek R1: llama with biases at q, k and v, and halves
// of a head that turn together.
#include "pre_norm_family.h"

namespace rocketdoc {
namespace {

const PreNormFamily instance(RopeKind::halves);

}  // namespace

const Architecture & arch_qwen2 = instance;

}  // namespace rocketdoc
