// When a head's codes are made again, on every device. Ranges are frozen when a head is coded; keys of later tokens fit
// them less and less. After each RECODE_EVERY new rows a head is looked at, and coded again from the rows it holds when
// more than RECODE_CLAMPED of the codes of its new rows had to be clamped. That happens between two tokens: a token is
// read with the codes that it found.
#pragma once

#include <cstdint>

namespace rocketdoc {

constexpr int64_t RECODE_EVERY   = 32;
constexpr double  RECODE_CLAMPED = 0.02;

// n_new: rows since the head was coded.
constexpr bool recode_is_judged(int64_t n_new) { return n_new > 0 && n_new % RECODE_EVERY == 0; }
// n_clamped: of the n_new * n_coded codes of those rows.
constexpr bool codes_have_drifted(int64_t n_clamped, int64_t n_new, int n_coded) {
    return double(n_clamped) > RECODE_CLAMPED * double(n_new * n_coded);
}

}  // namespace rocketdoc
