// Qwen 3 (dense): qwen2 with norms over each head of q and k instead of biases.
#include "decoder_family.h"

namespace rocketdoc {
namespace {

const DecoderFamily instance({.rope = RopeKind::halves, .qk_norm = QkNorm::head});

}  // namespace

const Architecture & arch_qwen3 = instance;

}  // namespace rocketdoc
