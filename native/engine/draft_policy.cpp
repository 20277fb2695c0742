#include "draft_policy.h"

#include <algorithm>

namespace rocketdoc {
namespace {

// Until a pass of a width was made: of the time of one token. Low, so that it is tried where drafts are likely right.
constexpr std::array<double, DraftPolicy::WIDTHS.size()> FIRST_COST = {1.0, 1.4, 1.9, 3.0};

// By the kind of match: the tokens that matched at the least, and how often a draft is right before any was seen,
// which weighs as much as FIRST_WEIGHT drafts.
constexpr int    LEAST_LENGTH[] = {1, 2, 3, 4, 6, 9, 16};
constexpr double FIRST_CHANCE[] = {0.10, 0.30, 0.45, 0.60, 0.70, 0.80, 0.90};
constexpr double FIRST_WEIGHT   = 4;

constexpr double LEAST_GAIN  = 1.05;   // tokens a second of drafts against those without
constexpr double OLDER       = 0.9;    // what was seen before weighs this much at each new pass of its kind
constexpr double FORGETTING  = 0.995;  // and at each pass of another: what did not pay is tried again after a while
constexpr double NEW_TIME    = 0.2;    // weight of a new time
constexpr double MOST_SLOWER = 2.0;    // a pass that took longer was disturbed, and counts as this times the mean

}  // namespace

DraftPolicy::DraftPolicy() = default;

int DraftPolicy::kind_of(int length) {
    int kind = 0;
    while (kind + 1 < N_KINDS && LEAST_LENGTH[kind + 1] <= length) kind++;
    return kind;
}

double DraftPolicy::chance(int length) const {
    const int    kind = kind_of(length);
    const Seen & seen = seen_[size_t(kind)];
    return (FIRST_CHANCE[kind] * FIRST_WEIGHT + seen.right) / (FIRST_WEIGHT + seen.right + seen.wrong);
}

double DraftPolicy::ms(size_t i) const {
    if (ms_[i] > 0) return ms_[i];
    return ms_[0] > 0 ? ms_[0] * FIRST_COST[i] : FIRST_COST[i];
}

int DraftPolicy::width(int length, int most) const {
    if (length < 1) return 1;
    const double p    = chance(length);
    double       best = LEAST_GAIN / ms(0);  // tokens a ms
    int          out  = 1;
    for (size_t i = 1; i < WIDTHS.size() && WIDTHS[i] <= most; i++) {
        double tokens = 1, all = 1;  // all: the chance that every draft so far is right
        for (int draft = 1; draft < WIDTHS[i]; draft++) tokens += all *= p;
        if (tokens / ms(i) <= best) continue;
        best = tokens / ms(i);
        out  = WIDTHS[i];
    }
    return out;
}

void DraftPolicy::add_time(int width, double ms) {
    for (size_t i = 0; i < WIDTHS.size(); i++) {
        if (WIDTHS[i] == width) {
            const double counted = ms_[i] > 0 ? std::min(ms, ms_[i] * MOST_SLOWER) : ms;
            ms_[i]               = ms_[i] > 0 ? ms_[i] + NEW_TIME * (counted - ms_[i]) : counted;
        } else if (i > 0 && ms_[i] > 0 && ms_[0] > 0) {
            ms_[i] = ms_[0] * FIRST_COST[i] + FORGETTING * (ms_[i] - ms_[0] * FIRST_COST[i]);
        }
    }
    for (Seen & seen : seen_) {
        seen.right *= FORGETTING;
        seen.wrong *= FORGETTING;
    }
}

// What follows the first wrong draft says nothing.
void DraftPolicy::add_drafts(int length, int n_drafted, int n_accepted) {
    Seen & seen = seen_[size_t(kind_of(length))];
    seen.right  = seen.right * OLDER + n_accepted;
    seen.wrong  = seen.wrong * OLDER + (n_accepted < n_drafted ? 1 : 0);
}

}  // namespace rocketdoc
