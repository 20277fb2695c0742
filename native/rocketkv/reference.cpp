#include "reference.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rocketdoc::reference {

namespace {

double dot(const float * a, const float * b, int D) {
    double sum = 0;
    for (int c = 0; c < D; c++) sum += double(a[c]) * double(b[c]);
    return sum;
}

// Of query head h; its sink takes a share that no row gets.
std::vector<double> softmax(const std::vector<double> & logits, const Query & query, int h) {
    double top = *std::max_element(logits.begin(), logits.end());
    if (query.sinks) top = std::max(top, double(query.sinks[h]));
    std::vector<double> p;
    double              sum = query.sinks ? std::exp(double(query.sinks[h]) - top) : 0;
    for (const double x : logits) {
        p.push_back(std::exp(x - top));
        sum += p.back();
    }
    for (double & x : p) x /= sum;
    return p;
}

Floats to_floats(const std::vector<double> & x) { return Floats(x.begin(), x.end()); }

}  // namespace

Floats stage1_scores(const Head & head, const Query & query, int window, float & window_mass) {
    const int64_t       n = head.n;
    const int           D = head.D;
    std::vector<double> s(size_t(n), 0.0);
    for (int h = 0; h < query.g; h++) {
        for (int i = 0; i < window; i++) {
            std::vector<double> logits;
            for (int64_t c = 0; c <= n - window + i; c++)
                logits.push_back(dot(query.q + (int64_t(h) * window + i) * D, head.keys + c * D, D) * query.scale);
            const std::vector<double> p = softmax(logits, query, h);
            for (size_t c = 0; c < p.size(); c++) s[c] += p[c];
        }
    }
    double mass = 0;
    for (int64_t c = n - window; c < n; c++) mass += s[size_t(c)];
    window_mass = float(mass);
    s.resize(size_t(n - window));
    return to_floats(s);
}

Floats pool_max(const Floats & s, int kernel) {
    const int64_t n = int64_t(s.size());
    Floats        out;
    for (int64_t i = 0; i < n; i++) {
        float top = -INFINITY;
        for (int64_t j = std::max<int64_t>(0, i - kernel / 2); j <= std::min(n - 1, i + kernel / 2); j++)
            if (s[size_t(j)] > top) top = s[size_t(j)];
        out.push_back(top);
    }
    return out;
}

Floats pool_triangle(const Floats & s) {
    const int64_t       n = int64_t(s.size());
    std::vector<double> from(s.begin(), s.end());
    for (int pass = 0; pass < 2; pass++) {
        std::vector<double> to;
        for (int64_t i = 0; i < n; i++) {
            double sum = 0;
            for (int64_t j = i - 7; j <= i + 7; j++)
                if (j >= 0 && j < n) sum += from[size_t(j)];
            to.push_back(sum / 15);
        }
        from = to;
    }
    return to_floats(from);
}

Rows top_k(const Floats & s, int64_t k) {
    Rows order(s.size());
    std::iota(order.begin(), order.end(), 0);
    const auto value = [&](int32_t i) {
        return std::isnan(s[size_t(i)]) ? -std::numeric_limits<double>::infinity() : double(s[size_t(i)]);
    };
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
        const bool nan_a = std::isnan(s[size_t(a)]), nan_b = std::isnan(s[size_t(b)]);
        if (nan_a != nan_b) return nan_b;
        return value(a) > value(b);
    });
    order.resize(size_t(std::clamp<int64_t>(k, 0, int64_t(s.size()))));
    std::sort(order.begin(), order.end());
    return order;
}

Rows keep(const Floats & pooled, int window, int64_t n_keep) {
    Rows kept = top_k(pooled, n_keep - window);
    for (int i = 0; i < window; i++) kept.push_back(int32_t(pooled.size()) + i);
    return kept;
}

float kept_mass(const Floats & s, float window_mass, const Rows & kept) {
    double part = window_mass, all = window_mass;
    for (const float x : s) all += x;
    for (const int32_t i : kept)
        if (size_t(i) < s.size()) part += s[size_t(i)];
    return float(part / all);
}

Rows top_channels(const Query & query, int D, int r) {
    Floats weight(size_t(D), 0.0f);  // f32 on purpose: which channels tie must not depend on the accumulator
    for (int c = 0; c < D; c++)
        for (int h = 0; h < query.g; h++) weight[size_t(c)] += std::fabs(query.q[h * D + c]);
    return top_k(weight, r);
}

