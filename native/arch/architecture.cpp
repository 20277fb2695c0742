#include "architecture.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace rocketdoc {
namespace {

const std::map<std::string, const Architecture *> & architectures() {
    static const std::map<std::string, const Architecture *> all = {
#define FAMILY(name, object) {name, &object},
#include "families.def"
#undef FAMILY
    };
    return all;
}

constexpr int64_t MOST_FF      = 1 << 20;
constexpr int64_t MOST_EXPERTS = 1024, MOST_USED = 64;

Status check_supported_shape(const GgufFile & file, const std::string & a) {
    for (const char * key : {"expert_used_count", "expert_feed_forward_length"}) {
        if (file.is_array(a + key)) {
            return Status::fail(Code::MODEL_UNSUPPORTED,
                                file.path() + ": " + a + key +
                                    " differs from layer to layer; such models are not supported.");
        }
    }
    return Status::good();
}

// Sizes of the whole model.
Status read_sizes(const GgufFile & file, const std::string & a, HyperParams & p) {
    const ggml_tensor * embd = file.tensor("token_embd.weight");
    if (!embd)
        return Status::fail(Code::MODEL_FORMAT,
                            file.path() + " has no tensor token_embd.weight: it holds no language model.");

    // Layers that predict further tokens come last, and are not computed.
    p.n_layer     = file.integer(a + "block_count", 0) - file.integer(a + "nextn_predict_layers", 0);
    p.n_embd      = file.integer(a + "embedding_length", 0);
    p.n_ctx_train = file.integer(a + "context_length", 0);
    p.n_vocab     = embd->ne[1];
    p.rms_eps     = float(file.number(a + "attention.layer_norm_rms_epsilon", 1e-5));

    if (p.n_layer < 1 || p.n_layer > 1024)
        return damaged_number(file, a + "block_count", double(p.n_layer), "1 to 1,024");
    if (p.n_embd < 32 || p.n_embd > 65536)
        return damaged_number(file, a + "embedding_length", double(p.n_embd), "32 to 65,536");
    if (p.n_ctx_train < 1 || p.n_ctx_train > (int64_t(1) << 24))
        return damaged_number(file, a + "context_length", double(p.n_ctx_train), "1 to 16,777,216");
    if (!(p.rms_eps >= 0) || p.rms_eps > 1)
        return damaged_number(file, a + "attention.layer_norm_rms_epsilon", p.rms_eps, "0 to 1");
    if (p.n_vocab < 1) return damaged_number(file, "the vocabulary's size", double(p.n_vocab), "at least 1");
    return Status::good();
}

// Heads and width of the feed-forward of each layer.
Status read_layer_sizes(const GgufFile & file, const std::string & a, HyperParams & p) {
    std::vector<int64_t> n_head(p.layers.size()), n_ff(p.layers.size());
    RETURN_IF_FAILED(read_by_layer(file, a + "attention.head_count", n_head));
    std::vector<int64_t> n_head_kv = n_head;
    RETURN_IF_FAILED(read_by_layer(file, a + "attention.head_count_kv", n_head_kv));
    RETURN_IF_FAILED(read_by_layer(file, a + "feed_forward_length", n_ff));
    const bool has_experts = file.integer(a + "expert_count", 0) > 0;
    for (size_t i = 0; i < p.layers.size(); i++) {
        LayerTraits & l = p.layers[i];
        l.n_head = n_head[i], l.n_head_kv = n_head_kv[i], l.n_ff = n_ff[i];
        if (l.n_head < 1 || l.n_head > 1024)
            return damaged_number(file, a + "attention.head_count", double(l.n_head), "1 to 1,024");
        // A list says 0 of the layers that have none (check_traits).
        const bool has_none = l.n_head_kv == 0 && file.is_array(a + "attention.head_count_kv");
        if (!has_none && (l.n_head_kv < 1 || l.n_head_kv > l.n_head || l.n_head % l.n_head_kv != 0)) {
            return damaged_number(file, a + "attention.head_count_kv", double(l.n_head_kv),
                                  "a divisor of the " + std::to_string(l.n_head) + " query heads");
        }
        const bool experts_alone = l.n_ff == 0 && has_experts;
        if (!experts_alone && (l.n_ff < 1 || l.n_ff > MOST_FF))
            return damaged_number(file, a + "feed_forward_length", double(l.n_ff), "1 to 1,048,576");
    }
    return Status::good();
}

}  // namespace

