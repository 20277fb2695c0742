// What choosing rows costs in bytes, by selector: for plans and counters, and for the budgets of selectors that spend
// bytes otherwise than the paper's pages. Bytes of pages and codes stand nowhere else but in page_layout.h.
#pragma once

#include <cstddef>

#include "method.h"
#include "params.h"
#include "selector_shape.h"

namespace rocketdoc {

// Bytes of a coded token in the stream that a step reads, and of the ranges that a step reads once.
int64_t code_bytes(int head_dim, bool residual);
int64_t code_range_bytes(int head_dim, bool residual);
// Bytes of a head that do not grow with its rows: ranges, channel order, importance.
int64_t code_stored_range_bytes(int head_dim, bool residual);

// Bytes that one step of one head reads for choosing and attending, with n_live rows.
size_t selector_read_bytes(SelectorKind kind, const SelectorShape & shape, int64_t n_live);
// Bytes held for all heads at full capacity, with the paddings of the CPU's loops.
size_t selector_stored_bytes(SelectorKind kind, const SelectorShape & shape);

// Rows a KV head that the codes selectors keep: as many as take, codes included, 0.85 of the bytes of the paper's rows
// and page summaries. Never fewer than the paper keeps, never more than n_total, the most rows that there will be.
int64_t codes_capacity(const RocketBudgets & paper, int head_dim, bool residual, int64_t n_total);

// k for the codes selectors (ALGORITHM "Beyond the paper", 5): the most rows that a step may attend to without reading
// more bytes than a step by the paper's pages reads (with the paper's capacity, page, r and k). The codes and scales of
// all `capacity` rows count as read. It holds for each step of the answer in which pages would choose at all. Below 1:
// the codes alone read more.
int64_t codes_k(const RocketBudgets & paper, int64_t capacity, int head_dim, bool residual);

}  // namespace rocketdoc
