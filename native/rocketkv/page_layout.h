// What pages are, for whoever stores, reads, counts or scores them: how many summaries they take, which of them a query
// reads, and what its scores are multiplied by. C++17, for the CUDA kernels include it too.
#pragma once

#include <math.h>

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

// The summary that bounds the product of the group's queries with a page's keys, by their sum in this channel: 1, the
// greatest key, where it is above 0; 0, the least.
ROCKETKV_ANYWHERE constexpr int page_side(int64_t page, float group_sum) {
    return page_sides(page) == 2 && group_sum > 0 ? 1 : 0;
}

// What a query's page scores are multiplied by. The r channels that are read hold a part of it, `read` of `all` by
// magnitude: softer scores stand for those left out. A query that has nothing in these channels scores every page 0.
ROCKETKV_ANYWHERE inline float page_score_scale(float scale, float read, float all) {
    return read > 0 && all > 0 ? scale * sqrtf(all / read) : 0.0f;
}

}  // namespace rocketdoc
