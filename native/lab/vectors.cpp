#include "vectors.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "rocketkv/half.h"
#include "rocketkv/reference.h"

namespace rocketdoc {
namespace {

constexpr double STAGE1_TOLERANCE = 1e-5;  // relative, between scores that count as equal
constexpr double STAGE2_TOLERANCE = 1e-4;

Status check_length(const char * name, size_t length, int64_t expected) {
    if (int64_t(length) == expected) return Status::good();
    return Status::fail(Code::INVALID_ARGUMENT, std::string(name) + " has " + std::to_string(length) +
                                                    " values; its shape needs " + std::to_string(expected) + ".");
}

Status check_indices(const char * name, const std::vector<int32_t> & indices, int64_t end) {
    for (int32_t index : indices) {
        if (index < 0 || index >= end) {
            return Status::fail(Code::INVALID_ARGUMENT, std::string(name) + " holds " + std::to_string(index) +
                                                            "; it must be 0 to " + std::to_string(end - 1) + ".");
        }
    }
    return Status::good();
}

Status check_shape(const Vectors & x) {
    const int64_t H = x.n_head, G = x.n_head_kv, D = x.head_dim, T = x.prompt_len;
    if (G < 1 || H < 1 || H % G != 0 || D < 32 || D > 512 || D % 32 != 0) {
        return Status::fail(Code::INVALID_ARGUMENT,
                            "The heads must be a multiple of the KV heads, of 32 to 512 channels in steps of 32.");
    }
    if (T < 1 || x.window < 1 || x.window > T || x.keep < 0 || x.keep > T - x.window || x.kernel < 1 ||
        x.kernel % 2 == 0 || x.page < 1 || x.top_r < 1 || x.top_r > D || x.top_k < 1 || x.steps < 0 ||
        T > (int64_t(1) << 28) || x.steps > 1000000) {
        return Status::fail(Code::INVALID_ARGUMENT, "The metadata's sizes contradict each other (prompt_len, window, "
                                                    "keep, kernel, page, top_r, top_k, steps).");
    }
    return Status::good();
}

Status check_arrays(const Vectors & x) {
    const int64_t H = x.n_head, G = x.n_head_kv, D = x.head_dim, T = x.prompt_len, S = x.steps;
    RETURN_IF_FAILED(check_length("q_window", x.q_window.size(), H * x.window * D));
    RETURN_IF_FAILED(check_length("k", x.k.size(), G * T * D));
    RETURN_IF_FAILED(check_length("v", x.v.size(), G * T * D));
    RETURN_IF_FAILED(check_length("stage1_indices", x.stage1_indices.size(), G * x.keep));
    RETURN_IF_FAILED(check_length("compact_order", x.compact_order.size(), G * x.keep));
    RETURN_IF_FAILED(check_length("decode_q", x.decode_q.size(), S * H * D));
    RETURN_IF_FAILED(check_length("decode_k", x.decode_k.size(), S * G * D));
    RETURN_IF_FAILED(check_length("decode_v", x.decode_v.size(), S * G * D));
    RETURN_IF_FAILED(check_length("decode_top_r", x.decode_top_r.size(), S * G * x.top_r));
    RETURN_IF_FAILED(check_length("decode_top_k", x.decode_top_k.size(), S * G * x.top_k));
    RETURN_IF_FAILED(check_length("decode_out", x.decode_out.size(), S * H * D));
    RETURN_IF_FAILED(check_indices("stage1_indices", x.stage1_indices, T - x.window));
    RETURN_IF_FAILED(check_indices("compact_order", x.compact_order, T - x.window));
    RETURN_IF_FAILED(check_indices("decode_top_r", x.decode_top_r, D));
    return check_indices("decode_top_k", x.decode_top_k, x.keep + x.window + S);
}

enum class Agreement { same, tie, mismatch };

// Whether two choices among n scores are one set, or differ only where scores equal the lowest one chosen.
template <typename Score>
Agreement compare_choice(std::vector<int32_t> recorded, std::vector<int32_t> found, int64_t n, const Score & score,
                         double tolerance) {
    for (std::vector<int32_t> * choice : {&recorded, &found}) {
        std::sort(choice->begin(), choice->end());
        const bool outside = !choice->empty() && (choice->front() < 0 || choice->back() >= n);
        if (outside || std::adjacent_find(choice->begin(), choice->end()) != choice->end()) return Agreement::mismatch;
    }
    if (recorded == found) return Agreement::same;
    if (recorded.size() != found.size()) return Agreement::mismatch;
    double boundary = INFINITY;
    for (int32_t i : found) boundary = std::min(boundary, double(score(i)));
    std::vector<int32_t> different;
    std::set_symmetric_difference(recorded.begin(), recorded.end(), found.begin(), found.end(),
                                  std::back_inserter(different));
    for (int32_t i : different) {
        const bool equal = std::fabs(double(score(i)) - boundary) <= tolerance * std::max(std::fabs(boundary), 1e-30);
        if (!equal) return Agreement::mismatch;  // NaN is equal to nothing
    }
    return Agreement::tie;
}

void count(Agreement agreement, int64_t & ties, int64_t & mismatches) {
    ties += agreement == Agreement::tie;
    mismatches += agreement == Agreement::mismatch;
}

Status check_stage1(const Vectors & x, Recompute & device, VectorsReport & report) {
    const int64_t        n_prefix = x.prompt_len - x.window;
    std::vector<float>   pooled;
    std::vector<int32_t> kept;
    RETURN_IF_FAILED(device.keep(pooled, kept));
    for (int head = 0; head < x.n_head_kv; head++) {
        const int32_t * recorded = x.stage1_indices.data() + head * x.keep;
        const int32_t * found    = kept.data() + head * x.keep;
        const float *   score    = pooled.data() + head * n_prefix;
        count(compare_choice(
                  {recorded, recorded + x.keep}, {found, found + x.keep}, n_prefix, [&](int32_t i) { return score[i]; },
                  STAGE1_TOLERANCE),
              report.stage1_ties, report.stage1_mismatches);
    }
    return Status::good();
}

// The compact cache of the recording: kept rows in their recorded order, then the window's.
std::vector<int32_t> recorded_order(const Vectors & x) {
    std::vector<int32_t> order;
    for (int head = 0; head < x.n_head_kv; head++) {
        const auto first = x.compact_order.begin() + int64_t(head) * x.keep;
        order.insert(order.end(), first, first + x.keep);
        for (int64_t row = x.prompt_len - x.window; row < x.prompt_len; row++) order.push_back(int32_t(row));
    }
    return order;
}

// keys: per head [n, D] f32 of the recorded rows, for the scores that choices are compared by.
Status check_gather(const Vectors & x, Recompute & device, VectorsReport & report,
                    std::vector<std::vector<float>> & keys) {
    const int64_t              D = x.head_dim, n = x.keep + x.window;
    const std::vector<int32_t> order = recorded_order(x);
    std::vector<f16_bits>      k, v;
    RETURN_IF_FAILED(device.gather(order, k, v));
    keys.resize(size_t(x.n_head_kv));
    for (int64_t head = 0; head < x.n_head_kv; head++) {
        bool same = true;
        for (int64_t row = 0; row < n; row++) {
            const int64_t from = (head * x.prompt_len + order[size_t(head * n + row)]) * D, to = (head * n + row) * D;
            same = same && std::equal(k.begin() + to, k.begin() + to + D, x.k.begin() + from) &&
                   std::equal(v.begin() + to, v.begin() + to + D, x.v.begin() + from);
            for (int64_t c = 0; c < D; c++) keys[size_t(head)].push_back(f32_from_f16(x.k[size_t(from + c)]));
        }
        report.gather_mismatches += !same;
    }
    return Status::good();
}

Status check_stage2(const Vectors & x, Recompute & device, VectorsReport & report,
                    std::vector<std::vector<float>> & keys) {
    const int            D = x.head_dim, g = x.n_head / x.n_head_kv;
    std::vector<int32_t> chosen;
    std::vector<float>   out;
    for (int step = 0; step < x.steps; step++) {
        const int64_t first = int64_t(step) * x.n_head_kv, n = x.keep + x.window + step + 1;
        RETURN_IF_FAILED(device.choose(step, chosen));
        RETURN_IF_FAILED(device.attend(step, x.decode_top_k.data() + first * x.top_k, out));
        for (int head = 0; head < x.n_head_kv; head++) {
            const int64_t        at    = first + head;
            const float *        new_k = x.decode_k.data() + at * D;
            std::vector<float> & rows  = keys[size_t(head)];
            rows.insert(rows.end(), new_k, new_k + D);  // unrounded
            const float *              q = x.decode_q.data() + (int64_t(step) * x.n_head + int64_t(head) * g) * D;
            const std::vector<int32_t> channels(x.decode_top_r.begin() + at * x.top_r,
                                                x.decode_top_r.begin() + (at + 1) * x.top_r);
            const std::vector<int32_t> tokens(x.decode_top_k.begin() + at * x.top_k,
                                              x.decode_top_k.begin() + (at + 1) * x.top_k);
            const std::vector<int32_t> found(chosen.begin() + head * x.top_k, chosen.begin() + (head + 1) * x.top_k);

            const reference::Query query{q, g, x.scale()};
            const auto             weight = [&](int32_t c) {
                float sum = 0;
                for (int h = 0; h < g; h++) sum += std::fabs(q[h * D + c]);
                return sum;
            };
            count(compare_choice(channels, reference::top_channels(query, D, x.top_r), D, weight, STAGE2_TOLERANCE),
                  report.top_r_ties, report.top_r_mismatches);

            const std::vector<float> scores =
                reference::page_scores({rows.data(), nullptr, n, D}, query, x.page, channels);
            auto            score = [&](int32_t i) { return scores[size_t(i)]; };
            const Agreement scalar =
                compare_choice(tokens, reference::top_k(scores, x.top_k), n, score, STAGE2_TOLERANCE);
            const Agreement fast = compare_choice(tokens, found, n, score, STAGE2_TOLERANCE);
            count(std::max(scalar, fast), report.top_k_ties, report.top_k_mismatches);

            const bool valid = *std::max_element(tokens.begin(), tokens.end()) < n;
            if (!valid) continue;  // already a mismatch
            const float * expected = x.decode_out.data() + (int64_t(step) * x.n_head + int64_t(head) * g) * D;
            for (int i = 0; i < g * D; i++) {
                const float error = std::fabs(out[size_t(head * g * D + i)] - expected[i]);
                if (!(error <= report.out_max_error) && !std::isnan(report.out_max_error))
                    report.out_max_error = error;  // NaN stays
            }
        }
    }
    return Status::good();
}

}  // namespace

Status check_vectors(const Vectors & vectors, Recompute & device, VectorsReport & report) {
    report = {};
    RETURN_IF_FAILED(check_shape(vectors));
    RETURN_IF_FAILED(check_arrays(vectors));
    if (vectors.steps > 0 && vectors.top_k > vectors.keep + vectors.window + 1) {
        return Status::fail(Code::INVALID_ARGUMENT, "top_k is larger than the compact cache.");
    }
    std::vector<std::vector<float>> keys;
    RETURN_IF_FAILED(device.begin(vectors));
    RETURN_IF_FAILED(check_stage1(vectors, device, report));
    RETURN_IF_FAILED(check_gather(vectors, device, report, keys));
    return check_stage2(vectors, device, report, keys);
}

Status make_vectors(uint64_t seed, Vectors & x) {
    RETURN_IF_FAILED(check_shape(x));
    const int                       D = x.head_dim, g = x.n_head / x.n_head_kv;
    std::mt19937_64                 random(seed);
    std::normal_distribution<float> normal;
    auto                            rounded = [&](float value) { return f32_from_f16(f16_from_f32(value)); };

    std::vector<float> strength(static_cast<size_t>(D));
    for (float & s : strength) s = std::exp(0.7f * normal(random));
    auto new_row = [&](float * row, const float * before) {
        for (int c = 0; c < D; c++)
            row[c] = rounded((before ? 0.7f * before[c] : 0.0f) + 0.7f * strength[size_t(c)] * normal(random));
    };
    auto fill_rows = [&](std::vector<f16_bits> & rows) {
        rows.resize(size_t(x.n_head_kv * x.prompt_len * D));
        std::vector<float> row(static_cast<size_t>(D)), before;
        for (int64_t i = 0; i < int64_t(x.n_head_kv) * x.prompt_len; i++) {
            new_row(row.data(), before.empty() ? nullptr : before.data());
            before = row;
            for (int c = 0; c < D; c++) rows[size_t(i * D + c)] = f16_from_f32(row[size_t(c)]);
        }
    };
    auto fill = [&](std::vector<float> & values, int64_t n) {
        values.resize(size_t(n));
        for (float & value : values) value = rounded(normal(random));
    };
    fill_rows(x.k);
    fill_rows(x.v);
    fill(x.q_window, int64_t(x.n_head) * x.window * D);
    fill(x.decode_q, int64_t(x.steps) * x.n_head * D);
    fill(x.decode_k, int64_t(x.steps) * x.n_head_kv * D);
    fill(x.decode_v, int64_t(x.steps) * x.n_head_kv * D);
    x.decode_out.resize(x.decode_q.size());
    x.stage1_indices.clear();
    x.decode_top_r.resize(size_t(x.steps) * x.n_head_kv * x.top_r);
    x.decode_top_k.resize(size_t(x.steps) * x.n_head_kv * size_t(x.top_k));

    auto f32_row = [&](const std::vector<f16_bits> & rows, int head, int64_t row, std::vector<float> & out) {
        for (int c = 0; c < D; c++)
            out.push_back(f32_from_f16(rows[size_t((int64_t(head) * x.prompt_len + row) * D + c)]));
    };
    for (int head = 0; head < x.n_head_kv; head++) {
        std::vector<float> keys;
        for (int64_t row = 0; row < x.prompt_len; row++) f32_row(x.k, head, row, keys);
        float                   window_mass = 0;
        const reference::Floats scores      = reference::stage1_scores(
            {keys.data(), nullptr, x.prompt_len, D},
            {x.q_window.data() + int64_t(head) * g * x.window * D, g, x.scale()}, x.window, window_mass);
        const reference::Rows kept =
            reference::keep(reference::pool_max(scores, x.kernel), x.window, x.keep + x.window);
        x.stage1_indices.insert(x.stage1_indices.end(), kept.begin(), kept.begin() + x.keep);

        std::vector<float> compact_k, compact_v;
        for (int32_t row : kept) {
            f32_row(x.k, head, row, compact_k);
            f32_row(x.v, head, row, compact_v);
        }
        for (int step = 0; step < x.steps; step++) {
            const int64_t at = int64_t(step) * x.n_head_kv + head, n = x.keep + x.window + step + 1;
            compact_k.insert(compact_k.end(), x.decode_k.begin() + at * D, x.decode_k.begin() + (at + 1) * D);
            compact_v.insert(compact_v.end(), x.decode_v.begin() + at * D, x.decode_v.begin() + (at + 1) * D);
            const reference::Head  rows{compact_k.data(), compact_v.data(), n, D};
            const reference::Query query{x.decode_q.data() + (int64_t(step) * x.n_head + int64_t(head) * g) * D, g,
                                         x.scale()};
            const reference::Rows  channels = reference::top_channels(query, D, x.top_r);
            std::copy(channels.begin(), channels.end(), x.decode_top_r.begin() + at * x.top_r);
            const reference::Rows chosen =
                reference::top_k(reference::page_scores(rows, query, x.page, channels), x.top_k);
            std::copy(chosen.begin(), chosen.end(), x.decode_top_k.begin() + at * x.top_k);
            const reference::Floats out = reference::attention(rows, query, chosen);
            std::copy(out.begin(), out.end(),
                      x.decode_out.begin() + (int64_t(step) * x.n_head + int64_t(head) * g) * D);
        }
    }
    x.compact_order = x.stage1_indices;
    return Status::good();
}

}  // namespace rocketdoc
