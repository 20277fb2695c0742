// What this machine can still give, so that a plan is refused before anything is allocated.
#pragma once

#include <cstdint>

namespace rocketdoc {

// Bytes that can be allocated now: free memory, and any limit on this process or its control group.
int64_t host_memory_available();

}  // namespace rocketdoc
