// XXH64 (Yann Collet's, public specification): tells damage, not intent. Kept files are as private as the library
// beside them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rocketdoc {

// Of a sequence of runs: each run's seed is the checksum of those before it.
uint64_t checksum(const void * data, size_t bytes, uint64_t seed);

}  // namespace rocketdoc
