// Attention of a tile against the reference, token by token, on every ISA of the machine; and that neither the way a
// text is cut into tiles nor how many threads share a tile changes a bit.
#include <cstring>

#include "rocketkv/tile_attention.h"
#include "rocketkv_data.h"

using namespace rocketdoc;

namespace {

struct Case {
    int     D = 64, group = 1, n_kv = 1;
    int64_t first_row = 0, n = 1, window = 0;
    float   scale = 0;
    Sinks   sinks;
    Cache   keys, values;
    // [n][n_head][D], with a gap behind each token's
    std::vector<float> q;
    int64_t            token_step;

    Case(Random & random, int D_, int group_, int64_t first_row_, int64_t n_, int64_t window_)
        : D(D_),
          group(group_),
          n_kv(random.integer(1, 3)),
          first_row(first_row_),
          n(n_),
          window(window_),
          scale(some_scale(random, D_)),
          sinks(random, n_kv * group_),
          keys(n_kv, D_, first_row_ + n_),
          values(n_kv, D_, first_row_ + n_),
          token_step(int64_t(n_head()) * D_ + 5) {
        q.assign(size_t(token_step * n), poison);
        const float spread = random.one_of({0.3f, 1.0f, 3.0f});
        for (int64_t i = 0; i < n; i++)
            for (int c = 0; c < n_head() * D; c++) q[size_t(i * token_step + c)] = random.normal(spread);
        for (int head = 0; head < n_kv; head++) {
            fill(random, keys, head, 0, first_row + n, false);
            fill(random, values, head, 0, first_row + n, random.integer(0, 1) == 0);
        }
    }

    int n_head() const { return n_kv * group; }

    // Rows of the cache from `first` on, as f16.
    RowsView view(const Cache & cache, int64_t first) const {
        return {cache.halves.data() + size_t(first) * cache.row_elems,
                RowType::f16,
                cache.row_elems * 2,
                cache.head_elems * 2,
                first_row + n - first,
                n_kv,
                D};
    }
    TileQueries queries(int64_t from, int64_t count, int64_t first) const {
        TileQueries t;
        t.q           = q.data() + from * token_step;
        t.token_step  = token_step;
        t.head_step   = D;
        t.n           = count;
        t.n_head      = n_head();
        t.scale       = scale;
        t.sinks       = sinks.of(0);
        t.first_row   = first_row + from - first;
        t.window      = window;
        t.first_block = (KEY_BLOCK - first % KEY_BLOCK) % KEY_BLOCK;
        return t;
    }
    // Tokens [from, from + count), cut as n_threads threads would cut them, over the rows from `first` on.
    void compute(int64_t from, int64_t count, int64_t first, int n_threads, std::vector<float> & out) const {
        const RowsView    k = view(keys, first), v = view(values, first);
        const TileQueries t     = queries(from, count, first);
        const TileParts   parts = tile_parts(t, n_kv, n_threads);
        TileScratch       scratch;
        scratch.memory.assign(size_t(tile_scratch_floats(D, group)), poison);
        for (int64_t part = parts.count; part-- > 0;)
            tile_attention(k, v, t, parts, part, scratch, out.data() + from * n_head() * D);
        CHECK(int64_t(scratch.memory.size()) == tile_scratch_floats(D, group));
    }
    std::vector<float> nothing() const { return std::vector<float>(size_t(n) * size_t(n_head() * D) + 1, poison); }

