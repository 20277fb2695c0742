// Llama and everything that files call "llama": Llama 1 to 3, Mistral, SmolLM, TinyLlama, Yi, DeepSeek-LLM.
#include "decoder_family.h"

namespace rocketdoc {
namespace {

const DecoderFamily instance({.rope = RopeKind::neighbours});

}  // namespace

const Architecture & arch_llama = instance;

}  // namespace rocketdoc
