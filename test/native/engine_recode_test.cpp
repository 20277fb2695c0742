// Codes that drifted, on each device: one of two heads gets keys far outside the ranges that its codes were made for.
// It is coded again at the rows that the rule names, the other head is not, and from then on both choose what the
// scalar reference chooses. The GPU's half (cuda_options.h) is skipped, with the reason, where no GPU can be used.
#include "compact_side.h"
#include "rocketkv/recode_policy.h"

using namespace rocketdoc;

namespace {

constexpr int64_t N_STEPS = 3 * RECODE_EVERY, N_HEAD_KV = 2, WINDOW = 16, DRIFTING = 1;
constexpr int     GROUP = 3, K = 48;

// A head as the reference sees it: all its rows, and codes made again by the rule.
class ScalarHead {
  public:
    ScalarHead(const Inputs & in, int64_t head, bool residual)
        : in_(in), head_(head), d_(in.params.full_layer().head_dim), residual_(residual) {
        const auto of_head = [&](const std::vector<float> & all) {
            const auto first = all.begin() + head * N_PROMPT * d_;
            return f16_rows({first, first + N_PROMPT * d_});
        };
        keys_   = of_head(in.k[0]);
        values_ = of_head(in.v[0]);
        importance_.assign(size_t(d_), 0);
        const float * q = in.window[0].data() + head * GROUP * WINDOW * d_;
        for (int64_t i = 0; i < GROUP * WINDOW * d_; i++)
            importance_[size_t(i % d_)] += q[i] * q[i] / float(GROUP * WINDOW);
        make();
    }

    // The step's row is there. Its scores by codes, [rows].
    std::vector<float> add(int64_t step) {
        const auto row = [&](const std::vector<float> & all) {
            const auto first = all.begin() + head_ * d_;
            return f16_rows({first, first + d_});
        };
        const std::vector<float> key = row(in_.step_k[size_t(step)]), value = row(in_.step_v[size_t(step)]);
        keys_.insert(keys_.end(), key.begin(), key.end());
        values_.insert(values_.end(), value.begin(), value.end());
        reference::code_append(coded_, key.data(), value.data());
        const float * q = in_.step_q[size_t(step)].data() + head_ * GROUP * d_;
        return reference::code_scores(coded_, {q, GROUP, in_.params.layer(0).scale});
    }

    void token_done(int64_t n_new) {
        if (!recode_is_judged(n_new)) return;
        const int64_t n_coded = int64_t(coded_.order.size());
        if (!codes_have_drifted(coded_.n_clamped, n_new - coded_at_, int(n_coded))) return;
        n_clamped_ += coded_.n_clamped;
        coded_at_ = n_new;
        times_++;
        make();
    }

    int64_t n_clamped() const { return n_clamped_ + coded_.n_clamped; }
    int     times_coded_again() const { return times_; }

  private:
    void make() {
        coded_           = reference::code({keys_.data(), values_.data(), int64_t(keys_.size()) / d_, int(d_)},
                                           importance_.data(), residual_);
        coded_.n_clamped = 0;
    }

    const Inputs &     in_;
    int64_t            head_, d_;
    bool               residual_;
    std::vector<float> keys_, values_, importance_;  // [rows, D] twice, [D]
    reference::Coded   coded_;
    int64_t            coded_at_ = 0, n_clamped_ = 0;
    int                times_ = 0;
};

// Rows that are certainly among the K best of `scores`, and rows that may be: a code at the edge of two steps is
// rounded either way, and moves its row's score a little.
void add_choice(const std::vector<float> & scores, std::vector<uint32_t> & least, std::vector<uint32_t> & most) {
    constexpr float    TOLERANCE = 0.1f;
    std::vector<float> sorted    = scores;
    std::nth_element(sorted.begin(), sorted.begin() + K - 1, sorted.end(), std::greater<float>());
    const float cut = sorted[K - 1];
    for (size_t i = 0; i < scores.size(); i++) {
        least[i] += scores[i] > cut * (1 + TOLERANCE);
        most[i] += scores[i] >= cut * (1 - TOLERANCE);
    }
}

void test_one_head(bool cuda, SelectorKind selector, int64_t head_dim) {
    Random random;
    Inputs in(random, {1, N_HEAD_KV * GROUP, N_HEAD_KV, head_dim, WINDOW, N_STEPS});
    // From the tenth token on the keys of one head are six times as long; later ones are not longer than that.
    for (int64_t step = 10; step < N_STEPS; step++) {
        float * key = in.step_k[size_t(step)].data() + DRIFTING * head_dim;
        for (int64_t c = 0; c < head_dim; c++) key[c] *= 6;
    }
    RocketOptions options = options_of(selector);
    options.k             = K;
    Side side;
    if (!open_side(cuda, side) || !side.keep(in, Mode::hsa, options)) return;
    CHECK(side.cache->budgets().k == K);
    const bool              residual = selector == SelectorKind::codes_residual;
    std::vector<ScalarHead> heads;
    for (int64_t head = 0; head < N_HEAD_KV; head++) heads.emplace_back(in, head, residual);

    const size_t          n_rows = size_t(N_PROMPT + N_STEPS);
    std::vector<uint32_t> before(n_rows, 0);
    int64_t               certain = 0;
    for (int64_t step = 0; step < N_STEPS; step++) {
        std::vector<uint32_t> least(n_rows, 0), most(n_rows, 0), kept(n_rows, 0), reads(n_rows, 0);
        for (ScalarHead & head : heads) add_choice(head.add(step), least, most);
        side.step(in, step);
        side.cache->count_map(kept, reads);
        int64_t wrong = 0, n_read = 0;
        for (size_t i = 0; i < n_rows; i++) {
            const uint32_t now = reads[i] - before[i];
            wrong += now < least[i] || now > most[i];
            n_read += now;
            certain += least[i];
        }
        CHECK(n_read == N_HEAD_KV * K);
        if (!CHECK(wrong == 0))
            std::printf("    %s, step %d: %d rows are read otherwise than by the reference\n", cuda ? "GPU" : "CPU",
                        int(step), int(wrong));
        before = reads;
        for (ScalarHead & head : heads) head.token_done(step + 1);
    }
    CHECK(certain > N_STEPS * N_HEAD_KV * K / 2);
    CHECK(heads[DRIFTING].times_coded_again() >= 1);
    CHECK(heads[1 - DRIFTING].times_coded_again() == 0);
    int64_t n_clamped = 0;
    for (const ScalarHead & head : heads) n_clamped += head.n_clamped();
    CHECK_NEAR(double(side.cache->clamped_codes()), double(n_clamped), 0.01 * double(n_clamped) + 2);
}

void test_device(bool cuda) {
    for (SelectorKind selector : {SelectorKind::codes, SelectorKind::codes_residual})
        for (int64_t head_dim : {64, 96, 128, 512}) test_one_head(cuda, selector, head_dim);
}

}  // namespace

int main() {
    test_device(false);
    if (has_gpu()) test_device(true);
    return check::report();
}
