// The paper's selector: kept keys in pages of `page` tokens, per page and channel the least and the greatest key. A
// step reads r channels, each a contiguous plane over pages, so the storage is channel-major.
#include <algorithm>
#include <cassert>
#include <cmath>

#include "../../rocketkv/cpu/kernels.h"
#include "../../rocketkv/page_layout.h"
#include "../../rocketkv/scratch.h"
#include "../../rocketkv/stage1.h"
#include "layer_selector.h"

namespace rocketdoc {

namespace {

class PagesSelector final : public LayerSelector {
  public:
    explicit PagesSelector(const SelectorShape & shape)
        : shape_(shape),
          n_plane_(page_sides(shape.page)),
          plane_pages_(padded_pages(shape.capacity, shape.page, PAGE_BLOCK)) {
        assert(shape.head_dim % 32 == 0 && shape.head_dim <= MAX_HEAD_DIM && shape.r >= 1 && shape.r <= shape.head_dim);
        planes_.resize(size_t(plane_of(shape_.n_cache_head, 0, 0)));
    }

    void build(const CompactView & k, const CompactView &, int head, int64_t n_rows, const float *) override {
        for (int64_t first = 0; first < n_rows; first += shape_.page)
            summarize(k, head, first, std::min<int64_t>(first + shape_.page, n_rows));
    }

    // Summarizing the new row's page afresh is widening it in place, and stays true when rows are overwritten.
    void append(const CompactView & k, const CompactView &, int head, int64_t index) override {
        summarize(k, head, index / shape_.page * shape_.page, index + 1);
    }

    void attend(const CompactView & k, const CompactView & v, int head, int64_t n_live, const float * q,
                SelectorScratch & scratch, float * out) override {
        if (!choose_all(n_live, shape_.k, scratch)) choose(head, n_live, q, scratch);
        sparse_attention(k, v, head, {q, shape_.group, shape_.scale, shape_.sinks_of(head)}, chosen_rows(scratch),
                         scratch, out);
    }

  private:
    // The least and greatest key of rows first..end-1, one page, per channel.
    void summarize(const CompactView & k, int head, int64_t first, int64_t end) {
        const int  D   = shape_.head_dim;
        const auto row = [&](int64_t i, float * to) { cpu_kernels().f32_from_f16(k.row(head, i), D, to); };
        float      low[MAX_HEAD_DIM], high[MAX_HEAD_DIM], key[MAX_HEAD_DIM];
        row(first, low);
        std::copy(low, low + D, high);
        for (int64_t i = first + 1; i < end; i++) {
            row(i, key);
            for (int c = 0; c < D; c++) low[c] = key[c] < low[c] ? key[c] : low[c];
            for (int c = 0; c < D; c++) high[c] = key[c] > high[c] ? key[c] : high[c];
        }
        f16_bits halves[2][MAX_HEAD_DIM];
        cpu_kernels().f16_from_f32(low, D, halves[0]);
        cpu_kernels().f16_from_f32(high, D, halves[n_plane_ - 1]);
        f16_bits * to = planes_.data() + plane_of(head, 0, 0) + first / shape_.page;
        for (int c = 0; c < D; c++)
            for (int plane = 0; plane < n_plane_; plane++, to += plane_pages_) *to = halves[plane][c];
    }

    int64_t plane_of(int head, int channel, int plane) const {  // [head][channel][min, max][page], f16
        return ((int64_t(head) * shape_.head_dim + channel) * n_plane_ + plane) * plane_pages_;
    }

