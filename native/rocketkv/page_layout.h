// How many summaries pages take, for whoever stores, reads or counts them. C++17, for the CUDA kernels include it too.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define ROCKETKV_ANYWHERE __host__ __device__
#else
#define ROCKETKV_ANYWHERE
#endif

namespace rocketdoc {

// Pages that hold n_rows rows; the last may be short.
ROCKETKV_ANYWHERE constexpr int64_t page_count(int64_t n_rows, int64_t page) { return (n_rows + page - 1) / page; }

// Summaries of a page and channel: the least and the greatest key; a page of one row is both.
ROCKETKV_ANYWHERE constexpr int page_sides(int64_t page) { return page == 1 ? 1 : 2; }

// Pages of one plane (channel and side) with the padding that a device's loops want.
ROCKETKV_ANYWHERE constexpr int64_t padded_pages(int64_t capacity, int64_t page, int64_t padding) {
    return (page_count(capacity, page) + padding - 1) / padding * padding;
}

}  // namespace rocketdoc
