#include "layer_traits.h"

#include <cmath>

namespace rocketdoc {
namespace {

// What of a layer is not computed, as the end of a sentence; empty when everything is.
std::string not_computed(const LayerTraits & l) {
    switch (l.attention) {
        case AttentionKind::full: break;
        case AttentionKind::window: break;
        case AttentionKind::shared: return "shares the KV rows of layer " + std::to_string(l.shared_layer);
        case AttentionKind::recurrent: return "is recurrent";
    }
    if (l.softcap != 0) return "caps attention logits at " + std::to_string(l.softcap);
    return "";
}

// Layers that see every row choose rows by one budget, and share what chooses on a device.
Status check_heads(const std::string & path, const std::vector<LayerTraits> & layers) {
    const LayerTraits * first = nullptr;
    for (size_t i = 0; i < layers.size(); i++) {
        const LayerTraits & l = layers[i];
        if (!l.keeps_rows() || l.kept_window() > 0) continue;
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
        const std::string what = not_computed(layers[i]);
        if (!what.empty())
            return Status::fail(Code::MODEL_UNSUPPORTED, path + ": layer " + std::to_string(i) + " " + what +
                                                             ", which RocketDoc does not compute.");
        if (layers[i].attention == AttentionKind::window && layers[i].window < 1)
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