Floats page_scores(const Head & head, const Query & query, int page, const Rows & channels) {
    const int     D = head.D;
    const int64_t n = head.n, n_pages = (n + page - 1) / page;
    Floats        total(size_t(D), 0.0f);
    for (int c = 0; c < D; c++)
        for (int h = 0; h < query.g; h++) total[size_t(c)] += query.q[h * D + c];
    std::vector<float> bound;  // [n_pages, channels]: the greatest key where the group pulls up, else the least
    for (int64_t p = 0; p < n_pages; p++)
        for (const int32_t c : channels) {
            float low = head.keys[p * page * D + c], high = low;
            for (int64_t i = p * page; i < std::min(n, (p + 1) * page); i++) {
                low  = std::min(low, head.keys[i * D + c]);
                high = std::max(high, head.keys[i * D + c]);
            }
            bound.push_back(total[size_t(c)] > 0 ? high : low);
        }

    std::vector<double> b(size_t(n), 0.0);
    for (int h = 0; h < query.g; h++) {
        const float * q    = query.q + h * D;
        double        read = 0, all = 0;
        for (const int32_t c : channels) read += std::fabs(q[c]);
        for (int c = 0; c < D; c++) all += std::fabs(q[c]);
        const double        scale = read > 0 ? query.scale * std::sqrt(all / read) : 0.0;
        std::vector<double> logits;
        for (int64_t i = 0; i < n; i++) {
            double a = 0;
            for (size_t j = 0; j < channels.size(); j++)
                a += double(q[channels[j]]) * double(bound[size_t(i / page) * channels.size() + j]);
            logits.push_back(a * scale);
        }
        const std::vector<double> p = softmax(logits, query, h);
        for (int64_t i = 0; i < n; i++) b[size_t(i)] += p[size_t(i)];
    }
    return to_floats(b);
}

Floats page_scores(const Head & head, const Query & query, int page, int r) {
    return page_scores(head, query, page, top_channels(query, head.D, r));
}

Floats exact_scores(const Head & head, const Query & query) {
    const int64_t       n = head.n;
    const int           D = head.D;
    std::vector<double> b(size_t(n), 0.0);
    for (int h = 0; h < query.g; h++) {
        std::vector<double> logits;
        for (int64_t i = 0; i < n; i++) logits.push_back(dot(query.q + h * D, head.keys + i * D, D) * query.scale);
        const std::vector<double> p = softmax(logits, query, h);
        for (int64_t i = 0; i < n; i++) b[size_t(i)] += p[size_t(i)];
    }
    return to_floats(b);
}

Floats attention(const Head & head, const Query & query, const Rows & chosen) {
    const int D = head.D;
    Floats    out;
    for (int h = 0; h < query.g; h++) {
        std::vector<double> logits;
        for (const int32_t i : chosen)
            logits.push_back(dot(query.q + h * D, head.keys + int64_t(i) * D, D) * query.scale);
        const std::vector<double> p = softmax(logits, query, h);
        for (int c = 0; c < D; c++) {
            double sum = 0;
            for (size_t i = 0; i < chosen.size(); i++) sum += p[i] * double(head.values[int64_t(chosen[i]) * D + c]);
            out.push_back(float(sum));
        }
    }
    return out;
}