    void choose(int head, int64_t n_live, const float * q, SelectorScratch & scratch) const {
        const CpuKernels & cpu     = cpu_kernels();
        const int          D       = shape_.head_dim;
        const int          g       = shape_.group;
        const int          r       = shape_.r;
        const int64_t      page    = shape_.page;
        const int64_t      n_pages = page_count(n_live, page);
        const int64_t      tail    = n_live - (n_pages - 1) * page;  // live tokens of the last page
        const int64_t      stride  = padded_pages(n_live, page, PAGE_BLOCK);

        // Steps 1 and 2: the r heaviest channels of the group, and for each the plane that bounds the group's product.
        float   weight[MAX_HEAD_DIM];
        int64_t offset[MAX_HEAD_DIM];
        for (int c = 0; c < D; c++) {
            weight[c] = 0;
            for (int h = 0; h < g; h++) weight[c] += std::fabs(q[h * D + c]);
        }
        int32_t * const channels = at_least(scratch.order, std::max<int64_t>(D, n_pages));
        top_k_ascending(weight, D, r, channels);
        for (int i = 0; i < r; i++) {
            float sum = 0;
            for (int h = 0; h < g; h++) sum += q[h * D + channels[i]];
            offset[i] = plane_of(head, channels[i], page_side(page, sum));
        }

        // Steps 3 and 4 with the scale folded into q.
        float * const folded = at_least(scratch.rows, int64_t(g) * r);  // [g][r]
        for (int h = 0; h < g; h++) {
            float read = 0, all = 0;
            for (int i = 0; i < r; i++) read += std::fabs(q[h * D + channels[i]]);
            for (int c = 0; c < D; c++) all += std::fabs(q[h * D + c]);
            const float factor = page_score_scale(shape_.scale, read, all);
            for (int i = 0; i < r; i++) folded[h * r + i] = q[h * D + channels[i]] * factor;
        }
        float * const logits = at_least(scratch.logits, g * stride);     // [g][stride]
        float * const scores = at_least(scratch.token_scores, n_pages);  // of one token of each page
        cpu.page_scores(planes_.data(), offset, r, folded, g, n_pages, logits, stride);
        summed_probabilities(logits, stride, g, shape_.sinks_of(head), n_pages, page, tail, scratch, scores);

        expand(scores, n_pages, tail, scratch);
    }

    // Step 5: the k best tokens. All tokens of a page tie, so the best pages hold them; one page more than k needs
    // covers a short tail among them, and what is too much leaves from the page that ranks last, its highest tokens
    // first.
    void expand(const float * scores, int64_t n_pages, int64_t tail, SelectorScratch & scratch) const {
        const int64_t   page  = shape_.page;
        const int64_t   k     = shape_.k;
        int32_t * const best  = scratch.order.data();
        int64_t         n     = top_k_ascending(scores, n_pages, std::min((k + page - 1) / page + 1, n_pages), best);
        const auto      live  = [&](int32_t p) { return p == n_pages - 1 ? tail : page; };
        int64_t         spare = -k;
        for (int64_t i = 0; i < n; i++) spare += live(best[i]);

        int64_t last = 0, last_live = 0;  // the page that ranks last, and how many of its tokens stay
        while (true) {
            last = 0;
            for (int64_t i = 1; i < n; i++)
                if (!(scores[best[i]] > scores[best[last]])) last = i;  // on a tie the higher page ranks later
            last_live = live(best[last]);
            if (spare < last_live) break;
            spare -= last_live;
            std::copy(best + last + 1, best + n, best + last);
            n--;
        }
        last_live -= spare;

        scratch.chosen.resize(size_t(k));
        int32_t * to = scratch.chosen.data();
        for (int64_t i = 0; i < n; i++) {
            const int64_t n_tokens = i == last ? last_live : live(best[i]);
            for (int64_t j = 0; j < n_tokens; j++) *to++ = int32_t(best[i] * page + j);
        }
    }

    SelectorShape         shape_;
    int                   n_plane_;      // min and max; one plane when a page is one key
    int64_t               plane_pages_;  // pages of a plane, padded
    std::vector<f16_bits> planes_;       // [n_cache_head][D][n_plane][plane_pages]
};

}  // namespace

std::unique_ptr<LayerSelector> make_pages_layer(const SelectorShape & shape) {
    return std::make_unique<PagesSelector>(shape);
}

}  // namespace rocketdoc