    std::vector<float> expected() const {
        std::vector<float> out;
        for (int64_t i = 0; i < n; i++) {
            const int64_t   end = first_row + i + 1, begin = window > 0 ? std::max<int64_t>(0, end - window) : 0;
            reference::Rows seen;
            for (int64_t row = begin; row < end; row++) seen.push_back(int32_t(row));
            for (int head = 0; head < n_kv; head++) {
                const float *    own = q.data() + i * token_step + head * group * D;
                reference::Query query{own, group, scale, sinks.of(head * group)};
                const auto       of_group = reference::attention(head_of(keys, values, head, end), query, seen);
                out.insert(out.end(), of_group.begin(), of_group.end());
            }
        }
        return out;
    }
};

void like_the_reference(Random & random) {
    for (int i = 0; i < 60; i++) {
        const int64_t window = random.one_of<int64_t>({0, 0, 1, 7, 48, 49, 130, 1000});
        const Case    c(random, random.one_of({32, 64, 80, 96, 128, 256, 512}),
                        random.one_of({1, 2, 3, 4, 5, 7, 8, 16, 40}),
                        random.one_of<int64_t>({0, 1, 31, 47, 48, 49, 95, 96, 200}), random.integer(1, 70), window);
        const auto    expected = c.expected();
        for_each_level([&] {
            std::vector<float> out = c.nothing();
            c.compute(0, c.n, 0, random.integer(1, 9), out);
            CHECK(std::isnan(out.back()));
            out.pop_back();
            check_outputs(out, expected, 3e-5);
        });
    }
}

// Rows of eight bits: the same as their values as f32.
void eight_bits(Random & random) {
    const int          D = random.one_of({64, 96}), group = random.integer(1, 5);
    const int64_t      n   = random.integer(1, 200);
    const size_t       row = size_t(D) / 32 * 34;
    std::vector<char>  bytes(row * size_t(n));
    std::vector<float> meant(size_t(n) * size_t(D));
    for (int64_t i = 0; i < n; i++)
        for (int b = 0; b < D / 32; b++) {
            char *         block = bytes.data() + size_t(i) * row + size_t(b) * 34;
            const f16_bits half  = f16_from_f32(0.01f * float(random.integer(1, 9)));
            std::memcpy(block, &half, 2);
            for (int c = 0; c < 32; c++) {
                const int8_t code = int8_t(random.integer(-127, 127));
                std::memcpy(block + 2 + c, &code, 1);
                meant[size_t(i) * size_t(D) + size_t(b * 32 + c)] = f32_from_f16(half) * float(code);
            }
        }
    const std::vector<float> q = random.normals(n * group * D);
    TileQueries              t;
    t.q = q.data(), t.token_step = group * D, t.head_step = D, t.n = n, t.n_head = group;
    t.scale              = published_scale(D);
    const RowsView eight = {bytes.data(), RowType::q8_0, row, bytes.size(), n, 1, D};
    const RowsView plain = {meant.data(), RowType::f32, size_t(D) * 4, meant.size() * 4, n, 1, D};
    const auto     of    = [&](const RowsView & rows) {
        std::vector<float> out(q.size(), poison);
        TileScratch        scratch;
        const TileParts    parts = tile_parts(t, 1, 2);
        for (int64_t part = 0; part < parts.count; part++)
            tile_attention(rows, rows, t, parts, part, scratch, out.data());
        return out;
    };
    for_each_level([&] { CHECK(of(eight) == of(plain)); });
}

bool same_bits(const std::vector<float> & a, const std::vector<float> & b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void cut_as_one_likes(Random & random) {
    for (int i = 0; i < 20; i++) {
        const int64_t window = random.one_of<int64_t>({0, 9, 60, 150});
        const Case    c(random, random.one_of({64, 96}), random.integer(1, 9), random.integer(0, 300),
                        random.integer(2, 150), window);
        for_each_level([&] {
            std::vector<float> whole = c.nothing();
            c.compute(0, c.n, 0, 1, whole);
            std::vector<float> parts = c.nothing();
            for (int64_t at = 0; at < c.n;) {
                const int64_t count = std::min<int64_t>(random.integer(1, 40), c.n - at);
                // Of a window's rows those that the tile sees, or some more.
                const int64_t last = window > 0 ? std::max<int64_t>(0, c.first_row + at + 1 - window) : 0;
                c.compute(at, count, random.integer(0, int(last)), random.integer(1, 16), parts);
                at += count;
            }
            whole.pop_back(), parts.pop_back();
            CHECK(same_bits(whole, parts));
        });
    }
}

}  // namespace

int main() {
    Random random;
    like_the_reference(random);
    for (int i = 0; i < 10; i++) eight_bits(random);
    cut_as_one_likes(random);
    return check::report();
}
