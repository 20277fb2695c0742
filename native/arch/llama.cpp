// Llama and everything that files call "llama": Llama 1 to 3, Mistral, SmolLM, TinyLlama, Yi, DeepSeek-LLM.
#include "pre_norm_family.h"

namespace rocketdoc {
namespace {

const PreNormFamily instance(RopeKind::neighbours);

}  // namespace

const Architecture & arch_llama = instance;

}  // namespace rocketdoc
