// How many tokens are drafted. A pass over several tokens takes longer than one over one; it pays where enough of its
// drafts are accepted. Both are learned while an answer is written: what passes take, and how often drafts were right,
// by how many tokens matched. Where no pass of several tokens pays, none is made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace rocketdoc {

class DraftPolicy {
  public:
    // The tokens of a pass: the one that is known, and its drafts.
    static constexpr std::array<int, 4> WIDTHS = {1, 2, 4, 8};

    DraftPolicy();

    // Tokens of the next pass, one of WIDTHS and no more than `most`: drafts after a match of `length` tokens.
    int width(int length, int most) const;
    // A pass took so long.
    void add_time(int width, double ms);
    // Of the drafts of a pass after a match of `length` tokens so many were accepted.
    void add_drafts(int length, int n_drafted, int n_accepted);

    // What is expected of one draft after a match of this length.
    double chance(int length) const;

  private:
    static constexpr int N_KINDS = 7;  // of matches, by their length
    static int           kind_of(int length);
    double               ms(size_t i) const;  // of a pass of WIDTHS[i] tokens

    struct Seen {
        double right = 0, wrong = 0;
    };
    std::array<Seen, N_KINDS>         seen_{};
    std::array<double, WIDTHS.size()> ms_{};  // 0: none was made yet
};

}  // namespace rocketdoc
