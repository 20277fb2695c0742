// Qwen 3, mixtures of experts (30B-A3B, 235B-A22B, Coder): qwen3 with experts instead of one feed-forward.
#include "decoder_family.h"

namespace rocketdoc {
namespace {

const DecoderFamily instance({.rope = RopeKind::halves, .qk_norm = QkNorm::head, .experts = true});

}  // namespace

const Architecture & arch_qwen3moe = instance;

}  // namespace rocketdoc
