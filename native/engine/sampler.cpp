#include "sampler.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

namespace rocketdoc {

Status Sampler::check(const SamplerOptions & o) {
    auto bad = [](const char * name, double value, const char * range) {
        return Status::fail(Code::INVALID_ARGUMENT, std::string(name) + " is " + std::to_string(value) + "; it must be " + range + ".");
    };
    if (!(o.temperature >= 0 && o.temperature <= 100)) return bad("temperature", o.temperature, "0 to 100");
    if (o.top_k < 0) return bad("top-k", o.top_k, "0 (off) or more");
    if (!(o.top_p > 0 && o.top_p <= 1)) return bad("top-p", o.top_p, "above 0 and at most 1");
    if (!(o.min_p >= 0 && o.min_p <= 1)) return bad("min-p", o.min_p, "0 to 1");
    if (!(o.repetition_penalty > 0 && o.repetition_penalty <= 10)) return bad("repetition penalty", o.repetition_penalty, "above 0 and at most 10");
    if (o.repetition_window < 0) return bad("repetition window", o.repetition_window, "0 or more");
    return Status::good();
}

int32_t Sampler::sample(std::vector<float> & logits) {
    if (options_.repetition_penalty != 1.0f) {
        std::vector<int32_t> seen(recent_.end() - std::min<std::ptrdiff_t>(std::ptrdiff_t(recent_.size()), options_.repetition_window), recent_.end());
        std::sort(seen.begin(), seen.end());
        seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
        for (int32_t id : seen) {
            float & logit = logits[size_t(id)];
            logit         = logit > 0 ? logit / options_.repetition_penalty : logit * options_.repetition_penalty;
        }
    }
    int32_t chosen = int32_t(std::max_element(logits.begin(), logits.end()) - logits.begin());
    if (options_.temperature > 0) {
        const size_t n = logits.size();
        candidates_.resize(n);
        for (size_t i = 0; i < n; i++) candidates_[i] = {int32_t(i), logits[i] / options_.temperature, 0.0f};
        auto better = [](const Candidate & a, const Candidate & b) { return a.logit > b.logit || (a.logit == b.logit && a.id < b.id); };
        size_t keep = options_.top_k > 0 ? std::min(n, size_t(options_.top_k)) : n;
        std::partial_sort(candidates_.begin(), candidates_.begin() + std::ptrdiff_t(keep), candidates_.end(), better);
        candidates_.resize(keep);
        double sum = 0;
        for (Candidate & c : candidates_) sum += c.p = std::exp(c.logit - candidates_[0].logit);
        // top-p: the shortest start whose share reaches p; min-p: those at least min_p of the best. The best always stays.
        double taken = 0;
        size_t end   = 0;
        while (end < keep && (end == 0 || (taken < options_.top_p * sum && candidates_[end].p >= options_.min_p))) taken += candidates_[end++].p;
        double at = std::uniform_real_distribution<double>(0, taken)(random_);
        size_t i  = 0;
        while (i + 1 < end && at >= candidates_[i].p) at -= candidates_[i++].p;
        chosen = candidates_[i].id;
    }
    recent_.push_back(chosen);
    return chosen;
}

}  // namespace rocketdoc
