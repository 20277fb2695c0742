// Stage 1 against the reference, on every ISA of the machine: scores, pooling, top-k, the kept rows, the gather.
#include <cstring>

#include "rocketkv/stage1.h"
#include "rocketkv_data.h"

using namespace rocketdoc;

namespace {

struct History {
    RowType            type;
    int                n_head, D;
    int64_t            n;
    std::vector<char>  bytes;
    std::vector<float> exact;  // [n_head][n][D], what the rows mean
    size_t             row_bytes, head_bytes;

    History(Random & random, RowType type_, int n_head_, int D_, int64_t n_, bool repeats)
        : type(type_), n_head(n_head_), D(D_), n(n_) {
        Cache cache(n_head, D, n);
        row_bytes = type == RowType::f32 ? size_t(D) * 4 : type == RowType::f16 ? size_t(D) * 2 : size_t(D / 32) * 34;
        row_bytes += 6 * (type == RowType::q8_0 ? 1 : 4);  // rows need not touch
        head_bytes = row_bytes * size_t(n);
        bytes.assign(head_bytes * size_t(n_head), char(0x7f));
        for (int head = 0; head < n_head; head++) {
            fill(random, cache, head, 0, n, repeats);
            for (int64_t i = 0; i < n; i++) write(head, i, cache.rows(head) + i * D);
        }
    }

    void write(int head, int64_t i, const float * row) {
        char *             to = bytes.data() + size_t(head) * head_bytes + size_t(i) * row_bytes;
        std::vector<float> meant(row, row + D);
        if (type == RowType::f32) std::memcpy(to, row, size_t(D) * 4);
        for (int c = 0; type == RowType::f16 && c < D; c++) {
            const uint16_t half = f16_from_f32(row[c]);
            std::memcpy(to + 2 * c, &half, 2);
        }
        for (int b = 0; type == RowType::q8_0 && b < D / 32; b++) {
            float top = 0;
            for (int c = 0; c < 32; c++) top = std::max(top, std::fabs(row[b * 32 + c]));
            const uint16_t half  = f16_from_f32(top / 127);
            const float    scale = f32_from_f16(half);
            std::memcpy(to + b * 34, &half, 2);
            for (int c = 0; c < 32; c++) {
                const float  x    = scale > 0 ? row[b * 32 + c] / scale : 0;
                const int8_t code = int8_t(std::clamp(std::round(x), -127.0f, 127.0f));
                std::memcpy(to + b * 34 + 2 + c, &code, 1);
                meant[size_t(b * 32 + c)] = scale * float(code);
            }
        }
        exact.insert(exact.end(), meant.begin(), meant.end());
    }

