// Nothing allocates on a thread of ggml's: an exception there would end the process. Every allocation of this program
// is counted; what runs inside a graph makes none once its memory was reserved.
#include <atomic>
#include <cstdlib>
#include <new>

#include "device/oracle.h"
#include "rocketkv/stage1.h"
#include "rocketkv/tile_attention.h"
#include "rocketkv_data.h"

static std::atomic<int64_t> n_allocations{0};

void * operator new(size_t bytes) {
    n_allocations++;
    if (void * memory = std::malloc(bytes ? bytes : 1)) return memory;
    throw std::bad_alloc();
}
void operator delete(void * memory) noexcept { std::free(memory); }
void operator delete(void * memory, size_t) noexcept { std::free(memory); }

using namespace rocketdoc;

namespace {

template <typename Work>
int64_t allocations_of(Work work) {
    const int64_t before = n_allocations;
    work();
    return n_allocations - before;
}

void stage1_allocates_nothing(Random & random) {
    for (const Pooling pooling : {Pooling::max, Pooling::triangle}) {
        const int          D = random.one_of({64, 128}), g = random.integer(1, 5), window = random.integer(1, 40);
        const int          kernel = 2 * random.integer(0, 31) + 1;
        const int64_t      n = window + random.integer(1, 900), n_keep = window + random.integer(0, int(n - window));
        Cache              keys(1, D, n);
        std::vector<float> q = random.normals(int64_t(g) * window * D), importance(size_t(D), poison);
        fill(random, keys, 0, 0, n, false);
        const RowsView view{keys.halves.data(), RowType::f16, keys.row_elems * 2, keys.head_elems * 2, n, 1, D};
        for_each_level([&] {
            Stage1Scratch scratch;
            Stage1Kept    kept;
            kept.rows.reserve(size_t(n_keep));
            const Stage1Sizes sizes = stage1_sizes(n, window, g, D, kernel);
            reserve(scratch, sizes);
            CHECK(sizes.bytes() > 0);
            CHECK(allocations_of([&] {
                      stage1_keep(view, {q.data(), g, window, D, published_scale(D)}, {0, Grouping::kv_group},
                                  {pooling, kernel, n_keep}, scratch, kept, importance.data());
                  }) == 0);
            CHECK(int64_t(kept.rows.size()) == n_keep);
        });
    }
}

void tiles_allocate_nothing(Random & random) {
    const int                D = random.one_of({64, 128}), g = random.integer(1, 9);
    const int64_t            n = random.integer(1, 90), first = random.integer(0, 200);
    Cache                    keys(1, D, first + n);
    const std::vector<float> q = random.normals(n * g * D);
    std::vector<float>       out(q.size(), poison);
    fill(random, keys, 0, 0, first + n, false);
    const RowsView view{keys.halves.data(), RowType::f16, keys.row_elems * 2, keys.head_elems * 2, first + n, 1, D};
    TileQueries    queries;
    queries.q = q.data(), queries.token_step = g * D, queries.head_step = D, queries.n = n, queries.n_head = g;
    queries.scale = published_scale(D), queries.first_row = first;
    for_each_level([&] {
        TileScratch scratch;
        scratch.memory.resize(size_t(tile_scratch_floats(D, g)));
        CHECK(allocations_of([&] {
                  const TileParts parts = tile_parts(queries, 1, random.integer(1, 9));
                  for (int64_t part = 0; part < parts.count; part++)
                      tile_attention(view, view, queries, parts, part, scratch, out.data());
              }) == 0);
    });
}

void selectors_allocate_nothing(Random & random) {
    for (const SelectorKind kind :
         {SelectorKind::pages, SelectorKind::codes, SelectorKind::codes_residual, SelectorKind::exact}) {
        const int     D = random.one_of({64, 128}), g = random.integer(1, 6), page = random.integer(1, 5);
        const int64_t n_new = 80, n_prompt = random.integer(100, 700), capacity = n_prompt + n_new,
                      k = random.integer(1, int(n_prompt));
        Cache         keys(1, D, capacity), values(1, D, capacity);
        fill(random, keys, 0, 0, n_prompt, false);
        fill(random, keys, 0, n_prompt, capacity, false, 0.5f);  // far outside: codes are made again
        fill(random, values, 0, 0, capacity, false);
        const std::vector<float> q = random.normals(int64_t(g) * D);
        for_each_level([&] {
            const SelectorShape  shape{1, g, D, capacity, page, random.integer(1, D), k, published_scale(D)};
            const auto           selector = make_layer_selector(kind, shape);
            SelectorScratch      scratch;
            std::vector<float>   out(size_t(g * D), poison), p(static_cast<size_t>(capacity));
            std::vector<int32_t> best(static_cast<size_t>(k));
            OracleStats          stats;
            reserve(scratch, shape);
            CHECK(allocations_of([&] { selector->build(keys.view(), values.view(), 0, n_prompt, nullptr); }) == 0);
            CHECK(allocations_of([&] {
                      for (int64_t n = n_prompt; n < capacity; n++) {
                          selector->append(keys.view(), values.view(), 0, n);
                          selector->attend(keys.view(), values.view(), 0, n + 1, q.data(), scratch, out.data());
                      }
                      exact_probabilities(keys.view(), 0, {q.data(), g, shape.scale}, capacity, scratch, p.data());
                      stats.add_head(scratch.chosen.data(), int64_t(scratch.chosen.size()), p.data(), capacity, g,
                                     best.data());
                  }) == 0);
            CHECK(stats.n == 1 && stats.recall_sum >= 0 && stats.recall_sum <= 1);
        });
    }
}

}  // namespace

int main() {
    Random random;
    CHECK(allocations_of([] {
              std::vector<int> some(3, 1);
              CHECK(some.size() == 3);
          }) > 0);  // the counter counts
    for (int i = 0; i < 20; i++) {
        stage1_allocates_nothing(random);
        tiles_allocate_nothing(random);
        selectors_allocate_nothing(random);
    }
    return check::report();
}
