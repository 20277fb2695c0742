// Phi-3, Phi-3.5 and Phi-4 (dense): q, k and v in one matrix, the gate and what it gates in another, longrope's
// factors, a part of a head turns (Phi-4-mini). A window that older files name is not used, as llama.cpp does not: it
// was written wrong into many of them.
#include "decoder_family.h"

namespace rocketdoc {
namespace {

const DecoderFamily instance({.rope = RopeKind::halves, .gate_in_up = true});

}  // namespace

const Architecture & arch_phi3 = instance;

}  // namespace rocketdoc
