#include "layer_traits.h"

#include <cmath>

namespace rocketdoc {
namespace {

// What of a layer is not computed, as the end of a sentence; empty when everything is.
std::string not_computed(const LayerTraits & l) {
    switch (l.attention) {
        case AttentionKind::full: break;
        case AttentionKind::window: break;
        case AttentionKind::shared: break;
        case AttentionKind::recurrent: break;
    }
    if (l.n_head_kv == 0 && !l.is_recurrent()) return "has no KV heads";
    if (l.softcap != 0) return "caps attention logits at " + std::to_string(l.softcap);
    return "";
}

// What is not computed of a layer that sees another's rows. They must be at hand when it comes: of the last two layers
// that keep rows, and of the last one with a window where it has one.
std::string sharing_not_computed(const std::vector<LayerTraits> & layers, size_t i) {
    const LayerTraits & l = layers[i];
    if (!l.shares_rows()) return "";
    const std::string what = "shares the KV rows of layer " + std::to_string(l.shared_layer);
    if (l.shared_layer < 0 || l.shared_layer >= int64_t(i) || !layers[size_t(l.shared_layer)].keeps_rows())
        return what + ", which has none,";
    const LayerTraits & of = layers[size_t(l.shared_layer)];
    if (of.kept_window() != l.kept_window() || of.n_head_kv != l.n_head_kv || of.head_dim != l.head_dim ||
        l.n_head % l.n_head_kv != 0)
        return what + ", whose window or heads are others,";
    int64_t n_between = 0;
    for (size_t j = size_t(l.shared_layer) + 1; j < layers.size(); j++) {
        if (!layers[j].keeps_rows()) continue;
        if (j > i) return what + " before a layer that has rows of its own,";
        if (++n_between > 1 || (l.window > 0 && layers[j].kept_window() > 0))
            return what + ", which is not the last of its kind,";
    }
    return "";
}

// Layers that see every row choose rows by one budget, and share what chooses on a device.
Status check_heads(const std::string & path, const std::vector<LayerTraits> & layers) {
    const LayerTraits * first = nullptr;
    for (size_t i = 0; i < layers.size(); i++) {
        const LayerTraits & l = layers[i];
        if (!l.chooses_rows()) continue;
        if (!first) first = &l;
        if (l.n_head == first->n_head && l.n_head_kv == first->n_head_kv && l.head_dim == first->head_dim) continue;
        const auto heads = [](const LayerTraits & of) {
            return std::to_string(of.n_head) + " query heads and " + std::to_string(of.n_head_kv) + " KV heads of " +
                   std::to_string(of.head_dim) + " channels";
        };
        return Status::fail(Code::MODEL_UNSUPPORTED,
                            path + ": layer " + std::to_string(i) + " has " + heads(l) + ", an earlier one " +
                                heads(*first) + "; layers that see the whole text must be alike in RocketDoc.");
    }
    return Status::good();
}

}  // namespace

Status check_traits(const std::string & path, const std::vector<LayerTraits> & layers) {
    for (size_t i = 0; i < layers.size(); i++) {
        std::string what = not_computed(layers[i]);
        if (what.empty()) what = sharing_not_computed(layers, i);
        if (!what.empty())
            return Status::fail(Code::MODEL_UNSUPPORTED, path + ": layer " + std::to_string(i) + " " + what +
                                                             ", which RocketDoc does not compute.");
        const bool has_window = layers[i].attention == AttentionKind::window || layers[i].window != 0;
        if (has_window && layers[i].window < 1)
            return Status::fail(Code::MODEL_FORMAT, path + ": the window of layer " + std::to_string(i) + " is " +
                                                        std::to_string(layers[i].window) +
                                                        ", it must be at least 1 token.");
        if (!(layers[i].scale > 0) || !std::isfinite(layers[i].scale))
            return Status::fail(Code::MODEL_FORMAT, path + ": the attention scale of layer " + std::to_string(i) +
                                                        " is " + std::to_string(layers[i].scale) +
                                                        ", it must be a positive number.");
    }
    return check_heads(path, layers);
}

}  // namespace rocketdoc