Status read_head_dim(const GgufFile & file, const std::string & keys, const std::string & values, int64_t otherwise,
                     int64_t & out) {
    const int64_t key_length = file.integer(keys, otherwise), value_length = file.integer(values, otherwise);
    if (key_length != value_length) {
        return Status::fail(Code::MODEL_UNSUPPORTED, file.path() + " has keys of " + std::to_string(key_length) +
                                                         " and values of " + std::to_string(value_length) +
                                                         " channels; they must be equal.");
    }
    out = key_length;
    if (out < 32 || out > 512 || out % 32 != 0) {
        return Status::fail(Code::MODEL_UNSUPPORTED, file.path() + " has heads of " + std::to_string(out) +
                                                         " channels; multiples of 32 up to 512 are supported.");
    }
    return Status::good();
}

Status read_rotation(const GgufFile & file, const std::string & count, const std::string & base, int64_t head_dim,
                     Rope & r) {
    r.n_rot = int(file.integer(count, r.n_rot));
    r.base  = float(file.number(base, r.base));
    if (r.n_rot < 2 || r.n_rot > head_dim || r.n_rot % 2 != 0)
        return damaged_number(file, count, r.n_rot, "even and at most the head's channels");
    if (!(r.base > 0) || !std::isfinite(r.base)) return damaged_number(file, base, r.base, "a positive number");
    return Status::good();
}

namespace {

Status read_rope(const GgufFile & file, const std::string & a, HyperParams & p, int64_t head_dim, Rope & r) {
    r.n_rot = int(head_dim);
    RETURN_IF_FAILED(read_rotation(file, a + "rope.dimension_count", a + "rope.freq_base", head_dim, r));

    r.n_ctx_orig   = int(file.integer(a + "rope.scaling.original_context_length", p.n_ctx_train));
    double factor  = file.number(a + "rope.scaling.factor", file.number(a + "rope.scale_linear", 0.0));
    p.rope_scaling = file.text(a + "rope.scaling.type", factor > 0 ? "linear" : "none");
    const std::set<std::string> known = {"none", "linear", "yarn", "longrope"};
    if (known.count(p.rope_scaling) == 0) {
        return Status::fail(Code::MODEL_UNSUPPORTED, file.path() + " scales positions by \"" + p.rope_scaling +
                                                         "\"; none, linear, yarn and longrope are supported.");
    }
    if (file.tensor("rope_factors_long.weight")) p.rope_scaling = "longrope";  // some files name the factors alone
    if (p.rope_scaling != "none" && factor != 0) {
        if (!(factor > 0) || !std::isfinite(factor))
            return damaged_number(file, a + "rope.scaling.factor", factor, "a positive number");
        r.scale = float(1.0 / factor);
    }
    r.attn_factor = 1.0f;
    if (p.rope_scaling == "yarn") {
        r.ext_factor = float(file.number(a + "rope.scaling.yarn_ext_factor", 1.0));
        // ggml's rope multiplies by 1 + 0.1 ln(factor) itself when ext_factor is set: what the model wants is divided
        // by that.
        const float stretch = 1.0f / r.scale;
        const auto  size    = [&](float by) { return stretch <= 1.0f ? 1.0f : 0.1f * by * std::log(stretch) + 1.0f; };
        const float by_all  = float(file.number(a + "rope.scaling.yarn_log_multiplier", 0));
        r.attn_factor       = by_all != 0 ? size(1.0f) / size(by_all) : size(1.0f);
        r.attn_factor *= 1.0f / (1.0f + 0.1f * std::log(stretch));
        r.beta_fast = float(file.number(a + "rope.scaling.yarn_beta_fast", 32.0));
        r.beta_slow = float(file.number(a + "rope.scaling.yarn_beta_slow", 1.0));
    }
    r.attn_factor *= float(file.number(a + "rope.scaling.attn_factor", 1.0));
    return Status::good();
}

}  // namespace

