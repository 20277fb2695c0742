// How far llama.cpp's own logits lie apart between CPU and GPU, and how far ours do: a measure for what two devices may
// differ by that multiply the same weights with other roundings. Prints one CSV line for each pair.
//   llama_devices <model.gguf> <token ids, separated by white space> [folder of ggml's CPU libraries]
// GPU: cuda_options.h. Without one only the pairs of the CPU are printed.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>

#include "cuda_options.h"
#include "device/cpu/cpu_device.h"
#include "engine/engine.h"
#include "llama.h"

using namespace rocketdoc;

namespace {

constexpr size_t MAX_POSITIONS = 2000;
constexpr int    BATCH         = 512;

using Logits = std::vector<float>;  // [n, n_vocab]

constexpr int FAILED = 1, USAGE = 2;  // exit codes

bool failed(const std::string & what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    return false;
}

// The model on `gpu`, or on the CPU alone when it is null.
bool llama_logits(const std::string & path, const std::vector<int32_t> & tokens, ggml_backend_dev_t gpu, bool flash,
                  Logits & out) {
    ggml_backend_dev_t devices[]    = {gpu, nullptr};
    llama_model_params model_params = llama_model_default_params();
    model_params.devices            = devices;
    model_params.n_gpu_layers       = gpu ? -1 : 0;
    llama_model * model             = llama_model_load_from_file(path.c_str(), model_params);
    if (!model) return failed("llama.cpp does not load " + path);
    const size_t         n_vocab = size_t(llama_vocab_n_tokens(llama_model_get_vocab(model)));
    llama_context_params params  = llama_context_default_params();
    params.n_ctx                 = uint32_t(MAX_POSITIONS + BATCH);
    params.n_batch               = BATCH;
    params.n_ubatch              = BATCH;
    params.n_threads             = default_thread_count();
    params.n_threads_batch       = default_thread_count();
    params.flash_attn_type       = flash ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    llama_context * ctx          = llama_init_from_model(model, params);
    bool            good         = ctx != nullptr;
    llama_batch     batch        = llama_batch_init(BATCH, 0, 1);
    out.clear();
    for (size_t first = 0; good && first < tokens.size(); first += BATCH) {
        batch.n_tokens = int32_t(std::min<size_t>(BATCH, tokens.size() - first));
        for (int32_t i = 0; i < batch.n_tokens; i++) {
            batch.token[i]     = tokens[first + size_t(i)];
            batch.pos[i]       = llama_pos(first) + i;
            batch.n_seq_id[i]  = 1;
            batch.seq_id[i][0] = 0;
            batch.logits[i]    = 1;
        }
        good = llama_decode(ctx, batch) == 0;
        for (int32_t i = 0; good && i < batch.n_tokens; i++) {
            const float * row = llama_get_logits_ith(ctx, i);
            good              = row != nullptr;
            if (good) out.insert(out.end(), row, row + n_vocab);
        }
    }
    llama_batch_free(batch);
    if (ctx) llama_free(ctx);
    llama_model_free(model);
    return good || failed("llama.cpp fails on " + path);
}

bool our_logits(const std::string & path, const DeviceOptions & options, const std::vector<int32_t> & tokens,
                Logits & out) {
    std::unique_ptr<Engine> engine;
    const Status            opened = Engine::open({path, options}, engine);
    if (!opened.ok()) return failed(opened.message);
    Document     document(*engine, GGML_TYPE_F16);
    Session      session(*engine, document);
    const Status scored = session.score(tokens, out);
    return scored.ok() || failed(scored.message);
}

// Log of the sum of e^x, in double precision.
double log_sum(const float * x, size_t n) {
    const double top = *std::max_element(x, x + n);
    double       sum = 0;
    for (size_t i = 0; i < n; i++) sum += std::exp(x[i] - top);
    return top + std::log(sum);
}

void print_pair(const std::string & a_name, const Logits & a, const std::string & b_name, const Logits & b, size_t n) {
    const size_t        n_vocab = a.size() / n;
    std::vector<double> kl;
    size_t              other = 0;
    for (size_t row = 0; row < n; row++) {
        const float * p  = a.data() + row * n_vocab;
        const float * q  = b.data() + row * n_vocab;
        const double  zp = log_sum(p, n_vocab), zq = log_sum(q, n_vocab);
        double        sum = 0;
        for (size_t i = 0; i < n_vocab; i++) sum += std::exp(p[i] - zp) * ((p[i] - zp) - (q[i] - zq));
        kl.push_back(sum);
        other += std::max_element(p, p + n_vocab) - p != std::max_element(q, q + n_vocab) - q;
    }
    double mean = 0;
    for (double x : kl) mean += x / double(n);
    std::sort(kl.begin(), kl.end());
    std::printf("%s,%s,%zu,%.3e,%.3e,%.3e,%.4f\n", a_name.c_str(), b_name.c_str(), n, mean, kl[n / 2], kl[n * 9 / 10],
                double(other) / double(n));
    std::fflush(stdout);
}

std::vector<int32_t> read_tokens(const char * path) {
    std::ifstream        file(path);
    std::vector<int32_t> tokens;
    for (int32_t token; tokens.size() < MAX_POSITIONS && file >> token;) tokens.push_back(token);
    return tokens;
}

}  // namespace

