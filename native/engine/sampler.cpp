#include "sampler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

namespace rocketdoc {

Status Sampler::check(const SamplerOptions & o) {
    auto bad = [](const char * name, double value, const char * range) {
        return Status::fail(Code::INVALID_ARGUMENT,
                            std::string(name) + " is " + std::to_string(value) + "; it must be " + range + ".");
    };
    if (!(o.temperature >= 0 && o.temperature <= 100)) return bad("temperature", o.temperature, "0 to 100");
    if (o.top_k < 0) return bad("top-k", o.top_k, "0 (off) or more");
    if (!(o.top_p > 0 && o.top_p <= 1)) return bad("top-p", o.top_p, "above 0 and at most 1");
    if (!(o.min_p >= 0 && o.min_p <= 1)) return bad("min-p", o.min_p, "0 to 1");
    if (!(o.repetition_penalty > 0 && o.repetition_penalty <= 10))
        return bad("repetition penalty", o.repetition_penalty, "above 0 and at most 10");
    if (o.repetition_window < 0) return bad("repetition window", o.repetition_window, "0 or more");
    return Status::good();
}

bool Sampler::needs_vocabulary() const {
    // A penalty below 1 raises tokens from anywhere; above 1 it lowers up to a window's tokens, and others move up.
    const bool    penalises = options_.repetition_penalty != 1.0f && options_.repetition_window > 0;
    const int64_t lowered   = penalises ? options_.repetition_window : 0;
    const int64_t kept      = options_.temperature > 0 ? options_.top_k : 1;
    if (penalises && options_.repetition_penalty < 1.0f) return true;
    return kept == 0 || kept + lowered > LEAST_CANDIDATES;
}

int32_t Sampler::sample(std::vector<Candidate> & candidates) {
    if (options_.repetition_penalty != 1.0f) {
        std::vector<int32_t> seen(
            recent_.end() - std::min<std::ptrdiff_t>(std::ptrdiff_t(recent_.size()), options_.repetition_window),
            recent_.end());
        std::sort(seen.begin(), seen.end());
        for (Candidate & c : candidates) {
            if (!std::binary_search(seen.begin(), seen.end(), c.id)) continue;
            c.logit = c.logit > 0 ? c.logit / options_.repetition_penalty : c.logit * options_.repetition_penalty;
        }
    }
    auto better = [](const Candidate & a, const Candidate & b) {
        return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
    };
    int32_t chosen = std::min_element(candidates.begin(), candidates.end(), better)->id;
    if (options_.temperature > 0) {
        const size_t keep =
            options_.top_k > 0 ? std::min(candidates.size(), size_t(options_.top_k)) : candidates.size();
        std::partial_sort(candidates.begin(), candidates.begin() + std::ptrdiff_t(keep), candidates.end(), better);
        candidates.resize(keep);
        double sum = 0;
        for (Candidate & c : candidates) sum += c.p = std::exp((c.logit - candidates[0].logit) / options_.temperature);
        // top-p: the shortest start whose share reaches p; min-p: those at least min_p of the best. The best always
        // stays.
        double taken = 0;
        size_t end   = 0;
        while (end < keep && (end == 0 || (taken < options_.top_p * sum && candidates[end].p >= options_.min_p)))
            taken += candidates[end++].p;
        double at = std::uniform_real_distribution<double>(0, taken)(random_);
        size_t i  = 0;
        while (i + 1 < end && at >= candidates[i].p) at -= candidates[i++].p;
        chosen = candidates[i].id;
    }
    recent_.push_back(chosen);
    return chosen;
}

}  // namespace rocketdoc