    RowsView      view() const { return {bytes.data(), type, row_bytes, head_bytes, n, n_head, D}; }
    const float * rows(int head) const { return exact.data() + size_t(head) * size_t(n) * size_t(D); }
};

void check_case(Random & random, int D, int group, int64_t n, int window, int kernel, RowType type, Grouping grouping,
                Pooling pooling, bool repeats) {
    window                  = int(std::min<int64_t>(window, n));
    const int          n_kv = random.integer(1, 2);
    const History      history(random, type, n_kv, D, n, repeats);
    std::vector<float> q = random.normals(int64_t(n_kv) * group * window * D, random.one_of({0.3f, 1.0f, 2.0f}));
    if (random.integer(0, 15) == 0) std::fill(q.begin(), q.end(), 0.0f);  // all scores of a row equal
    const float       scale = some_scale(random, D);
    const Sinks       sinks(random, n_kv * group);
    const Stage1Query query{q.data(), n_kv * group, window, D, scale, sinks.of(0)};

    const int     n_cache = grouping == Grouping::kv_group ? n_kv : n_kv * group;
    const int     head    = random.integer(0, n_cache - 1);
    const int     kv_head = grouping == Grouping::kv_group ? head : head / group;
    const int     voters  = grouping == Grouping::kv_group ? group : 1;
    const float * voting  = q.data() + int64_t(head) * voters * window * D;

    float      expected_mass;
    const auto expected =
        reference::stage1_scores({history.rows(kv_head), nullptr, n, D},
                                 {voting, voters, scale, sinks.of(head * voters)}, window, expected_mass);
    const auto pooled =
        pooling == Pooling::max ? reference::pool_max(expected, kernel) : reference::pool_triangle(expected);

    for_each_level([&] {
        Stage1Scratch      scratch;
        const size_t       n_prefix = size_t(n - window);
        std::vector<float> scores(n_prefix + 1, poison);
        float              mass = poison;
        stage1_scores(history.view(), query, {head, grouping}, scratch, scores.data(), mass);
        CHECK(std::isnan(scores[n_prefix]));
        CHECK_NEAR(mass, expected_mass, 1e-4 * expected_mass);
        double worst = 0;
        for (size_t c = 0; c < n_prefix; c++) {
            const double error = std::fabs(double(scores[c]) - expected[c]) / (expected[c] + 1e-30);
            worst              = error <= worst ? worst : error;
        }
        CHECK_NEAR(worst, 0, 1e-4);  // relative, score by score: exp of a logit of 30 with f32 sums

        std::vector<float> importance(size_t(D), poison);
        for (const int64_t n_keep : {int64_t(window), (n + window) / 2, n - 1, n, n + 5}) {
            if (n_keep < window) continue;
            Stage1Kept kept;
            kept.mass = poison;
            stage1_keep(history.view(), query, {head, grouping}, {pooling, kernel, n_keep}, scratch, kept,
                        importance.data());
            CHECK(int64_t(kept.rows.size()) == std::min(n_keep, n));
            CHECK(kept.mass >= 0 && kept.mass <= 1);
            bool window_last = true;
            for (int i = 0; i < window; i++)
                window_last &= kept.rows[kept.rows.size() - size_t(window) + size_t(i)] == n - window + i;
            CHECK(window_last);
            if (n_keep >= n) {
                CHECK(kept.mass == 1 && kept.rows[0] == 0 && kept.rows.back() == n - 1);
                continue;
            }
            const std::vector<int32_t> prefix(kept.rows.begin(), kept.rows.end() - window);
            // 1e-5 on the boundary, widened by what f32 logits can move a score
            CHECK(is_top_k(pooled, prefix, n_keep - window, 1e-5 + 2 * worst));
            CHECK_NEAR(kept.mass, reference::kept_mass(expected, expected_mass, kept.rows), 1e-4);
            if (repeats && pooling == Pooling::max) {  // the tie rule, on the very scores that decided
                stage1_scores(history.view(), query, {head, grouping}, scratch, scores.data(), mass);
                const std::vector<float> own(scores.begin(), scores.begin() + int64_t(n_prefix));
                CHECK(kept.rows == reference::keep(reference::pool_max(own, kernel), window, n_keep));
            }
        }
        double worst_importance = 0;
        for (int c = 0; c < D; c++) {
            double sum = 0;
            for (int i = 0; i < voters * window; i++) sum += double(voting[i * D + c]) * double(voting[i * D + c]);
            const double error = std::fabs(importance[size_t(c)] - sum / (voters * window));
            worst_importance   = error <= worst_importance ? worst_importance : error;
        }
        CHECK_NEAR(worst_importance, 0, 1e-5);
    });
}

void scores_and_rows(Random & random) {
    for (int i = 0; i < 90; i++)
        check_case(random, random.one_of({64, 96, 128, 256, 512}), random.one_of({1, 2, 3, 4, 5, 6, 7, 8, 16}),
                   random.one_of<int64_t>({1, 2, 31, 32, 33, 63, 64, 65, 97, 145, 301}), random.integer(1, 33),
                   random.one_of({1, 15, 63}), random.one_of({RowType::f16, RowType::q8_0, RowType::f32}),
                   random.one_of({Grouping::kv_group, Grouping::kv_group, Grouping::query_head}),
                   random.one_of({Pooling::max, Pooling::triangle}), random.integer(0, 2) == 0);
    check_case(random, 64, 3, 1499, 32, 63, RowType::f16, Grouping::kv_group, Pooling::max, false);
    check_case(random, 128, 2, 1501, 33, 15, RowType::q8_0, Grouping::kv_group, Pooling::triangle, true);
    check_case(random, 64, 3, 33, 33, 63, RowType::f16, Grouping::kv_group, Pooling::max, false);  // no prefix at all
}

// Constant keys: every score ties, so the lowest columns stay.
void constant_keys(Random & random) {
    const int     D = 64, window = 4;
    const int64_t n = 200;
    History       history(random, RowType::f16, 1, D, n, false);
    for (int64_t i = 1; i < n; i++)
        std::memcpy(history.bytes.data() + size_t(i) * history.row_bytes, history.bytes.data(), size_t(D) * 2);
    const std::vector<float> q = random.normals(3 * window * D);
    for_each_level([&] {
        Stage1Scratch scratch;
        Stage1Kept    kept;
        stage1_keep(history.view(), {q.data(), 3, window, D, published_scale(D)}, {0, Grouping::kv_group},
                    {Pooling::max, 15, 54}, scratch, kept, nullptr);
        bool lowest = kept.rows.size() == 54;
        for (int i = 0; i < 50 && lowest; i++) lowest = kept.rows[size_t(i)] == i;
        CHECK(lowest);
        double mass = 0;  // row i of the window spreads evenly over the 197 + i columns it sees
        for (int i = 0; i < window; i++) mass += (51.0 + i) / (197 + i) / window;
        CHECK_NEAR(kept.mass, mass, 1e-5);
    });
}

// Far more rows than one round of panels holds: the rounds add up.
void rounds(Random & random) {
    const int                D = 32, window = 32, group = 16;
    const int64_t            n = 20011;
    const History            history(random, RowType::f16, 1, D, n, false);
    const std::vector<float> q = random.normals(int64_t(group) * window * D);
    Stage1Scratch            scratch;
    std::vector<float>       together(size_t(n - window), poison), apart(size_t(n - window), poison),
        sum(size_t(n - window), 0.0f);
    float mass = 0, mass_of_one = 0, mass_sum = 0;
    stage1_scores(history.view(), {q.data(), group, window, D, published_scale(D)}, {0, Grouping::kv_group}, scratch,
                  together.data(), mass);
    for (int head = 0; head < group; head++) {
        stage1_scores(history.view(), {q.data(), group, window, D, published_scale(D)}, {head, Grouping::query_head},
                      scratch, apart.data(), mass_of_one);
        for (size_t i = 0; i < sum.size(); i++) sum[i] += apart[i];
        mass_sum += mass_of_one;
    }
    double worst = 0;
    for (size_t i = 0; i < sum.size(); i++)
        worst = std::max(worst, double(std::fabs(sum[i] - together[i]) / (sum[i] + 1e-30f)));
    CHECK_NEAR(worst, 0, 1e-5);
    CHECK_NEAR(mass, mass_sum, 1e-4 * mass_sum);
}

void pooling(Random & random) {
    for (int i = 0; i < 300; i++) {
        const int64_t      n = random.integer(0, 400);
        std::vector<float> s(static_cast<size_t>(n));
        for (float & x : s) x = std::exp(random.normal(8));  // twenty orders of magnitude side by side
        const int          kernel = 2 * random.integer(0, 40) + 1;
        std::vector<float> out(size_t(n) + 1, poison);
        Stage1Scratch      scratch;
        pool_max(s.data(), n, kernel, scratch, out.data());
        out.pop_back();
        CHECK(out == reference::pool_max(s, kernel));
        out.assign(size_t(n) + 1, poison);
        pool_triangle(s.data(), n, scratch, out.data());
        const auto expected = reference::pool_triangle(s);
        double     worst    = 0;
        for (size_t c = 0; c < s.size(); c++) {
            const double error = std::fabs(double(out[c]) - expected[c]) / (expected[c] + 1e-38);
            worst              = error <= worst ? worst : error;
        }
        CHECK_NEAR(worst, 0, 1e-6);
        CHECK(std::isnan(out.back()));
    }
}

void best_of(Random & random) {
    for (int i = 0; i < 500; i++) {
        const int64_t      n = random.integer(0, i % 5 ? 300 : 4000);
        std::vector<float> s(static_cast<size_t>(n));
        const int          kind = random.integer(0, 4);
        for (float & x : s) {
            x = kind == 0 ? random.normal() : kind == 1 ? float(random.integer(-2, 2)) : std::exp(random.normal(15));
            if (kind == 3) x = random.one_of({0.0f, -0.0f, 1e-40f, -1e-40f, INFINITY, -INFINITY, 3e38f});
            if (kind == 4 && random.integer(0, 1)) x = random.one_of({poison, -poison, -INFINITY});
        }
        const int64_t k        = random.integer(0, int(n) + 2);
        const auto    expected = reference::top_k(s, k);
        for_each_level([&] {
            std::vector<int32_t> out(size_t(std::min(k, n)) + 1, -7);
            CHECK(top_k_ascending(s.data(), n, k, out.data()) == std::min(k, n));
            CHECK(out.back() == -7);
            out.pop_back();
            CHECK(out == expected);
        });
    }
}

// Zeros of both signs are one value. With -0 as the highest score the threshold is -0, whose next bit pattern is +0.
void zeros_of_both_signs() {
    for (const std::vector<float> & s : {std::vector<float>{-0.0f, -0.0f, -1.0f, -0.0f, -0.0f},
                                         {0.0f, -0.0f, -0.0f, 0.0f, -3.0f},
                                         {-0.0f, 0.0f, 1.0f, -0.0f, 0.0f},
                                         {-0.0f, -0.0f, -0.0f, -0.0f, -0.0f}})
        for (int64_t k = 0; k <= 5; k++)
            for_each_level([&] {
                std::vector<int32_t> out(size_t(k) + 1, -7);
                CHECK(top_k_ascending(s.data(), 5, k, out.data()) == k);
                CHECK(out.back() == -7);
                out.pop_back();
                CHECK(out == reference::top_k(s, k));
            });
}

void halves() {
    bool there_and_back = true;
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        const float x = f32_from_f16(uint16_t(bits));
        there_and_back &= std::isnan(x) || f16_from_f32(x) == bits;
    }
    CHECK(there_and_back);
    CHECK(f16_from_f32(65519.0f) == 0x7bff && f16_from_f32(65520.0f) == 0x7c00 && f16_from_f32(1e-8f) == 0);
    CHECK(f16_from_f32(1.00048828125f) == 0x3c00 && f16_from_f32(1.00146484375f) == 0x3c02);  // halfway: to even
    CHECK(f16_from_f32(0x1.8p-24f) == 2 && f16_from_f32(0x1p-25f) == 0 && f16_from_f32(0x1.000002p-25f) == 1);
    for_each_level([&] {
        std::vector<uint16_t> in, back(65536 - 2048, 0);
        for (uint32_t bits = 0; bits < 0x10000; bits++)
            if ((bits & 0x7c00) != 0x7c00) in.push_back(uint16_t(bits));
        in.resize(back.size());
        std::vector<float> x(in.size(), poison);
        cpu_kernels().f32_from_f16(in.data(), int64_t(in.size()) - 1, x.data());
        cpu_kernels().f16_from_f32(x.data(), int64_t(in.size()) - 1, back.data());
        in.pop_back(), back.pop_back();
        CHECK(in == back);
    });
}

void gather(Random & random) {
    for (const RowType type : {RowType::f16, RowType::q8_0, RowType::f32}) {
        const History history(random, type, 2, 96, 50, false);
        Cache         compact(2, 96, 20);
        stage1_gather(history.view(), 1, {0, 3, 4, 17, 49}, compact.view(), 1);
        bool          same = true, untouched = true;
        const int32_t kept[] = {0, 3, 4, 17, 49};
        for (int i = 0; i < 5; i++)
            for (int c = 0; c < 96; c++)
                same &= compact.view().row(1, i)[c] == f16_from_f32(history.rows(1)[kept[i] * 96 + c]);
        for (int c = 0; c < 96; c++)
            untouched &= compact.view().row(1, 5)[c] == 0x7e00 && compact.view().row(0, 0)[c] == 0x7e00;
        CHECK(same);
        CHECK(untouched);
    }
}

}  // namespace

int main() {
    Random random;
    halves();
    zeros_of_both_signs();
    best_of(random);
    pooling(random);
    gather(random);
    constant_keys(random);
    scores_and_rows(random);
    rounds(random);
    return check::report();
}
