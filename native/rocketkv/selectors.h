// The selectors there are, without memory yet; each lives in its own file.
#pragma once

#include "selector.h"

namespace rocketdoc {

std::unique_ptr<Selector> make_exact_selector(const SelectorShape & shape);
std::unique_ptr<Selector> make_pages_selector(const SelectorShape & shape);
std::unique_ptr<Selector> make_codes_selector(const SelectorShape & shape, bool residual);

}  // namespace rocketdoc
