// How many numbers a token takes on a GPU, by a model's header.
#pragma once

#include "../../arch/architecture.h"

namespace rocketdoc {

// Of a layer's queries, and of what attention makes of them; of the layer where that is most.
int64_t most_queries(const HyperParams & params);
// What a product reads at most.
int64_t widest_input(const HyperParams & params);
// All that a token's parts share, and what the nodes of the largest part make.
int64_t token_values(const HyperParams & params);

}  // namespace rocketdoc
