#include "selectors.h"

namespace rocketdoc {

std::unique_ptr<Selector> make_selector(SelectorKind kind, const SelectorShape & shape) {
    switch (kind) {
        case SelectorKind::pages: return make_pages_selector(shape);
        case SelectorKind::codes: return make_codes_selector(shape, false);
        case SelectorKind::codes_residual: return make_codes_selector(shape, true);
        case SelectorKind::exact: return make_exact_selector(shape);
    }
    return nullptr;
}

// Heads are alike, so one head's selector tells; it is small enough to make and let go.
size_t selector_stored_bytes(SelectorKind kind, const SelectorShape & shape) {
    SelectorShape one = shape;
    one.n_cache_head  = 1;
    return make_selector(kind, one)->stored_bytes() * size_t(shape.n_cache_head);
}

}  // namespace rocketdoc
