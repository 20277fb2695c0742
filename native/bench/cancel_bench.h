// How soon a cancel is seen: from the call of cancel() on another thread to the return of the call that it ends.
#pragma once

#include <vector>

#include "engine/engine.h"

namespace rocketdoc {

enum class CancelPhase { prefill, decode };

// Asks on the document and cancels at a random moment of reading the prompt, or of writing the answer, until `n` cancels were seen.
// `ms`: one for each, ascending. INTERNAL when a cancelled call says anything else than CANCELLED or leaves the session changed.
Status measure_cancels(Engine & engine, Document & document, const AskRequest & request, CancelPhase phase, int n, std::vector<double> & ms);

}  // namespace rocketdoc