int main(int argc, char ** argv) {
    if (argc < 3) {
        failed("usage: llama_devices <model.gguf> <file of token ids> [folder of ggml's CPU libraries]");
        return USAGE;
    }
    const std::string          path = argv[1], cpu_dir = argc > 3 ? argv[3] : GGML_BINS;
    const std::vector<int32_t> tokens = read_tokens(argv[2]);
    if (tokens.empty()) {
        failed(std::string("There are no token ids in ") + argv[2] + ".");
        return USAGE;
    }
    setenv("GGML_CUDA_DISABLE_GRAPHS", "1", 1);  // read once, when the library loads; our engine captures itself
    llama_log_set(
        [](ggml_log_level level, const char * text, void *) {
            if (level == GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
        },
        nullptr);
    ggml_backend_load_all_from_path(cpu_dir.c_str());
    llama_backend_init();

    // The CUDA library comes after what is computed on the CPU: until then no part of it can go elsewhere.
    std::map<std::string, Logits> logits;
    const DeviceOptions           cpu{cpu_dir};
    if (!llama_logits(path, tokens, nullptr, true, logits["llama.cpp cpu flash"]) ||
        !llama_logits(path, tokens, nullptr, false, logits["llama.cpp cpu plain"]) ||
        !our_logits(path, cpu, tokens, logits["rocketdoc cpu"])) {
        return FAILED;
    }
    if (has_gpu()) {
        const DeviceOptions      cuda   = cuda_options();
        const ggml_backend_reg_t reg    = ggml_backend_load(cuda.library.c_str());
        ggml_backend_dev_t       device = reg ? ggml_backend_reg_dev_get(reg, 0) : nullptr;
        if (!device) {
            failed("llama.cpp does not take " + cuda.library + ".");
            return FAILED;
        }
        if (!llama_logits(path, tokens, device, true, logits["llama.cpp cuda flash"]) ||
            !llama_logits(path, tokens, device, false, logits["llama.cpp cuda plain"]) ||
            !our_logits(path, cuda, tokens, logits["rocketdoc cuda"])) {
            return FAILED;
        }
    }
    for (const auto & [name, rows] : logits) {
        if (rows.size() == logits.begin()->second.size()) continue;
        failed(name + " has another number of logits.");
        return FAILED;
    }

    const std::pair<const char *, const char *> pairs[] = {
        {"llama.cpp cpu flash", "llama.cpp cpu plain"},
        {"llama.cpp cuda flash", "llama.cpp cuda plain"},
        {"llama.cpp cpu flash", "llama.cpp cuda flash"},
        {"llama.cpp cpu plain", "llama.cpp cuda plain"},
        {"rocketdoc cpu", "rocketdoc cuda"},
        {"llama.cpp cpu flash", "rocketdoc cpu"},
        {"llama.cpp cuda flash", "rocketdoc cuda"},
    };
    std::printf("a,b,positions,kl_mean,kl_median,kl_p90,other_top1\n");
    for (const auto & [a, b] : pairs) {
        if (logits.count(a) && logits.count(b)) print_pair(a, logits[a], b, logits[b], tokens.size());
    }
    return 0;
}
