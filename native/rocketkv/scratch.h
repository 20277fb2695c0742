// Reusable memory: a vector that grows to what a call needs and never shrinks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rocketdoc {

template <typename T>
T * at_least(std::vector<T> & memory, int64_t n) {
    if (memory.size() < size_t(n)) memory.resize(size_t(n));
    return memory.data();
}

}  // namespace rocketdoc
