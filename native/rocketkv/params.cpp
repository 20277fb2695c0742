#include "params.h"

#include <algorithm>
#include <cmath>

#include "rows.h"
#include "selector_costs.h"

namespace rocketdoc {

namespace {

constexpr int64_t MAX_ROWS = INT32_MAX;  // row indices are int32

Status in_range(const char * field, int64_t value, int64_t low, int64_t high) {
    if (value >= low && value <= high) return Status::good();
    return Status::fail(Code::INVALID_ARGUMENT, std::string(field) + " is " + std::to_string(value) +
                                                    "; it must lie between " + std::to_string(low) + " and " +
                                                    std::to_string(high) + ".");
}

Status in_range(const char * field, int64_t value, const Limit & limit) {
    return in_range(field, value, limit.least, limit.most);
}

Status check(const RocketOptions & options, int64_t n_prompt, int64_t n_question, int64_t max_new, int head_dim) {
    RETURN_IF_FAILED(in_range("head_dim", head_dim, 32, MAX_HEAD_DIM));
    if (head_dim % 32 != 0)
        return Status::fail(Code::INVALID_ARGUMENT,
                            "head_dim is " + std::to_string(head_dim) + "; it must be a multiple of 32.");
    RETURN_IF_FAILED(in_range("n_prompt", n_prompt, 1, MAX_ROWS));
    RETURN_IF_FAILED(in_range("n_question", n_question, 1, n_prompt));
    RETURN_IF_FAILED(in_range("max_new", max_new, 0, MAX_ROWS - n_prompt));
    RETURN_IF_FAILED(in_range("token_budget", options.token_budget, limits::token_budget));
    RETURN_IF_FAILED(in_range("window", options.window, limits::window));
    RETURN_IF_FAILED(in_range("kernel", options.kernel, limits::kernel));
    if (options.kernel % 2 == 0)
        return Status::fail(Code::INVALID_ARGUMENT,
                            "kernel is " + std::to_string(options.kernel) + "; it must be odd.");
    RETURN_IF_FAILED(in_range("page", options.page, limits::page));
    RETURN_IF_FAILED(in_range("r", options.r, limits::r.least, std::min<int64_t>(limits::r.most, head_dim)));
    RETURN_IF_FAILED(in_range("k", options.k, limits::k));
    RETURN_IF_FAILED(in_range("n_dense_layers", options.n_dense_layers, limits::n_dense_layers));
    return Status::good();
}

}  // namespace

Status rocket_budgets(const RocketOptions & options, int64_t n_prompt, int64_t n_question, int64_t max_new,
                      int head_dim, bool stage1, RocketBudgets & out) {
    RETURN_IF_FAILED(check(options, n_prompt, n_question, max_new, head_dim));

    const int64_t t = options.token_budget;
    const int64_t S = n_prompt + max_new;
    RocketBudgets b;
    b.token_budget = t;
    b.window       = int(std::min<int64_t>(options.window, n_question));
    b.kernel       = options.kernel;

    b.capacity = S;
    if (stage1) {
        const double c = std::max(1.0, double(S) / double(t));
        const double alpha =
            options.decomposition == Decomposition::v1 ? 0.5 : std::min(0.2 + 0.06 * std::log2(c), 0.8);
        b.capacity = int64_t(std::floor(double(S) / std::pow(c, alpha)));
        // The lift: a long answer never starves the prompt, and the window always fits beside the answer.
        b.capacity = std::max(b.capacity, std::min(2 * max_new, S));
        b.capacity = std::max(b.capacity, b.window + max_new);
        b.capacity = std::min(b.capacity, S);
    }
    b.prompt_budget = b.capacity - max_new;
    b.evicts        = n_prompt > b.prompt_budget;

    const double c2 = std::max(1.0, double(b.capacity) / double(t));
    b.page          = options.page > 0 ? options.page : int(std::min(std::floor(c2), std::ceil(std::sqrt(c2))));
    b.r = options.r > 0 ? options.r : int(std::clamp<long>(std::lround(head_dim * b.page / c2), 1, head_dim));
    b.k = std::max<int64_t>(1, std::min(t / 2, b.capacity));

    const bool codes = options.selector == SelectorKind::codes || options.selector == SelectorKind::codes_residual;
    if (codes && S > t) {
        const RocketBudgets paper    = b;
        const bool          residual = options.selector == SelectorKind::codes_residual;
        if (stage1) {
            b.capacity      = codes_capacity(paper, head_dim, residual, S);
            b.prompt_budget = b.capacity - max_new;
            b.evicts        = n_prompt > b.prompt_budget;
        }
        b.k = std::min(codes_k(paper, b.capacity, head_dim, residual), b.capacity);
    }
    if (options.k > 0) b.k = std::min<int64_t>(options.k, b.capacity);
    if (b.k < 1)
        return Status::fail(Code::INVALID_ARGUMENT,
                            "token_budget is " + std::to_string(t) + "; the codes of " + std::to_string(b.capacity) +
                                " rows alone take more reading than that. Raise it, or choose by pages.");

    // Everything fits the budget (or k reaches every row): choosing would only add reading.
    b.dense = S <= t || b.k >= b.capacity;
    if (b.dense) b.k = b.capacity;
    out = b;
    return Status::good();
}

Status mode_budgets(Mode mode, const RocketOptions & options, int64_t n_prompt, int64_t n_question, int64_t max_new,
                    int head_dim, RocketBudgets & out) {
    RocketOptions used = options;
    if (!mode_selects(mode) || mode == Mode::exact_topk)
        used.selector = SelectorKind::exact;  // no codes, so none to fit the budget
    return rocket_budgets(used, n_prompt, n_question, max_new, head_dim, mode_evicts(mode), out);
}

}  // namespace rocketdoc
