#include "selectors.h"

namespace rocketdoc {
namespace {

std::unique_ptr<Selector> without_memory(SelectorKind kind, const SelectorShape & shape) {
    switch (kind) {
        case SelectorKind::pages: return make_pages_selector(shape);
        case SelectorKind::codes: return make_codes_selector(shape, false);
        case SelectorKind::codes_residual: return make_codes_selector(shape, true);
        case SelectorKind::exact: return make_exact_selector(shape);
    }
    return nullptr;
}

}  // namespace

std::unique_ptr<Selector> make_selector(SelectorKind kind, const SelectorShape & shape) {
    std::unique_ptr<Selector> selector = without_memory(kind, shape);
    selector->allocate();
    return selector;
}

std::unique_ptr<const Selector> selector_costs(SelectorKind kind, const SelectorShape & shape) {
    return without_memory(kind, shape);
}

}  // namespace rocketdoc
