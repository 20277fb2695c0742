// Recorded vectors: the CPU kernels recompute the committed ones and fresh ones, a wrong recording is found, and so is
// a device that computes wrongly: what check_vectors says of a GPU is worth as much as what it says of these.
#include <functional>

#include "recorded_vectors.h"
#include "rocketkv/half.h"

using namespace rocketdoc;

namespace {

// The CPU's kernels, with one result changed on its way.
struct Faulty : Recompute {
    std::unique_ptr<Recompute>                                            cpu = make_cpu_recompute();
    std::function<void(std::vector<float> &, std::vector<int32_t> &)>     kept;
    std::function<void(std::vector<f16_bits> &, std::vector<f16_bits> &)> gathered;
    std::function<void(std::vector<int32_t> &)>                           chosen;
    std::function<void(std::vector<float> &)>                             attended;
    const Vectors *                                                       x = nullptr;

    Status begin(const Vectors & vectors) override {
        x = &vectors;
        return cpu->begin(vectors);
    }
    Status keep(std::vector<float> & pooled, std::vector<int32_t> & rows) override {
        RETURN_IF_FAILED(cpu->keep(pooled, rows));
        if (kept) kept(pooled, rows);
        return Status::good();
    }
    Status gather(const std::vector<int32_t> & order, std::vector<f16_bits> & k, std::vector<f16_bits> & v) override {
        RETURN_IF_FAILED(cpu->gather(order, k, v));
        if (gathered) gathered(k, v);
        return Status::good();
    }
    Status choose(int step, std::vector<int32_t> & rows) override {
        RETURN_IF_FAILED(cpu->choose(step, rows));
        if (chosen && step == 1) chosen(rows);
        return Status::good();
    }
    Status attend(int step, const int32_t * rows, std::vector<float> & out) override {
        RETURN_IF_FAILED(cpu->attend(step, rows, out));
        if (attended && step == 1) attended(out);
        return Status::good();
    }
};

VectorsReport checked(const Vectors & x, Recompute & device) {
    VectorsReport report;
    CHECK(check_vectors(x, device, report).ok());
    return report;
}

// Puts an index that is not among `n` of them in place of the last; `limit`: where indices end.
void replace_last(int32_t * indices, int64_t n, int32_t limit) {
    for (int32_t i = 0; i < limit; i++) {
        if (std::find(indices, indices + n, i) != indices + n) continue;
        indices[n - 1] = i;
        std::sort(indices, indices + n);
        return;
    }
}

Vectors plain_vectors() {
    Vectors x;
    x.n_head = 8, x.n_head_kv = 2, x.head_dim = 64, x.prompt_len = 300, x.window = 16, x.kernel = 1, x.page = 2,
    x.top_r = 24, x.top_k = 20, x.keep = 90, x.steps = 3;
    CHECK(make_vectors(check::seed(), x).ok());
    return x;
}

void test_wrong_recordings() {
    const Vectors good = plain_vectors();
    const auto    cpu  = make_cpu_recompute();
    check_passes("plain", good, *cpu);
    Vectors x = good;
    replace_last(x.stage1_indices.data(), x.keep, int32_t(x.prompt_len - x.window));
    CHECK(checked(x, *cpu).stage1_mismatches == 1);
    x = good;
    replace_last(x.decode_top_r.data(), x.top_r, x.head_dim);
    CHECK(checked(x, *cpu).top_r_mismatches == 1);
    x = good;
    replace_last(x.decode_top_k.data(), x.top_k, int32_t(x.keep + x.window));
    CHECK(checked(x, *cpu).top_k_mismatches == 1);
    x = good;
    x.decode_out[70] += 0.01f;
    CHECK_NEAR(checked(x, *cpu).out_max_error, 0.01, 1e-3);
    x = good;
    std::reverse(x.compact_order.begin(), x.compact_order.begin() + x.keep);
    CHECK(checked(x, *cpu).top_k_mismatches > 0);  // other rows in the recorded slots
    x                 = good;
    x.decode_top_k[0] = int32_t(x.keep + x.window + 2);  // a row of a later step
    CHECK(checked(x, *cpu).top_k_mismatches == 1);

    VectorsReport report;
    x = good, x.k.pop_back();
    CHECK(check_vectors(x, *cpu, report).code == Code::INVALID_ARGUMENT);
    x = good, x.decode_top_r[3] = x.head_dim;
    CHECK(check_vectors(x, *cpu, report).code == Code::INVALID_ARGUMENT);
    x = good, x.keep = x.prompt_len;
    CHECK(check_vectors(x, *cpu, report).code == Code::INVALID_ARGUMENT);
}

void test_wrong_devices() {
    const Vectors x = plain_vectors();
    {
        Faulty device;
        device.kept = [&](auto &, auto & rows) { replace_last(rows.data(), x.keep, int32_t(x.prompt_len - x.window)); };
        CHECK(checked(x, device).stage1_mismatches == 1);
        device.kept = [&](auto &, auto & rows) { rows[0] = -1; };
        CHECK(checked(x, device).stage1_mismatches == 1);
        device.kept = [&](auto &, auto & rows) { rows[1] = rows[0]; };
        CHECK(checked(x, device).stage1_mismatches == 1);
        device.kept = [&](auto & pooled, auto & rows) {  // scores that say nothing excuse nothing
            std::fill(pooled.begin(), pooled.end(), NAN);
            replace_last(rows.data(), x.keep, int32_t(x.prompt_len - x.window));
        };
        CHECK(checked(x, device).stage1_mismatches == 1);
        device.kept = [&](auto & pooled, auto & rows) {  // equal scores do
            std::fill(pooled.begin(), pooled.end(), 1.0f);
            replace_last(rows.data(), x.keep, int32_t(x.prompt_len - x.window));
        };
        const VectorsReport report = checked(x, device);
        CHECK(report.stage1_mismatches == 0 && report.stage1_ties == 1);
    }
    {
        Faulty device;
        device.gathered = [](auto & k, auto &) { k[5] ^= 1; };
        CHECK(checked(x, device).gather_mismatches == 1);
        device.gathered = [](auto & k, auto & v) { k.front() ^= 1, v.back() ^= 1; };
        CHECK(checked(x, device).gather_mismatches == 2);
    }
    {
        Faulty device;
        device.chosen = [&](auto & rows) { replace_last(rows.data(), x.top_k, int32_t(x.keep + x.window)); };
        CHECK(checked(x, device).top_k_mismatches == 1);
        device.chosen = [&](auto & rows) { rows.back() = 1 << 30; };
        CHECK(checked(x, device).top_k_mismatches == 1);
    }
    {
        Faulty device;
        device.attended = [](auto & out) { out[7] += 0.01f; };
        CHECK_NEAR(checked(x, device).out_max_error, 0.01, 1e-3);
        device.attended = [](auto & out) { out[7] = NAN; };
        CHECK(std::isnan(checked(x, device).out_max_error));
    }
}

}  // namespace

int main(int argc, char ** argv) {
    const std::vector<std::string> paths = vectors_paths(argc, argv);
    const auto                     cpu   = make_cpu_recompute();
    CHECK(paths.size() >= 3);
    for (const std::string & path : paths) check_passes(path, VectorsFile(path).vectors(), *cpu);
    std::mt19937_64 random(check::seed());
    for (int i = 0; i < 40; i++) check_passes("random shape " + std::to_string(i), random_vectors(random), *cpu);
    test_wrong_recordings();
    test_wrong_devices();
    return check::report();
}
