// Attention of one token over every row against the reference, on every ISA of the machine; parts give the same bits in
// whatever order they are computed, and so do the same values in rows of another type.
#include <cstring>

#include "rocketkv/token_attention.h"
#include "rocketkv_data.h"

using namespace rocketdoc;

namespace {

struct Case {
    int                D, group, n_kv;
    int64_t            n_rows;
    float              scale;
    Sinks              sinks;
    Cache              keys, values;
    int64_t            head_step;
    std::vector<float> q;  // [n_head], with a gap behind each head's

    Case(Random & random, int D_, int group_, int64_t n_rows_)
        : D(D_),
          group(group_),
          n_kv(random.integer(1, 3)),
          n_rows(n_rows_),
          scale(some_scale(random, D_)),
          sinks(random, n_kv * group_),
          keys(n_kv, D_, n_rows_ + 3),  // rows that are not there yet are NaN
          values(n_kv, D_, n_rows_ + 3),
          head_step(D_ + 5),
          q(size_t(head_step * n_head()), poison) {
        const float spread = random.one_of({0.3f, 1.0f, 3.0f});
        for (int head = 0; head < n_head(); head++)
            for (int c = 0; c < D; c++) q[size_t(head * head_step + c)] = random.normal(spread);
        for (int head = 0; head < n_kv; head++) {
            fill(random, keys, head, 0, n_rows, false);
            fill(random, values, head, 0, n_rows, random.integer(0, 1) == 0);
        }
    }

    int      n_head() const { return n_kv * group; }
    RowsView view(const Cache & cache) const {
        return {cache.halves.data(), RowType::f16, cache.row_elems * 2, cache.head_elems * 2, n_rows, n_kv, D};
    }
    TokenQueries queries() const { return {q.data(), head_step, n_head(), scale}; }

    // The parts in an order of chance, as threads take them.
    std::vector<float> compute(Random & random, const RowsView & k, const RowsView & v) const {
        std::vector<float> results(size_t(n_head()) * MAX_TOKEN_PARTS * size_t(part_floats(D)), poison);
        std::vector<float> scratch(size_t(token_scratch_floats(D, group)) + 1, poison);
        std::vector<float> out(size_t(n_head() * D) + 1, poison);
        const int          count = token_parts(n_rows).count;
        CHECK(count >= 1 && count <= MAX_TOKEN_PARTS);
        std::vector<int> order;
        for (int i = 0; i < count * n_kv; i++) order.push_back(i);
        for (size_t i = order.size(); i-- > 1;) std::swap(order[i], order[size_t(random.integer(0, int(i)))]);
        for (int i : order) attend_part(k, v, queries(), i / count, i % count, scratch.data(), results.data());
        for (int head = 0; head < n_head(); head++)
            join_parts(results.data() + int64_t(head) * MAX_TOKEN_PARTS * part_floats(D), count, D, sinks.of(head),
                       out.data() + head * D);
        CHECK(std::isnan(scratch.back()) && std::isnan(out.back()));
        out.pop_back();
        return out;
    }

    std::vector<float> expected() const {
        std::vector<float> out;
        reference::Rows    seen;
        for (int64_t row = 0; row < n_rows; row++) seen.push_back(int32_t(row));
        for (int head = 0; head < n_kv; head++) {
            std::vector<float> own;
            for (int h = 0; h < group; h++) {
                const float * from = q.data() + (head * group + h) * head_step;
                own.insert(own.end(), from, from + D);
            }
            reference::Query query{own.data(), group, scale, sinks.of(head * group)};
            const auto       of_group = reference::attention(head_of(keys, values, head, n_rows), query, seen);
            out.insert(out.end(), of_group.begin(), of_group.end());
        }
        return out;
    }
};

void like_the_reference(Random & random) {
    for (int i = 0; i < 60; i++) {
        const Case c(random, random.one_of({32, 64, 96, 128, 160, 256}), random.one_of({1, 2, 3, 4, 5, 7, 8, 16, 40}),
                     random.one_of<int64_t>({1, 2, 47, 127, 128, 129, 255, 257, 700, 2048, 2049, 3333}));
        const auto expected = c.expected();
        for_each_level([&] {
            const auto out = c.compute(random, c.view(c.keys), c.view(c.values));
            check_outputs(out, expected, 3e-5);
            CHECK(out == c.compute(random, c.view(c.keys), c.view(c.values)));
        });
    }
}

// Rows of f32 and of eight bits: the same values give the same bits.
void other_rows(Random & random) {
    const int          D = random.one_of({64, 96, 160});
    const Case         c(random, D, random.integer(1, 9), random.integer(1, 900));
    const size_t       row = size_t(D) / 32 * 34;
    std::vector<char>  bytes(row * size_t(c.n_rows) * size_t(c.n_kv));
    std::vector<float> meant(size_t(c.n_rows) * size_t(D) * size_t(c.n_kv));
    for (size_t block = 0; block < meant.size() / 32; block++) {
        const f16_bits half = f16_from_f32(0.01f * float(random.integer(1, 9)));
        std::memcpy(bytes.data() + block * 34, &half, 2);
        for (size_t i = 0; i < 32; i++) {
            const int8_t code = int8_t(random.integer(-127, 127));
            std::memcpy(bytes.data() + block * 34 + 2 + i, &code, 1);
            meant[block * 32 + i] = f32_from_f16(half) * float(code);
        }
    }
    const size_t   head = row * size_t(c.n_rows);
    const RowsView eight{bytes.data(), RowType::q8_0, row, head, c.n_rows, c.n_kv, D};
    const RowsView plain{
        meant.data(), RowType::f32, size_t(D) * 4, size_t(D) * 4 * size_t(c.n_rows), c.n_rows, c.n_kv, D};
    for_each_level([&] { CHECK(c.compute(random, eight, eight) == c.compute(random, plain, plain)); });
}

}  // namespace

int main() {
    Random random;
    like_the_reference(random);
    for (int i = 0; i < 10; i++) other_rows(random);
    return check::report();
}
