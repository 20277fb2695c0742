// Recorded vectors recomputed by the GPU's kernels: the committed ones, or files named on the command line, and fresh
// ones of random shapes. Skipped, with the reason, where no GPU (cuda_options.h) can be used.
#include "cuda_options.h"
#include "lab/cuda_vectors.h"
#include "recorded_vectors.h"

using namespace rocketdoc;

int main(int argc, char ** argv) {
    if (!has_gpu()) return SKIPPED;
    std::unique_ptr<CudaDevice> gpu;
    const Status                opened = CudaDevice::open(cuda_options(), gpu);
    if (!CHECK(opened.ok())) {
        std::printf("    %s\n", opened.message.c_str());
        return check::report();
    }
    const std::vector<std::string> paths = vectors_paths(argc, argv);
    CHECK(!paths.empty());
    for (const std::string & path : paths) {
        const Vectors x      = VectorsFile(path).vectors();
        const auto    device = make_cuda_recompute(*gpu);
        check_passes(path, x, *device);
        VectorsReport report;
        if (check_vectors(x, *device, report).ok()) {
            std::printf("%s: ties of stage 1 %lld, channels %lld, tokens %lld; attention off by %.2e at most\n",
                        path.c_str(), (long long) report.stage1_ties, (long long) report.top_r_ties,
                        (long long) report.top_k_ties, double(report.out_max_error));
        }
    }
    std::mt19937_64 random(check::seed());
    for (int i = 0; i < 200; i++)
        check_passes("random shape " + std::to_string(i), random_vectors(random), *make_cuda_recompute(*gpu));

    // A recording with one wrong row of each kind is found here too.
    Vectors x = random_vectors(random);
    x.n_head = 4, x.n_head_kv = 1, x.head_dim = 128, x.prompt_len = 400, x.window = 32, x.keep = 100, x.kernel = 1,
    x.page = 1, x.top_r = 40, x.top_k = 50, x.steps = 2;
    CHECK(make_vectors(check::seed(), x).ok());
    const Vectors good  = x;
    auto          wrong = [](std::vector<int32_t> & indices, int64_t n) {  // the lowest index that is not there
        int32_t i = 0;
        while (std::find(indices.begin(), indices.begin() + n, i) != indices.begin() + n) i++;
        indices[size_t(n - 1)] = i;
        std::sort(indices.begin(), indices.begin() + n);
    };
    VectorsReport report;
    const auto    device = make_cuda_recompute(*gpu);
    wrong(x.stage1_indices, x.keep);
    CHECK(check_vectors(x, *device, report).ok() && report.stage1_mismatches == 1);
    x = good;
    wrong(x.decode_top_k, x.top_k);
    CHECK(check_vectors(x, *device, report).ok() && report.top_k_mismatches == 1);
    x = good;
    x.decode_out[9] += 0.01f;
    CHECK(check_vectors(x, *device, report).ok() && report.out_max_error > 5e-3f);

    x.head_dim = 160;
    CHECK(make_vectors(check::seed(), x).ok());
    CHECK(check_vectors(x, *device, report).code == Code::INVALID_ARGUMENT);
    return check::report();
}