Coded code(const Head & head, const float * importance, bool residual) {
    const float * keys   = head.keys;
    const float * values = head.values;
    const int64_t n      = head.n;
    const int     D      = head.D;
    Coded         coded;
    coded.D  = D;
    coded.n4 = D / 2;
    coded.n2 = residual ? D / 2 : 0;

    std::vector<double> rank;
    Floats              low, high;
    for (int c = 0; c < D; c++) {
        double mean = 0, variance = 0;
        low.push_back(keys[c]);
        high.push_back(keys[c]);
        for (int64_t i = 0; i < n; i++) {
            const float x = keys[i * D + c];
            mean += x;
            low.back()  = std::min(low.back(), x);
            high.back() = std::max(high.back(), x);
        }
        mean *= 1.0 / double(n);
        for (int64_t i = 0; i < n; i++) variance += (keys[i * D + c] - mean) * (keys[i * D + c] - mean);
        variance *= 1.0 / double(n);
        rank.push_back(importance ? double(importance[c]) * variance : variance);
    }
    coded.order.resize(size_t(D));
    std::iota(coded.order.begin(), coded.order.end(), 0);
    std::stable_sort(coded.order.begin(), coded.order.end(),
                     [&](int a, int b) { return rank[size_t(a)] > rank[size_t(b)]; });
    coded.rest.assign(size_t(D), 0.0f);
    for (size_t j = size_t(coded.n4 + coded.n2); j < size_t(D); j++) {
        double mean = 0;
        for (int64_t i = 0; i < n; i++) mean += keys[i * D + coded.order[j]];
        coded.rest[size_t(coded.order[j])] = float(mean / double(n));
    }
    coded.order.resize(size_t(coded.n4 + coded.n2));
    for (size_t j = 0; j < coded.order.size(); j++) {
        const size_t c = size_t(coded.order[j]);
        coded.low.push_back(low[c]);
        coded.step.push_back((high[c] - low[c]) / (int(j) < coded.n4 ? 15.0f : 3.0f));
    }

    for (int c = 0; c < D; c++) {
        double mean = 0, spread = 0;
        for (int64_t i = 0; i < n; i++) mean += values[i * D + c];
        coded.v_mean.push_back(float(mean / double(n)));
        for (int64_t i = 0; i < n; i++) spread += std::fabs(values[i * D + c] - coded.v_mean.back());
        coded.v_spread.push_back(float(spread / double(n)));
    }
    for (int64_t i = 0; i < n; i++) code_append(coded, keys + i * D, values + i * D);
    return coded;
}

void code_append(Coded & coded, const float * key, const float * value) {
    for (size_t j = 0; j < coded.order.size(); j++) {
        const float x    = key[coded.order[j]];
        const float top  = int(j) < coded.n4 ? 15.0f : 3.0f;
        float       code = x == coded.low[j] ? 0.0f : -1.0f;
        if (coded.step[j] > 0) code = std::floor((x - coded.low[j]) / coded.step[j] + 0.5f);
        if (code < 0 || code > top) coded.n_clamped++;
        coded.codes.push_back(uint8_t(std::clamp(code, 0.0f, top)));
    }
    for (int c = 0; c < coded.D; c++) coded.signs.push_back(value[c] >= coded.v_mean[size_t(c)] ? 1 : -1);
    coded.n++;
}

Floats coded_logits(const Coded & coded, const Query & query) {
    Floats       a;
    const size_t n_coded = coded.order.size();
    for (int h = 0; h < query.g; h++)
        for (int64_t i = 0; i < coded.n; i++) {
            double sum = 0;
            for (int c = 0; c < coded.D; c++) sum += double(query.q[h * coded.D + c]) * coded.rest[size_t(c)];
            for (size_t j = 0; j < n_coded; j++) {
                const double key = coded.low[j] + double(coded.step[j]) * coded.codes[size_t(i) * n_coded + j];
                sum += double(query.q[h * coded.D + coded.order[j]]) * key;
            }
            a.push_back(float(sum * query.scale));
        }
    return a;
}

Floats code_scores(const Coded & coded, const Query & query) {
    const Floats        a = coded_logits(coded, query);
    std::vector<double> b(size_t(coded.n), 0.0);
    for (int h = 0; h < query.g; h++) {
        const std::vector<double> p = softmax({a.begin() + h * coded.n, a.begin() + (h + 1) * coded.n}, query, h);
        for (size_t i = 0; i < p.size(); i++) b[i] += p[i];
    }
    return to_floats(b);
}

Floats residual_attention(const Coded & coded, const Head & head, const Query & query, const Rows & chosen) {
    const int    D = coded.D;
    const Floats a = coded_logits(coded, query);
    Floats       out;
    for (int h = 0; h < query.g; h++) {
        std::vector<double> logits(a.begin() + h * coded.n, a.begin() + (h + 1) * coded.n);
        std::vector<bool>   exact(size_t(coded.n), false);
        for (const int32_t i : chosen) {
            exact[size_t(i)]  = true;
            logits[size_t(i)] = dot(query.q + h * D, head.keys + int64_t(i) * D, D) * query.scale;
        }
        const std::vector<double> p = softmax(logits, query, h);
        for (int c = 0; c < D; c++) {
            double sum = 0;
            for (int64_t i = 0; i < coded.n; i++) {
                const double coarse = double(coded.v_mean[size_t(c)]) +
                                      double(coded.v_spread[size_t(c)]) * coded.signs[size_t(i * D + c)];
                sum += p[size_t(i)] * (exact[size_t(i)] ? double(head.values[i * D + c]) : coarse);
            }
            out.push_back(float(sum));
        }
    }
    return out;
}

}  // namespace rocketdoc::reference
