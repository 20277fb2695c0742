#include "split_parts.h"

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "../open_file.h"

namespace rocketdoc {
namespace {

std::string ending(int64_t index, int64_t count) {
    char out[64];
    std::snprintf(out, sizeof(out), "-%05lld-of-%05lld.gguf", (long long) index + 1, (long long) count);
    return out;
}

std::string link_target(const std::string & path) {
    std::error_code             failed;
    const std::filesystem::path target = std::filesystem::canonical(path_from_utf8(path), failed);
    return failed ? path : utf8_from_path(target);
}

}  // namespace

Status find_parts(const std::string & path, int64_t index, int64_t count, std::vector<std::string> & out) {
    const std::string own = ending(index, count);
    std::string       missing;
    for (const std::string & name : {path, link_target(path)}) {
        if (name.size() <= own.size() || name.compare(name.size() - own.size(), own.size(), own) != 0) continue;
        out.clear();
        for (int64_t i = 0; i < count; i++) {
            out.push_back(name.substr(0, name.size() - own.size()) + ending(i, count));
            if (open_to_read(out.back())) continue;
            if (missing.empty())
                missing = path + " is one of the " + std::to_string(count) + " files of a model, and part " +
                          std::to_string(i + 1) + " is missing: there is no " + out.back() +
                          ". Put it beside the others.";
            out.clear();
            break;
        }
        if (!out.empty()) return Status::good();
    }
    if (!missing.empty()) return Status::fail(Code::MODEL_MISSING, missing);
    return Status::fail(Code::MODEL_FORMAT, path + " is part " + std::to_string(index + 1) + " of " +
                                                std::to_string(count) +
                                                " of a model; the others are found by its name, "
                                                "which must end in " +
                                                own + ". Rename it.");
}

}  // namespace rocketdoc
