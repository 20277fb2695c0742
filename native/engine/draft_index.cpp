#include "draft_index.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace rocketdoc {
namespace {

// Places with as long a match that are looked at on each side for a later one.
constexpr int MOST_LOOKED_AT = 16;

}  // namespace

int DraftIndex::matched(int64_t place, const std::vector<int32_t> & recent) const {
    const int64_t most = std::min<int64_t>({MOST_MATCHED, place, int64_t(recent.size())});
    int           n    = 0;
    while (n < most && tokens_[size_t(place - 1 - n)] == recent[recent.size() - 1 - size_t(n)]) n++;
    return n;
}

bool DraftIndex::is_before(int64_t place, const std::vector<int32_t> & recent) const {
    const int n = matched(place, recent);
    if (n == MOST_MATCHED || size_t(n) == recent.size()) return false;
    return n == place || tokens_[size_t(place - 1 - n)] < recent[recent.size() - 1 - size_t(n)];
}

bool DraftIndex::is_before(int64_t a, int64_t b) const {
    const int64_t most = std::min<int64_t>({MOST_MATCHED, a, b});
    for (int64_t i = 1; i <= most; i++) {
        const int32_t x = tokens_[size_t(a - i)], y = tokens_[size_t(b - i)];
        if (x != y) return x < y;
    }
    // Of places that begin alike the one nearer to the text's start is the shorter one.
    return a < b;
}

void DraftIndex::build(std::vector<int32_t> tokens) {
    tokens_ = std::move(tokens);
    places_.resize(tokens_.empty() ? 0 : tokens_.size() - 1);
    std::iota(places_.begin(), places_.end(), 1);
    std::sort(places_.begin(), places_.end(), [this](int32_t a, int32_t b) { return is_before(a, int64_t(b)); });
}

void DraftIndex::add(int32_t token) {
    tokens_.push_back(token);
    if (tokens_.size() == 1) return;
    const int32_t place = int32_t(tokens_.size()) - 1;
    const auto    at    = std::lower_bound(places_.begin(), places_.end(), place,
                                           [this](int32_t a, int32_t b) { return is_before(a, int64_t(b)); });
    places_.insert(at, place);
}

void DraftIndex::truncate(int64_t n) {
    if (n >= n_tokens()) return;
    tokens_.resize(size_t(n));
    places_.erase(std::remove_if(places_.begin(), places_.end(), [n](int32_t place) { return place >= n; }),
                  places_.end());
}

DraftIndex::Match DraftIndex::find(const std::vector<int32_t> & recent) const {
    const auto at = std::lower_bound(places_.begin(), places_.end(), recent,
                                     [this](int32_t a, const std::vector<int32_t> & b) { return is_before(a, b); });
    Match      best;
    // The longest match is beside where the recent tokens would stand; those as long lie next to it.
    const auto look = [&](int32_t place) {
        const int n = matched(place, recent);
        if (n < best.length || n == 0) return false;
        best = {n, n > best.length ? place : std::max<int64_t>(best.place, place)};
        return true;
    };
    auto up = at, down = at;
    for (int i = 0; i < MOST_LOOKED_AT && up != places_.end() && look(*up); i++) ++up;
    for (int i = 0; i < MOST_LOOKED_AT && down != places_.begin() && look(*(down - 1)); i++) --down;
    return best;
}

std::vector<int32_t> DraftIndex::from(int64_t place, int64_t n) const {
    std::vector<int32_t> out;
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = place + i;
        out.push_back(at < n_tokens() ? tokens_[size_t(at)] : out[size_t(at - n_tokens())]);
    }
    return out;
}

}  // namespace rocketdoc
