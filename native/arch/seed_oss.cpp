// Seed-OSS: qwen2, whose norm before the feed-forward is called post_attention_norm.
#include "decoder_family.h"

namespace rocketdoc {
namespace {

const DecoderFamily instance({.rope = RopeKind::halves, .ffn_norm = "post_attention_norm"});

}  // namespace

const Architecture & arch_seed_oss = instance;

}  // namespace rocketdoc
