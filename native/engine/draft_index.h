// Where the last tokens of a chat stood before, so that what followed there can be drafted. Every place of a text is
// kept in the order of the tokens before it, read backwards: the places with the longest match lie together, and a
// search finds them in as many steps as the text's length has bits. Four bytes a token.
#pragma once

#include <cstdint>
#include <vector>

namespace rocketdoc {

class DraftIndex {
  public:
    // More tokens before a place than this are not compared: a text of one word repeated must not take the square of
    // its length.
    static constexpr int MOST_MATCHED = 32;

    struct Match {
        int     length = 0;   // tokens that are the same, MOST_MATCHED at the most; 0: none
        int64_t place  = -1;  // of the token that followed them
    };

    // The whole text at once.
    void build(std::vector<int32_t> tokens);
    void add(int32_t token);
    // Forgets the tokens from `n` on.
    void truncate(int64_t n);

    int64_t                      n_tokens() const { return int64_t(tokens_.size()); }
    const std::vector<int32_t> & tokens() const { return tokens_; }

    // A place before which the text has most of the last tokens of `recent`. Of several a later one is preferred.
    Match find(const std::vector<int32_t> & recent) const;
    // The `n` tokens from a place on. What would follow the text's end is what follows it when it goes on repeating.
    std::vector<int32_t> from(int64_t place, int64_t n) const;

  private:
    int  matched(int64_t place, const std::vector<int32_t> & recent) const;
    bool is_before(int64_t place, const std::vector<int32_t> & recent) const;
    bool is_before(int64_t a, int64_t b) const;

    std::vector<int32_t> tokens_;
    std::vector<int32_t> places_;  // 1 .. n_tokens() - 1, in the order of the tokens before them
};

}  // namespace rocketdoc