Status read_by_layer(const GgufFile & file, const std::string & key, std::vector<int64_t> & by_layer) {
    if (!file.is_array(key)) {
        for (int64_t & value : by_layer) value = file.integer(key, value);
        return Status::good();
    }
    const std::vector<int64_t> list = file.integers(key);
    if (list.size() < by_layer.size())
        return Status::fail(Code::MODEL_FORMAT, file.path() + ": " + key + " lists " + std::to_string(list.size()) +
                                                    " numbers for " + std::to_string(by_layer.size()) + " layers.");
    std::copy_n(list.begin(), by_layer.size(), by_layer.begin());
    return Status::good();
}

Status damaged_number(const GgufFile & file, const std::string & key, double value, const std::string & range) {
    std::string shown = value == std::floor(value) && std::fabs(value) < 1e15 ? std::to_string((long long) value)
                                                                              : std::to_string(value);
    return Status::fail(Code::MODEL_FORMAT, file.path() + ": " + key + " is " + shown + ", it must be " + range + ".");
}

Status find_architecture(const GgufFile & file, const Architecture *& out) {
    std::string name = file.text("general.architecture", "");
    if (name == "clip") {
        return Status::fail(Code::MODEL_UNSUPPORTED,
                            file.path() + " is the vision projector of a model (mmproj), which goes with a file of its "
                                          "own: open that one. RocketDoc reads text.");
    }
    auto found = architectures().find(name);
    if (found == architectures().end()) {
        std::string known;
        for (const auto & [known_name, arch] : architectures()) known += (known.empty() ? "" : ", ") + known_name;
        return Status::fail(Code::MODEL_UNSUPPORTED, file.path() + " has the architecture \"" +
                                                         (name.empty() ? "none" : name) + "\"; RocketDoc runs " +
                                                         known + ".");
    }
    out = found->second;
    return Status::good();
}

int64_t HyperParams::count_layers(AttentionKind kind) const {
    return std::count_if(layers.begin(), layers.end(), [&](const LayerTraits & l) { return l.attention == kind; });
}

int64_t HyperParams::count_row_layers() const {
    return std::count_if(layers.begin(), layers.end(), [](const LayerTraits & l) { return l.keeps_rows(); });
}

// The router's score of nodes, three products and their gate, as many and their norms for one that serves every token,
// and of each chosen expert a view and a sum.
size_t HyperParams::expert_nodes() const {
    int64_t most = 0;
    for (const LayerTraits & layer : layers) most = std::max(most, layer.experts.used);
    return most > 0 ? size_t(48 + 2 * most) : 0;
}

std::vector<int64_t> HyperParams::windows() const {
    std::vector<int64_t> out;
    for (const LayerTraits & layer : layers) {
        if (!layer.keeps_rows()) continue;
        if (std::find(out.begin(), out.end(), layer.kept_window()) == out.end()) out.push_back(layer.kept_window());
    }
    return out;
}

const LayerTraits & HyperParams::full_layer() const {
    const auto full = std::find_if(layers.begin(), layers.end(),
                                   [](const LayerTraits & l) { return l.keeps_rows() && l.kept_window() == 0; });
    return full == layers.end() ? layers.front() : *full;
}

size_t HyperParams::kv_bytes_per_token() const {
    return size_t(count_layers(AttentionKind::full) * full_layer().kv_width()) * 2 * sizeof(uint16_t);
}

