#include "layer_selector.h"

namespace rocketdoc {

std::unique_ptr<LayerSelector> make_layer_selector(SelectorKind kind, const SelectorShape & shape) {
    switch (kind) {
#define SELECTOR(name, text) \
    case SelectorKind::name: return make_##name##_layer(shape);
#include "../../rocketkv/method.def"
    }
    return nullptr;
}

}  // namespace rocketdoc
