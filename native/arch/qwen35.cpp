// Qwen 3.5 and 3.6, dense and with experts: gated delta nets, and after a number of them a layer with attention, whose
// result a gate weighs. Positions turn in sections for pictures; those of a text are equal in all sections.
#include "decoder_family.h"
#include "recurrence.h"

namespace rocketdoc {
namespace {

// Whether each of n channels turns by a position of the text: the fourth section's is always 0. Sections take turns.
bool turn_by_text(const std::vector<int64_t> & sections, int64_t n) {
    if (sections.size() < 3) return false;
    int64_t all = 0;
    for (const int64_t section : sections) all += section;
    for (int64_t i = 0; all > 0 && i < n; i++) {
        const int64_t at = i % all;
        if (at >= 3 * sections[size_t(at % 3)]) return false;
    }
    return all > 0;
}

class ArchQwen35 : public DecoderFamily {
  public:
    using DecoderFamily::DecoderFamily;

    Status read_params(const GgufFile & file, HyperParams & params) const override {
        RETURN_IF_FAILED(DecoderFamily::read_params(file, params));
        const std::string a = params.architecture + ".";
        if (!turn_by_text(file.integers(a + "rope.dimension_sections"), params.layer(0).rope.n_rot / 2))
            return Status::fail(Code::MODEL_UNSUPPORTED,
                                file.path() + ": " + a +
                                    "rope.dimension_sections turns channels by something other "
                                    "than a text's positions, which RocketDoc does not compute.");
        Recurrence r;
        r.kind      = RecurrenceKind::gated_delta_net;
        r.taps      = file.integer(a + "ssm.conv_kernel", 0);
        r.heads     = file.integer(a + "ssm.time_step_rank", 0);
        r.key_heads = file.integer(a + "ssm.group_count", 0);
        r.head_dim  = file.integer(a + "ssm.state_size", 0);
        if (r.heads < 1) return damaged_number(file, a + "ssm.time_step_rank", double(r.heads), "at least 1");
        r.channels = (2 * r.key_heads + r.heads) * r.head_dim;
        RETURN_IF_FAILED(check_recurrence(file, r));
        const int64_t width = file.integer(a + "ssm.inner_size", 0);
        if (width != r.heads * r.head_dim)
            return damaged_number(file, a + "ssm.inner_size", double(width),
                                  std::to_string(r.heads) + " heads of " + std::to_string(r.head_dim));

        const std::vector<int64_t> list     = file.integers(a + "attention.recurrent_layers");
        const int64_t              interval = file.integer(a + "full_attention_interval", 4);
        if (interval < 1) return damaged_number(file, a + "full_attention_interval", double(interval), "at least 1");
        for (size_t i = 0; i < params.layers.size(); i++) {
            const bool is_recurrent = i < list.size() ? list[i] != 0 : (int64_t(i) + 1) % interval != 0;
            if (is_recurrent) params.layers[i].attention = AttentionKind::recurrent, params.layers[i].recurrence = r;
        }
        return Status::good();
    }
};

const ArchQwen35 dense(
    {.rope = RopeKind::halves, .ffn_norm = "post_attention_norm", .qk_norm = QkNorm::head, .gated = true});

const ArchQwen35 with_experts({.rope          = RopeKind::halves,
                               .ffn_norm      = "post_attention_norm",
                               .qk_norm       = QkNorm::head,
                               .experts       = true,
                               .shared_expert = SharedExpert::gated,
                               .gated         = true});

}  // namespace

const Architecture & arch_qwen35    = dense;
const Architecture & arch_qwen35moe = with_experts;

}  // namespace rocketdoc