size_t HyperParams::kv_bytes(int64_t n_tokens) const {
    int64_t channels = 0;
    for (const LayerTraits & layer : layers)
        if (layer.keeps_rows()) channels += rows_kept(layer.kept_window(), n_tokens) * layer.kv_width();
    return size_t(channels) * 2 * sizeof(uint16_t);
}

Status read_experts(const GgufFile & file, const HyperParams & p, Experts & out) {
    const std::string a = p.architecture + ".";
    out.count           = file.integer(a + "expert_count", 0);
    out.used            = file.integer(a + "expert_used_count", 0);
    if (out.count < 2 || out.count > MOST_EXPERTS)
        return damaged_number(file, a + "expert_count", double(out.count), "2 to " + std::to_string(MOST_EXPERTS));
    if (out.used < 1 || out.used > std::min(out.count, MOST_USED))
        return damaged_number(file, a + "expert_used_count", double(out.used),
                              "1 to " + std::to_string(std::min(out.count, MOST_USED)));
    if (file.integer(a + "expert_group_count", 0) > 1)
        return Status::fail(Code::MODEL_UNSUPPORTED,
                            file.path() + " chooses its experts by groups (expert_group_count), which RocketDoc does "
                                          "not compute.");
    out.n_ff = file.integer(a + "expert_feed_forward_length", p.layer(0).n_ff / out.used);
    if (out.n_ff < 1 || out.n_ff > MOST_FF)
        return damaged_number(file, a + "expert_feed_forward_length", double(out.n_ff), "1 to 1,048,576");
    if (out.shared != SharedExpert::gated) return Status::good();
    out.n_ff_shared = file.integer(a + "expert_shared_feed_forward_length", p.layer(0).n_ff);
    if (out.n_ff_shared < 1 || out.n_ff_shared > MOST_FF)
        return damaged_number(file, a + "expert_shared_feed_forward_length", double(out.n_ff_shared), "1 to 1,048,576");
    return Status::good();
}

Status read_scale(const GgufFile & file, const std::string & key, float & out) {
    const double value = file.number(key, 0);
    if (value == 0) return Status::good();
    if (!std::isfinite(value)) return damaged_number(file, key, value, "a number");
    out = float(value);
    return Status::good();
}

Status read_logit_cap(const GgufFile & file, HyperParams & p) {
    const std::string key = p.architecture + ".final_logit_softcapping";
    p.logit_cap           = float(file.number(key, 0));
    if (!(p.logit_cap >= 0) || !std::isfinite(p.logit_cap))
        return damaged_number(file, key, p.logit_cap, "0 or a positive number");
    return Status::good();
}

Status read_common_params(const GgufFile & file, RopeKind rope, HyperParams & p) {
    p.architecture      = file.text("general.architecture", "");
    p.name              = file.text("general.name", "");
    const std::string a = p.architecture + ".";
    RETURN_IF_FAILED(check_supported_shape(file, a));
    RETURN_IF_FAILED(read_sizes(file, a, p));
    p.layers.assign(size_t(p.n_layer), {});
    RETURN_IF_FAILED(read_layer_sizes(file, a, p));
    int64_t head_dim = 0;
    RETURN_IF_FAILED(read_head_dim(file, a + "attention.key_length", a + "attention.value_length",
                                   p.n_embd / p.layer(0).n_head, head_dim));
    float scale = float(file.number(a + "attention.scale", 0));
    if (scale == 0) scale = 1.0f / std::sqrt(float(head_dim));
    Rope turned;
    turned.kind = rope;
    RETURN_IF_FAILED(read_rope(file, a, p, head_dim, turned));
    for (LayerTraits & layer : p.layers) layer.head_dim = head_dim, layer.scale = scale, layer.rope = turned;
    return Status::good();
}

}  // namespace rocketdoc
