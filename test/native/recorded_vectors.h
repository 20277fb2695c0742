// Recorded vectors for the tests: the committed files (as test/fixtures/make-vectors.ts writes them) and fresh ones of
// random shapes, made by the scalar reference.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "check.h"
#include "lab/vectors.h"

namespace rocketdoc {

// Enough of safetensors for files of our own; what is missing makes check_vectors refuse.
class VectorsFile {
  public:
    explicit VectorsFile(const std::string & path) {
        std::ifstream           file(path, std::ios::binary);
        const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
        uint64_t                length = 0;
        if (bytes.size() < sizeof(length)) return;
        std::memcpy(&length, bytes.data(), sizeof(length));
        if (length > bytes.size() - sizeof(length)) return;
        header_.assign(bytes.data() + sizeof(length), size_t(length));
        data_.assign(bytes.begin() + std::ptrdiff_t(sizeof(length) + length), bytes.end());
    }

    Vectors vectors() const {
        Vectors x;
        x.n_head     = int(metadata("n_head"));
        x.n_head_kv  = int(metadata("n_head_kv"));
        x.head_dim   = int(metadata("head_dim"));
        x.prompt_len = metadata("prompt_len");
        x.window     = int(metadata("window"));
        x.kernel     = int(metadata("kernel"));
        x.page       = int(metadata("page"));
        x.top_r      = int(metadata("top_r"));
        x.steps      = int(metadata("steps"));
        x.top_k      = metadata("top_k");
        x.keep       = std::min(metadata("prompt_budget"), x.prompt_len) - x.window;
        take("q_window", x.q_window);
        take("k", x.k);
        take("v", x.v);
        take("stage1_indices", x.stage1_indices);
        take("compact_order", x.compact_order);
        take("decode_q", x.decode_q);
        take("decode_k", x.decode_k);
        take("decode_v", x.decode_v);
        take("decode_top_r", x.decode_top_r);
        take("decode_top_k", x.decode_top_k);
        take("decode_out", x.decode_out);
        return x;
    }

  private:
    int64_t metadata(const std::string & name) const {
        const std::string key = "\"" + name + "\":\"";
        const size_t      at  = header_.find(key);
        return at == std::string::npos ? 0 : std::atoll(header_.c_str() + at + key.size());
    }
    template <typename T>
    void take(const std::string & name, std::vector<T> & out) const {
        const std::string offsets = "\"data_offsets\":[";
        const size_t      entry   = header_.find("\"" + name + "\":{");
        const size_t      at      = entry == std::string::npos ? entry : header_.find(offsets, entry);
        if (at == std::string::npos) return;
        char *       rest  = nullptr;
        const size_t begin = std::strtoull(header_.c_str() + at + offsets.size(), &rest, 10),
                     end   = std::strtoull(rest + 1, nullptr, 10);
        if (begin > end || end > data_.size()) return;
        out.resize((end - begin) / sizeof(T));
        std::memcpy(out.data(), data_.data() + begin, out.size() * sizeof(T));
    }

    std::string       header_;
    std::vector<char> data_;
};

// The files named on the command line, or else the committed ones.
inline std::vector<std::string> vectors_paths(int argc, char ** argv) {
    std::vector<std::string> paths(argv + 1, argv + argc);
    std::error_code          ec;
    if (!paths.empty()) return paths;
    for (const auto & entry : std::filesystem::directory_iterator(ROCKETDOC_VECTORS, ec))
        paths.push_back(entry.path().string());
    std::sort(paths.begin(), paths.end());
    return paths;
}

// Any shape that the method can have, small; head_dim of those that every device serves.
inline Vectors random_vectors(std::mt19937_64 & random) {
    auto integer = [&](int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random); };
    const int dims[] = {64, 96, 128, 256};
    Vectors   x;
    x.head_dim   = dims[integer(0, 3)];
    x.n_head_kv  = int(integer(1, 3));
    x.n_head     = x.n_head_kv * int(integer(1, 5));
    x.window     = int(integer(1, 33));
    x.prompt_len = x.window + integer(1, 500);
    x.keep       = integer(0, x.prompt_len - x.window);
    x.kernel     = int(2 * integer(0, 31) + 1);
    x.page       = int(integer(1, 6));
    x.top_r      = int(integer(1, x.head_dim));
    x.top_k      = integer(1, x.keep + x.window + 1);
    x.steps      = int(integer(1, 5));
    CHECK(make_vectors(random(), x).ok());
    return x;
}

// Passes, and says what it found.
inline void check_passes(const std::string & name, const Vectors & x, Recompute & device) {
    VectorsReport report;
    const Status  status = check_vectors(x, device, report);
    if (!CHECK(status.ok())) std::printf("    %s: %s\n", name.c_str(), status.message.c_str());
    const bool good =
        report.stage1_mismatches + report.gather_mismatches + report.top_r_mismatches + report.top_k_mismatches == 0 &&
        report.out_max_error <= 5e-4f;
    if (CHECK(good)) return;
    std::printf("    %s: H %d, G %d, D %d, T %lld, window %d, keep %lld, kernel %d, page %d, r %d, k %lld: stage 1 "
                "%lld, rows %lld, channels %lld, tokens %lld, error %.2e\n",
                name.c_str(), x.n_head, x.n_head_kv, x.head_dim, (long long) x.prompt_len, x.window, (long long) x.keep,
                x.kernel, x.page, x.top_r, (long long) x.top_k, (long long) report.stage1_mismatches,
                (long long) report.gather_mismatches, (long long) report.top_r_mismatches,
                (long long) report.top_k_mismatches, double(report.out_max_error));
}

}  // namespace rocketdoc
