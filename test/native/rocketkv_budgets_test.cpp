// The budget table of ALGORITHM.md, the lift, the overrides, and a sentence for every nonsense.
#include "rocketkv/selector_costs.h"
#include "rocketkv_data.h"

using namespace rocketdoc;

namespace {

struct Line {
    int64_t T;
    int     t;
    int64_t capacity, prompt_budget;
    int     page, r;
    int64_t k;
};

const Line table[] = {
    {16384, 256, 1596, 1546, 3, 62, 128},      {16384, 1024, 4842, 4792, 3, 81, 512},
    {16384, 4096, 10533, 10483, 2, 100, 2048}, {31744, 256, 1619, 1569, 3, 61, 128},
    {31744, 1024, 5757, 5707, 3, 68, 512},     {65536, 256, 1509, 1459, 3, 65, 128},
    {65536, 1024, 6383, 6333, 3, 62, 512},     {96256, 256, 1401, 1351, 3, 70, 128},
    {96256, 1024, 6498, 6448, 3, 61, 512},     {96256, 4096, 21607, 21557, 3, 73, 2048},
};

RocketBudgets budgets(const RocketOptions & options, int64_t T, int64_t question, int64_t max_new, int D, bool stage1) {
    RocketBudgets b;
    const Status  status = rocket_budgets(options, T, question, max_new, D, stage1, b);
    CHECK(status.ok());
    return b;
}

void the_table() {
    const int max_new = 50;
    for (const Line & line : table) {
        // The table rounds S up to a multiple of 8; the same S with the same answer's room is a slightly longer prompt.
        const int64_t S = (line.T + max_new + 7) / 8 * 8;
        RocketOptions options;
        options.token_budget  = line.t;
        const RocketBudgets b = budgets(options, S - max_new, 100, max_new, 128, true);
        CHECK(b.capacity == line.capacity);
        CHECK(b.prompt_budget == line.prompt_budget);
        CHECK(b.page == line.page);
        CHECK(b.r == line.r);
        CHECK(b.k == line.k);
        CHECK(b.evicts && !b.dense && b.window == 32 && b.kernel == 63);
    }
}

void the_lift_and_the_window() {
    RocketOptions options;
    options.token_budget = 256;
    RocketBudgets b      = budgets(options, 16384, 100, 2000, 128, true);  // alone, 1600 rows would not hold the answer
    CHECK(b.capacity == 4000 && b.prompt_budget == 2000);
    b = budgets(options, 1000, 7, 4000, 128, true);  // never more than S
    CHECK(b.capacity == 5000 && b.prompt_budget == 1000 && !b.evicts && b.window == 7);
    options.token_budget = 16;
    options.window       = 128;
    b                    = budgets(options, 5000, 5000, 0, 64, true);
    CHECK(b.prompt_budget >= 128 && b.window == 128 && b.k == 8);

    options.token_budget  = 256;
    options.decomposition = Decomposition::v1;
    b                     = budgets(options, 65536 - 50, 100, 50, 128, true);  // c = 256, capacity = S / 16
    CHECK(b.capacity == 4096 && b.page == 4 && b.r == 32 && b.k == 128);
}

void modes_and_overrides() {
    RocketOptions options;
    options.token_budget = 512;
    RocketBudgets b      = budgets(options, 8000, 100, 192, 64, false);  // hsa: everything is stored
    CHECK(b.capacity == 8192 && b.prompt_budget == 8000 && !b.evicts && !b.dense);
    CHECK(b.page == 4 && b.r == 16 && b.k == 256);

    b = budgets(options, 400, 100, 112, 64, true);  // S = t
    CHECK(b.dense && b.k == 512 && b.capacity == 512 && !b.evicts && b.page == 1 && b.r == 64);
    b = budgets(options, 401, 100, 112, 64, true);
    CHECK(!b.dense && b.k == 256);

    options.page = 2;
    options.r    = 5;
    options.k    = 77;
    b            = budgets(options, 8000, 100, 192, 64, true);
    CHECK(b.page == 2 && b.r == 5 && b.k == 77);
    options.k = 1 << 20;
    b         = budgets(options, 8000, 100, 192, 64, true);
    CHECK(b.k == b.capacity && b.dense);
}

// At no step of an answer do the codes read more than the paper's pages at the same budget; with one row more they
// would.
void codes_read_the_same_bytes(Random & random) {
    for (int i = 0; i < 300; i++) {
        const int     D        = random.one_of({64, 96, 128, 256, 512});
        const int64_t T        = random.integer(600, 130000);
        const int64_t max_new  = random.one_of({0, 1, 50, 64, 256, 1000});
        const bool    residual = random.integer(0, 1);
        RocketOptions options;
        options.token_budget      = random.one_of({100, 256, 333, 512, 1024, 4096});
        options.decomposition     = random.one_of({Decomposition::v1, Decomposition::v2});
        const RocketBudgets paper = budgets(options, T, 100, max_new, D, true);
        options.selector          = residual ? SelectorKind::codes_residual : SelectorKind::codes;
        RocketBudgets b;
        if (!rocket_budgets(options, T, 100, max_new, D, true, b)
                 .ok()) {  // so many rows that their codes alone are too much
            CHECK(codes_k(paper, codes_capacity(paper, D, residual, T + max_new), D, residual) < 1);
            CHECK(options.decomposition == Decomposition::v1 || 2 * max_new > 4 * options.token_budget);
            continue;
        }
        if (b.dense) continue;
        CHECK(b.capacity == codes_capacity(paper, D, residual, T + max_new) && b.prompt_budget == b.capacity - max_new);
        CHECK(b.k == codes_k(paper, b.capacity, D, residual));

        const auto make = [&](int64_t capacity, int64_t k) { return SelectorShape{1, 3, D, capacity, b.page, b.r, k}; };
        const auto pages = make(paper.capacity, paper.k);
        const auto codes = make(b.capacity, b.k), more = make(b.capacity, b.k + 1);
        const int64_t extra      = b.capacity - paper.capacity;  // the same step of the answer has so many rows more
        bool          never_more = true, more_would = false;
        for (int64_t n = std::max(paper.prompt_budget, paper.k) + 1; n <= paper.capacity; n++) {
            never_more &= selector_read_bytes(options.selector, codes, n + extra) <=
                          selector_read_bytes(SelectorKind::pages, pages, n);
            more_would |= selector_read_bytes(options.selector, more, n + extra) >
                          selector_read_bytes(SelectorKind::pages, pages, n);
        }
        CHECK(never_more);
        CHECK(more_would || max_new == 0 || b.k >= b.prompt_budget);
        options.k = 9;
        CHECK(budgets(options, T, 100, max_new, D, true).k == 9);
    }
}

// The codes selectors keep as many rows as 0.85 of what the paper's rows and summaries take: no more bytes, and one row
// more would be too many, unless these are the paper's rows anyway or all there are.
void codes_fill_their_share_of_the_paper_s_bytes(Random & random) {
    const auto stored = [](SelectorKind kind, const RocketBudgets & b, int64_t capacity, int D) {
        return capacity * 4 * D + int64_t(selector_stored_bytes(kind, {1, 3, D, capacity, b.page, b.r, b.k}));
    };
    for (int i = 0; i < 300; i++) {
        const int     D       = random.one_of({64, 96, 128, 256, 512});
        const int64_t T       = random.integer(600, 130000);
        const int64_t max_new = random.one_of({0, 1, 50, 64, 256, 1000});
        RocketOptions options;
        options.token_budget      = random.one_of({100, 256, 333, 512, 1024, 4096});
        const RocketBudgets paper = budgets(options, T, 100, max_new, D, true);
        for (const SelectorKind kind : {SelectorKind::codes, SelectorKind::codes_residual}) {
            options.selector = kind;
            RocketBudgets b;
            if (!rocket_budgets(options, T, 100, max_new, D, true, b).ok() || T + max_new <= options.token_budget)
                continue;
            CHECK(b.capacity >= paper.capacity && b.capacity <= T + max_new);
            CHECK(b.evicts == (T > b.prompt_budget));
            const double room = 0.85 * double(stored(SelectorKind::pages, paper, paper.capacity, D));
            if (b.capacity > paper.capacity) CHECK(double(stored(kind, paper, b.capacity, D)) <= room);
            // The paper's planes are padded to 64 pages and the codes to 32 rows: so far from full is full.
            const double slack =
                0.85 * 64 * 2 * 2 * D + 2 * 32 * (D / 4 + (kind == SelectorKind::codes ? 0 : D / 4)) + 2 * 4 * D;
            if (b.capacity < T + max_new) CHECK(double(stored(kind, paper, b.capacity + 1, D)) > room - slack);
        }
    }
    // D = 64, S = 5,256, worked out by hand: page 3 leaves a fifteenth more rows to codes, next to none with the
    // residual; page 2 a fifth.
    const auto rows = [](SelectorKind kind, int t) {
        RocketOptions options;
        options.token_budget = t;
        options.selector     = kind;
        return budgets(options, 5192, 40, 64, 64, true).capacity;
    };
    CHECK(rows(SelectorKind::pages, 512) == 2062 && rows(SelectorKind::codes, 512) == 2196 &&
          rows(SelectorKind::codes_residual, 512) == 2069);
    CHECK(rows(SelectorKind::pages, 1024) == 3006 && rows(SelectorKind::codes, 1024) == 3603 &&
          rows(SelectorKind::codes_residual, 1024) == 3398);
}

// hsa keeps every row: from some length on their codes are more than the paper reads at all.
void codes_that_do_not_fit() {
    RocketOptions options;
    options.token_budget = 256;
    options.selector     = SelectorKind::codes;
    RocketBudgets b;
    const Status  status = rocket_budgets(options, 16384, 100, 64, 64, false, b);
    CHECK(status.code == Code::INVALID_ARGUMENT && status.message.find("token_budget is 256") == 0);
    CHECK(rocket_budgets(options, 16384, 100, 64, 64, true, b).ok());
    options.k = 20;
    CHECK(rocket_budgets(options, 16384, 100, 64, 64, false, b).ok() && b.k == 20);
    options.k        = 0;
    options.selector = SelectorKind::pages;
    CHECK(rocket_budgets(options, 16384, 100, 64, 64, false, b).ok() && b.k == 128);
}

void nonsense_gets_a_sentence() {
    const auto refuses = [](auto change, int64_t T, int64_t question, int64_t max_new, int D, const char * field) {
        RocketOptions options;
        change(options);
        RocketBudgets b;
        const Status  status = rocket_budgets(options, T, question, max_new, D, true, b);
        CHECK(status.code == Code::INVALID_ARGUMENT);
        CHECK(status.message.find(field) == 0);
        CHECK(!status.message.empty() && status.message.back() == '.');
    };
    const auto same = [](RocketOptions &) {};
    refuses(same, 0, 1, 1, 64, "n_prompt");
    refuses(same, 10, 11, 1, 64, "n_question");
    refuses(same, 10, 0, 1, 64, "n_question");
    refuses(same, 10, 1, -1, 64, "max_new");
    refuses(same, 10, 1, int64_t(1) << 40, 64, "max_new");
    refuses(same, 10, 1, 1, 48, "head_dim");
    refuses(same, 10, 1, 1, 1024, "head_dim");
    refuses([](RocketOptions & o) { o.token_budget = 15; }, 10, 1, 1, 64, "token_budget");
    refuses([](RocketOptions & o) { o.window = 0; }, 10, 1, 1, 64, "window");
    refuses([](RocketOptions & o) { o.kernel = 62; }, 10, 1, 1, 64, "kernel");
    refuses([](RocketOptions & o) { o.kernel = -1; }, 10, 1, 1, 64, "kernel");
    refuses([](RocketOptions & o) { o.page = -1; }, 10, 1, 1, 64, "page");
    refuses([](RocketOptions & o) { o.r = 65; }, 10, 1, 1, 64, "r");
    refuses([](RocketOptions & o) { o.k = -1; }, 10, 1, 1, 64, "k");
    refuses([](RocketOptions & o) { o.n_dense_layers = -1; }, 10, 1, 1, 64, "n_dense_layers");
}

// Whatever the numbers, the invariants hold.
void invariants(Random & random) {
    for (int i = 0; i < 2000; i++) {
        RocketOptions options;
        options.token_budget  = random.integer(16, 5000);
        options.window        = random.integer(1, 200);
        options.decomposition = random.one_of({Decomposition::v1, Decomposition::v2});
        options.selector      = random.one_of(
            {SelectorKind::pages, SelectorKind::codes, SelectorKind::codes_residual, SelectorKind::exact});
        const int64_t T        = random.integer(1, 150000);
        const int64_t question = random.integer(1, int(T));
        const int64_t max_new  = random.integer(0, 3000);
        const int     D        = 32 * random.integer(1, 8);
        RocketBudgets b;
        const Status  status = rocket_budgets(options, T, question, max_new, D, random.integer(0, 3) > 0, b);
        if (status.code == Code::INVALID_ARGUMENT && status.message.find("token_budget") == 0)
            continue;  // codes that do not fit
        CHECK(status.ok());
        CHECK(b.capacity <= T + max_new && b.prompt_budget + max_new == b.capacity && b.prompt_budget <= T);
        CHECK(b.window >= 1 && b.window <= b.prompt_budget && b.window <= question);
        CHECK(b.page >= 1 && b.r >= 1 && b.r <= D && b.k >= 1 && b.k <= b.capacity);
        CHECK(b.evicts == (T > b.prompt_budget));
    }
}

}  // namespace

int main() {
    Random random;
    the_table();
    the_lift_and_the_window();
    modes_and_overrides();
    codes_read_the_same_bytes(random);
    codes_fill_their_share_of_the_paper_s_bytes(random);
    codes_that_do_not_fit();
    nonsense_gets_a_sentence();
    invariants(random);
    return check::report();
}
