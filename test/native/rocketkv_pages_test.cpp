// The paper's stage 2 and the exact oracle against the reference, on every ISA of the machine.
#include "device/cpu/layer_selector.h"
#include "rocketkv/selector_costs.h"
#include "rocketkv_data.h"

using namespace rocketdoc;

namespace {

std::vector<float> queries(Random & random, int g, int D) {
    std::vector<float> q    = random.normals(int64_t(g) * D, random.one_of({0.2f, 1.0f, 3.0f}));
    const int          kind = random.integer(0, 7);
    if (kind == 0) std::fill(q.begin(), q.end(), 0.0f);        // all heads zero: uniform, never NaN
    if (kind == 1) std::fill(q.begin(), q.begin() + D, 0.0f);  // one head zero
    if (kind == 2)                                             // heads that cancel: sign sums of exactly zero
        for (int c = 0; c < D && g > 1; c++) q[size_t(c)] = -q[size_t(D + c)];
    if (kind == 3)  // one head lives where the others do not look
        for (int c = 0; c < D; c++) q[size_t(c)] = c == D - 1 ? 1e-6f : 0.0f;
    return q;
}

// A selector after build of n_built rows and appends up to n_live answers like the reference.
void check_case(Random & random, SelectorKind kind, int D, int g, int64_t n_live, int page, int r, int64_t k) {
    const int     n_head   = random.integer(1, 2);
    const int     head     = n_head - 1;
    const int64_t capacity = n_live + random.integer(0, 40);
    const int64_t n_built  = random.integer(0, int(n_live));
    Cache         keys(n_head, D, capacity), values(n_head, D, capacity);
    const bool    repeats = random.integer(0, 2) == 0;
    fill(random, keys, head, 0, n_live, repeats);
    fill(random, values, head, 0, n_live, false);
    if (random.integer(0, 9) == 0)
        for (int64_t i = 0; i < n_live; i++) keys.set(head, i, keys.rows(head));  // constant keys
    const std::vector<float> q     = queries(random, g, D);
    const float              scale = some_scale(random, D);
    const Sinks              sinks(random, n_head * g);
    const reference::Query   query{q.data(), g, scale, sinks.of(head * g)};
    const SelectorShape      shape{n_head, g, D, capacity, page, r, k, scale, !sinks.values.empty(), sinks.of(0)};
    const reference::Head    rows = head_of(keys, values, head, n_live);

    const auto scores = kind == SelectorKind::pages ? reference::page_scores(rows, query, page, r)
                                                    : reference::exact_scores(rows, query);
    for_each_level([&] {
        const auto selector = make_layer_selector(kind, shape);
        selector->build(keys.view(), values.view(), head, n_built, nullptr);
        for (int64_t i = n_built; i < n_live; i++) selector->append(keys.view(), values.view(), head, i);
        SelectorScratch    scratch;
        std::vector<float> out(size_t(g * D) + 1, poison);
        selector->attend(keys.view(), values.view(), head, n_live, q.data(), scratch, out.data());
        CHECK(std::isnan(out.back()));
        out.pop_back();
        CHECK(is_top_k(scores, scratch.chosen, k, 1e-4));
        check_outputs(out, reference::attention(rows, query, scratch.chosen));
        CHECK(selector->clamped(head) == 0);

        // From scratch: the same rows, the same bits.
        const auto again = make_layer_selector(kind, shape);
        again->build(keys.view(), values.view(), head, n_live, nullptr);
        std::vector<float> out_again(out.size(), poison);
        const auto         chosen = scratch.chosen;
        again->attend(keys.view(), values.view(), head, n_live, q.data(), scratch, out_again.data());
        CHECK(scratch.chosen == chosen && out_again == out);
    });
}

void against_the_reference(Random & random, SelectorKind kind) {
    for (int i = 0; i < 250; i++) {
        const int     D      = random.one_of({64, 96, 128, 256, 512});
        const int     g      = random.one_of({1, 2, 3, 4, 5, 6, 7, 8, 16});
        const int64_t n_live = random.one_of<int64_t>({1, 2, 31, 32, 33, 63, 64, 65, 129, 199, 255, 257});
        const int     page   = random.integer(1, 8);
        const int     r      = random.one_of({1, 2, D / 3, D / 2, D - 1, D});
        const int64_t k = random.one_of<int64_t>({1, 2, 7, 16, 31, n_live / 2 + 1, n_live - 1, n_live, n_live + 9});
        check_case(random, kind, D, g, n_live, page, r, std::max<int64_t>(1, k));
    }
    check_case(random, kind, 64, 3, 1501, 3, 41, 256);
    check_case(random, kind, 128, 4, 1499, 4, 64, 128);
}

// Page by page and token by token choose the very same rows, ties and all: the selector's own page scores decide both.
void page_expansion(Random & random) {
    for (int i = 0; i < 300; i++) {
        const int     D = 32, page = random.integer(1, 8);
        const int64_t n_live = random.integer(2, 150), k = random.integer(1, int(n_live) - 1);
        Cache         keys(1, D, n_live), values(1, D, n_live);
        for (int64_t t = 0; t < n_live;
             t++) {  // a channel of small integers: exact ties between pages, exact arithmetic
            std::vector<float> row(size_t(D), 0.0f);
            row[5] = float(random.integer(-1, 1));
            keys.set(0, t, row.data());
            values.set(0, t, random.normals(D).data());
        }
        std::vector<float> q(size_t(D), 0.0f);
        q[5] = random.one_of({2.0f, -2.0f});
        for_each_level([&] {
            const auto selector =
                make_layer_selector(SelectorKind::pages, {1, 1, D, n_live, page, 1, k, published_scale(D)});
            selector->build(keys.view(), values.view(), 0, n_live, nullptr);
            SelectorScratch    scratch;
            std::vector<float> out(size_t(D), poison);
            selector->attend(keys.view(), values.view(), 0, n_live, q.data(), scratch, out.data());
            const auto scores =
                reference::page_scores(head_of(keys, values, 0, n_live), {q.data(), 1, published_scale(D)}, page, 1);
            CHECK(scratch.chosen == reference::top_k(scores, k));
        });
    }
}

// A new question builds over an older, longer one; a rewound row does not leave its page's old bounds behind.
void built_again(Random & random) {
    for (int i = 0; i < 60; i++) {
        const int           D = 64, g = 2, page = random.integer(1, 6);
        const int64_t       n_old = random.integer(40, 120), n_new = random.integer(20, 39);
        const SelectorShape shape{1, g, D, 120, page, random.integer(1, D), 9, published_scale(D)};
        Cache               keys(1, D, 120), values(1, D, 120);
        fill(random, keys, 0, 0, n_old, false);
        fill(random, values, 0, 0, n_old, false);
        const auto used  = make_layer_selector(SelectorKind::pages, shape),
                   fresh = make_layer_selector(SelectorKind::pages, shape);
        used->build(keys.view(), values.view(), 0, n_old, nullptr);
        fill(random, keys, 0, 0, n_new, false);
        used->build(keys.view(), values.view(), 0, n_new - 10, nullptr);
        for (int64_t t = n_new - 10; t < n_new; t++) used->append(keys.view(), values.view(), 0, t);
        fill(random, keys, 0, n_new - 5, n_new, false);  // five tokens taken back and written anew
        for (int64_t t = n_new - 5; t < n_new; t++) used->append(keys.view(), values.view(), 0, t);
        fresh->build(keys.view(), values.view(), 0, n_new, nullptr);
        const auto         q = random.normals(g * D);
        SelectorScratch    a, b;
        std::vector<float> x(size_t(g * D), poison), y(size_t(g * D), poison);
        used->attend(keys.view(), values.view(), 0, n_new, q.data(), a, x.data());
        fresh->attend(keys.view(), values.view(), 0, n_new, q.data(), b, y.data());
        CHECK(a.chosen == b.chosen && x == y);
    }
}

void exact_scores_of(Random & random) {
    Cache keys(2, 96, 333);
    fill(random, keys, 1, 0, 333, true);
    const auto  q        = random.normals(5 * 96);
    const float scale    = some_scale(random, 96);
    const auto  expected = reference::exact_scores(head_of(keys, keys, 1, 333), {q.data(), 5, scale});
    for_each_level([&] {
        SelectorScratch    scratch;
        std::vector<float> out(334, poison);
        exact_probabilities(keys.view(), 1, {q.data(), 5, scale}, 333, scratch, out.data());
        double worst = 0, sum = 0;
        for (size_t i = 0; i < 333; i++) {
            const double error = std::fabs(double(out[i]) - expected[i]) / (expected[i] + 1e-30);
            worst              = error <= worst ? worst : error;
            sum += out[i];
        }
        CHECK_NEAR(worst, 0, 1e-4);
        CHECK_NEAR(sum, 5, 1e-4);
        CHECK(std::isnan(out[333]));
    });
}

void bytes() {
    const SelectorShape many{3, 3, 64, 2400, 3, 41, 256}, single{1, 3, 64, 640, 1, 41, 256};
    CHECK(selector_read_bytes(SelectorKind::pages, many, 2400) == 800 * 41 * 2 + 256 * 256);
    CHECK(selector_read_bytes(SelectorKind::pages, many, 2399) == 800 * 41 * 2 + 256 * 256);
    CHECK(selector_read_bytes(SelectorKind::pages, many, 200) == 200 * 256);
    CHECK(selector_stored_bytes(SelectorKind::pages, many) == 3 * 64 * 2 * 832 * 2);  // 800 pages padded to 832
    CHECK(selector_stored_bytes(SelectorKind::pages, single) == 64 * 640 * 2);
    CHECK(selector_stored_bytes(SelectorKind::exact, single) == 0);
    CHECK(selector_read_bytes(SelectorKind::exact, single, 640) == 640 * 128 + 256 * 256);
}

}  // namespace

int main() {
    Random random;
    bytes();
    exact_scores_of(random);
    page_expansion(random);
    built_again(random);
    against_the_reference(random, SelectorKind::pages);
    against_the_reference(random, SelectorKind::exact);
    return check::report();
}
