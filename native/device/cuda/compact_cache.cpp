#include "compact_cache.h"

#include <algorithm>
#include <string>

namespace rocketdoc {
namespace {

constexpr int64_t RECODE_EVERY   = 64;    // tokens between looks at the clamped counts
constexpr double  RECODE_CLAMPED = 0.02;  // share of new codes out of range from which a head is coded again

KernelRows kernel_rows(const ggml_tensor * t) {
    return {t->data, t->type == GGML_TYPE_Q8_0 ? KERNEL_ROWS_Q8_0 : KERNEL_ROWS_F16, t->nb[1], t->nb[2]};
}

}  // namespace

CudaCompactCache::Layout CudaCompactCache::codes_layout(const SelectorShape & s, int64_t rows, bool residual) {
    const size_t heads = size_t(s.n_cache_head), d = size_t(s.head_dim), planes = d / 32;
    Layout       l;
    size_t       at = 0;
    l.order         = DeviceBytes::take(at, heads * d * 4);
    l.lo            = DeviceBytes::take(at, heads * d * 4);
    l.step          = DeviceBytes::take(at, heads * d * 4);
    l.fine          = DeviceBytes::take(at, heads * planes * size_t(rows) * 8);
    l.clamped       = DeviceBytes::take(at, heads * 4);
    if (residual) {
        l.coarse   = DeviceBytes::take(at, heads * planes * size_t(rows) * 4);
        l.signs    = DeviceBytes::take(at, heads * planes * size_t(rows) * 4);
        l.v_mean   = DeviceBytes::take(at, heads * d * 4);
        l.v_spread = DeviceBytes::take(at, heads * d * 4);
    }
    l.bytes = at;
    return l;
}

size_t CudaCompactCache::layer_summary_bytes(int64_t rows, SelectorKind kind, const SelectorShape & s) {
    if (kind == SelectorKind::exact) return 0;
    if (kind != SelectorKind::pages) return codes_layout(s, rows, kind == SelectorKind::codes_residual).bytes;
    return DeviceBytes::aligned(size_t(s.n_cache_head) * s.head_dim * page_sides(s.page) *
                                kernel_page_stride(int(rows), s.page) * sizeof(uint16_t));
}

Status CudaCompactCache::make(const HyperParams & params, CudaDevice & device, Mode mode, const RocketOptions & options,
                              const RocketBudgets & budgets, std::unique_ptr<CompactCache> & out) {
    if (options.pooling == Pooling::random)
        return Status::fail(Code::INVALID_ARGUMENT,
                            "Random rows are a control that runs on the CPU: use --device cpu.");
    std::unique_ptr<CudaCompactCache> self(new CudaCompactCache(params, device));
    self->kind_      = selector_kind(mode, options);
    self->shape_     = selector_shape(params, options, budgets);
    self->step_rows_ = KvRows::allocated_rows(device, budgets.capacity);
    const int d      = self->shape_.head_dim;
    if (!kernels_serve_head(d, self->shape_.group)) {
        return Status::fail(Code::MODEL_UNSUPPORTED, "The GPU kernels serve heads of 64, 96, 128 or 256 channels and "
                                                     "up to 16 query heads a KV head; this model has " +
                                                         std::to_string(d) + " and " +
                                                         std::to_string(self->shape_.group) +
                                                         ". Use the CPU, or mode full.");
    }
    for (int64_t layer = 0; layer < params.n_layer; layer++) {
        if (layer_selects(mode, options, budgets, layer)) self->selecting_.push_back(layer);
    }
    self->first_selecting_ = self->selecting_.empty() ? params.n_layer : self->selecting_.front();
    if (!self->selecting_.empty()) self->costs_ = selector_costs(self->kind_, self->shape_);
    const size_t n = self->selecting_.size();
    if (self->codes_keys())
        self->layout_ = codes_layout(self->shape_, self->step_rows_, self->kind_ == SelectorKind::codes_residual);
    RETURN_IF_FAILED(DeviceBytes::allocate(device, n * layer_summary_bytes(self->step_rows_, self->kind_, self->shape_),
                                           self->summaries_));
    const size_t slots = size_t(self->shape_.n_cache_head);
    RETURN_IF_FAILED(
        DeviceBytes::allocate(device, size_t(params.n_layer) * slots * size_t(d) * sizeof(float), self->importance_));
    RETURN_IF_FAILED(DeviceBytes::allocate(device, n * slots * size_t(budgets.k) * sizeof(int32_t), self->ids_));
    RETURN_IF_FAILED(
        DeviceBytes::allocate(device, n * slots * size_t(self->step_rows_) * sizeof(uint32_t), self->reads_));
    RETURN_IF_FAILED(DeviceBytes::allocate(device, 2 * sizeof(int32_t), self->lengths_));
    out = std::move(self);
    return Status::good();
}

CudaCompactCache::~CudaCompactCache() {
    for (const Timed & timed : timed_) {
        if (timed.from) cuda_.kernels().destroy_event(timed.from);
        if (timed.to) cuda_.kernels().destroy_event(timed.to);
    }
}

Status CudaCompactCache::start_timer() {
    Timed timed;
    RETURN_IF_FAILED(cuda_.check(cuda_.kernels().create_event(timed.from, true), "making an event"));
    timed_.push_back(timed);
    RETURN_IF_FAILED(cuda_.check(cuda_.kernels().create_event(timed_.back().to, true), "making an event"));
    return cuda_.check(cuda_.kernels().record_event(timed_.back().from, cuda_.stream()), "timing stage 1");
}

KernelCache CudaCompactCache::cache_of(int64_t layer) const {
    KernelCache cache;
    cache.k        = static_cast<uint16_t *>(rows_->k(layer)->data);
    cache.v        = static_cast<uint16_t *>(rows_->v(layer)->data);
    cache.n_rows   = lengths_.at<int32_t>(0);
    cache.n_head   = n_head_;
    cache.group    = group_;
    cache.head_dim = int(params_.head_dim);
    cache.capacity = int(rows_->k(layer)->ne[1]);
    cache.share    = grouping_ == Grouping::query_head ? int(params_.group()) : 1;
    return cache;
}

KernelPages CudaCompactCache::pages_of(int64_t layer) const {
    const size_t each = summaries_.bytes() / selecting_.size();
    return {summaries_.at<uint16_t>(size_t(layer - first_selecting_) * each), budgets_.page};
}

KernelCodes CudaCompactCache::codes_of(int64_t layer) const {
    const size_t at = size_t(layer - first_selecting_) * layout_.bytes;
    KernelCodes  codes;
    codes.order   = summaries_.at<int32_t>(at + layout_.order);
    codes.lo      = summaries_.at<float>(at + layout_.lo);
    codes.step    = summaries_.at<float>(at + layout_.step);
    codes.fine    = summaries_.at<uint32_t>(at + layout_.fine);
    codes.clamped = summaries_.at<int32_t>(at + layout_.clamped);
    if (kind_ == SelectorKind::codes_residual) {
        codes.coarse   = summaries_.at<uint32_t>(at + layout_.coarse);
        codes.signs    = summaries_.at<uint32_t>(at + layout_.signs);
        codes.v_mean   = summaries_.at<float>(at + layout_.v_mean);
        codes.v_spread = summaries_.at<float>(at + layout_.v_spread);
    }
    return codes;
}

size_t CudaCompactCache::stage1_bytes(const HyperParams & p, const RocketOptions & o, const RocketBudgets & b,
                                      int64_t n_prompt) {
    const size_t heads = size_t(o.grouping == Grouping::query_head ? p.n_head : p.n_head_kv);
    return heads * (2 * size_t(n_prompt) * sizeof(float) +
                    size_t(p.n_layer) * size_t(std::min(b.prompt_budget, n_prompt)) * sizeof(int32_t));
}

Status CudaCompactCache::reserve_stage1(int64_t n_rows, int64_t n_keep, int64_t window) {
    if (stage1_.n_rows == n_rows) return Status::good();
    const size_t heads = size_t(n_head_), n_prefix = size_t(std::max<int64_t>(n_rows - window, 1));
    size_t       at     = 0;
    stage1_.scores      = DeviceBytes::take(at, heads * n_prefix * sizeof(float));
    stage1_.pooled      = DeviceBytes::take(at, heads * n_prefix * sizeof(float));
    stage1_.window_mass = DeviceBytes::take(at, heads * sizeof(float));
    RETURN_IF_FAILED(DeviceBytes::allocate(device_, at, stage1_.memory));
    RETURN_IF_FAILED(DeviceBytes::allocate(device_, size_t(params_.n_layer) * heads * size_t(n_keep) * sizeof(int32_t),
                                           stage1_.ids));
    RETURN_IF_FAILED(DeviceBytes::allocate(device_, size_t(params_.n_layer) * heads * sizeof(float), stage1_.mass));
    stage1_.n_rows = n_rows;
    return Status::good();
}

Status CudaCompactCache::summarize(int64_t layer, int64_t n_rows) {
    const KernelTable & kernels = cuda_.kernels();
    const KernelCache   cache   = cache_of(layer);
    if (kind_ == SelectorKind::exact) return Status::good();
    if (kind_ == SelectorKind::pages)
        return cuda_.check(kernels.page_minmax(cache, int(n_rows), pages_of(layer), cuda_.stream()),
                           "summarizing pages");
    RETURN_IF_FAILED(DeviceBytes::allocate(device_, kernels.codes_build_workspace_bytes(cache), build_workspace_));
    const float * importance =
        importance_.at<float>(size_t(layer) * size_t(n_head_) * size_t(params_.head_dim) * sizeof(float));
    return cuda_.check(
        kernels.codes_build({cache, int(n_rows), importance, codes_of(layer)}, build_workspace_, cuda_.stream()),
        "coding keys");
}

Status CudaCompactCache::keep_layer(int64_t layer, const LayerRows & history, int64_t n_rows, QueryWindow & window,
                                    const std::vector<std::vector<int32_t>> * positions,
                                    const std::atomic<bool> *                 cancel) {
    if (cancel && cancel->load()) return Status::fail(Code::CANCELLED, "Cancelled.");
    const KernelTable & kernels = cuda_.kernels();
    const int64_t       w       = window.window;
    const int64_t       n_keep  = mode_evicts(mode_) ? std::min(budgets_.prompt_budget, n_rows) : n_rows;
    const int           prefix  = int(n_rows - w);
    RETURN_IF_FAILED(reserve_stage1(n_rows, n_keep, w));
    remap_ = positions;

    KernelWindowScores args;
    args.q            = static_cast<const float *>(window.q->data);
    args.q_head_elems = window.q->nb[2] / sizeof(float);
    args.q_row_elems  = window.q->nb[1] / sizeof(float);
    args.keys         = kernel_rows(history.k);
    args.n_head       = n_head_;
    args.share        = grouping_ == Grouping::query_head ? int(params_.group()) : 1;
    args.group        = group_;
    args.head_dim     = int(params_.head_dim);
    args.n_rows       = int(n_rows);
    args.window       = int(w);
    args.scale        = params_.layer(layer).scale;
    args.scores       = prefix > 0 ? stage1_.memory.at<float>(stage1_.scores) : nullptr;
    args.window_mass  = stage1_.memory.at<float>(stage1_.window_mass);
    args.importance = importance_.at<float>(size_t(layer) * size_t(n_head_) * size_t(params_.head_dim) * sizeof(float));
    RETURN_IF_FAILED(DeviceBytes::allocate(device_, kernels.window_scores_workspace_bytes(args), stage1_.workspace));

    RETURN_IF_FAILED(cuda_.wait_for_ggml());
    RETURN_IF_FAILED(start_timer());
    float *         scores = stage1_.memory.at<float>(stage1_.scores);
    float *         pooled = stage1_.memory.at<float>(stage1_.pooled);
    int32_t * const ids  = stage1_.ids.at<int32_t>(size_t(layer) * size_t(n_head_) * size_t(n_keep) * sizeof(int32_t));
    float * const   mass = stage1_.mass.at<float>(size_t(layer) * size_t(n_head_) * sizeof(float));
    RETURN_IF_FAILED(cuda_.check(kernels.window_scores(args, stage1_.workspace, cuda_.stream()), "scoring rows"));
    if (prefix > 0) {
        const KernelPooling pooling = pooling_ == Pooling::max ? KERNEL_POOL_MAX : KERNEL_POOL_TRIANGLE;
        RETURN_IF_FAILED(
            cuda_.check(kernels.pool({scores, n_head_, prefix, pooling, budgets_.kernel, pooled}, cuda_.stream()),
                        "pooling scores"));
    }
    RETURN_IF_FAILED(cuda_.check(kernels.top_k({pooled, n_head_, prefix, int(n_keep - w), int(w), ids}, cuda_.stream()),
                                 "choosing rows"));
    RETURN_IF_FAILED(cuda_.check(
        kernels.kept_mass({scores, args.window_mass, n_head_, prefix, ids, int(n_keep), mass}, cuda_.stream()),
        "measuring attention"));
    RETURN_IF_FAILED(cuda_.check(
        kernels.gather_rows({kernel_rows(history.k), kernel_rows(history.v), ids, int(n_keep), cache_of(layer)},
                            cuda_.stream()),
        "gathering rows"));
    if (selects(layer)) RETURN_IF_FAILED(summarize(layer, n_keep));
    RETURN_IF_FAILED(cuda_.check(kernels.record_event(timed_.back().to, cuda_.stream()), "timing stage 1"));
    n_kept_ = n_live_ = n_keep_ = coded_at_ = n_keep;
    return cuda_.let_ggml_wait();
}

Status CudaCompactCache::kept() {
    const size_t         slots = positions_.size();
    std::vector<int32_t> ids(slots * size_t(n_keep_));
    RETURN_IF_FAILED(
        cuda_.check(cuda_.kernels().copy(ids.data(), stage1_.ids.data(), ids.size() * sizeof(int32_t), cuda_.stream()),
                    "reading the kept rows"));
    RETURN_IF_FAILED(
        cuda_.check(cuda_.kernels().copy(kept_mass_.data(), stage1_.mass.data(), slots * sizeof(float), cuda_.stream()),
                    "reading the kept rows"));
    RETURN_IF_FAILED(cuda_.finish_stream());
    for (size_t slot = 0; slot < slots; slot++) {
        positions_[slot].assign(ids.begin() + std::ptrdiff_t(slot * size_t(n_keep_)),
                                ids.begin() + std::ptrdiff_t((slot + 1) * size_t(n_keep_)));
        if (!remap_) continue;
        for (int32_t & row : positions_[slot]) row = (*remap_)[slot][size_t(row)];
    }
    for (auto & counts : read_counts_) counts.assign(size_t(step_rows_), 0);
    remap_  = nullptr;
    stage1_ = {};
    for (const Timed & timed : timed_) {
        float ms = 0;
        RETURN_IF_FAILED(cuda_.check(cuda_.kernels().elapsed_ms({timed.from, timed.to}, ms), "timing stage 1"));
        stage1_ms_ += ms;
    }
    RETURN_IF_FAILED(set_length(n_keep_));
    return reserve_decode();
}

Status CudaCompactCache::reserve_decode() {
    const KernelTable & kernels = cuda_.kernels();
    const KernelCache   cache   = cache_of(0);
    if (!selecting_.empty() && kind_ != SelectorKind::exact) {
        const size_t bytes = kind_ == SelectorKind::pages
                                 ? kernels.select_pages_workspace_bytes(cache, pages_of(first_selecting_))
                                 : kernels.select_codes_workspace_bytes(cache);
        RETURN_IF_FAILED(DeviceBytes::allocate(device_, bytes, select_workspace_));
    }
    return DeviceBytes::allocate(device_, kernels.sparse_attention_workspace_bytes(cache, cache.capacity),
                                 attention_workspace_);
}

Status CudaCompactCache::set_length(int64_t n_rows) {
    const int32_t lengths[2] = {int32_t(n_rows), int32_t(step_rows_)};
    RETURN_IF_FAILED(cuda_.check(cuda_.kernels().copy(lengths_.data(), lengths, sizeof(lengths), cuda_.stream()),
                                 "setting the length"));
    return cuda_.finish_stream();
}

Status CudaCompactCache::rows_appended(int64_t first_position, int64_t n) {
    RETURN_IF_FAILED(CompactCache::rows_appended(first_position, n));
    step_rows_ = rows_->capacity();
    return set_length(n_live_);
}

Status CudaCompactCache::drop_rows(int64_t n_live) {
    RETURN_IF_FAILED(CompactCache::drop_rows(n_live));
    return set_length(n_live);
}

Status CudaCompactCache::enqueue_token_start() {
    return cuda_.check(cuda_.kernels().advance_rows({lengths_.at<int32_t>(0), lengths_.at<int32_t>(sizeof(int32_t)), 1},
                                                    cuda_.stream()),
                       "counting the row");
}

Status CudaCompactCache::enqueue_attention(int64_t layer, const float * q, const float * k, const float * v,
                                           float * out) {
    const KernelTable & kernels = cuda_.kernels();
    const KernelCache   cache   = cache_of(layer);
    const KernelNewRow  row{k, v};
    if (!selects(layer)) {
        RETURN_IF_FAILED(
            cuda_.check(kernels.append_kv(cache, row, nullptr, nullptr, cuda_.stream()), "appending a row"));
        KernelAttention dense;
        dense.cache = cache;
        dense.q     = q;
        dense.scale = params_.layer(layer).scale;
        dense.out   = out;
        return cuda_.check(kernels.sparse_attention(dense, attention_workspace_, cuda_.stream()), "attention");
    }
    const int       k_rows = int(budgets_.k);
    int32_t * const ids =
        ids_.at<int32_t>(size_t(layer - first_selecting_) * size_t(n_head_) * size_t(k_rows) * sizeof(int32_t));
    const bool         residual = kind_ == SelectorKind::codes_residual;
    KernelCodes        codes;
    const KernelChoice choice{cache, row, q, params_.layer(layer).scale, k_rows, ids};
    if (kind_ == SelectorKind::pages) {
        RETURN_IF_FAILED(
            cuda_.check(kernels.select_pages({choice, pages_of(layer), budgets_.r}, select_workspace_, cuda_.stream()),
                        "choosing pages"));
    } else if (kind_ == SelectorKind::exact) {
        RETURN_IF_FAILED(
            cuda_.check(kernels.append_kv(cache, row, nullptr, nullptr, cuda_.stream()), "appending a row"));
        RETURN_IF_FAILED(enqueue_exact_probabilities(layer, q));
        RETURN_IF_FAILED(enqueue_exact_choice(ids));
    } else {
        codes = codes_of(layer);
        RETURN_IF_FAILED(
            cuda_.check(kernels.select_codes({choice, codes}, select_workspace_, cuda_.stream()), "choosing rows"));
    }
    KernelAttention attention{cache, q, params_.layer(layer).scale, ids, k_rows, out};
    if (residual) {
        attention.residual         = &codes;
        attention.select_workspace = select_workspace_.data();
    }
    RETURN_IF_FAILED(
        cuda_.check(kernels.sparse_attention(attention, attention_workspace_, cuda_.stream()), "attention"));
    return measuring_ ? compare_with_exact(layer, q, ids) : Status::good();
}

Status CudaCompactCache::reserve_oracle() {
    const size_t heads = size_t(n_head_), rows = size_t(step_rows_);
    size_t       at = 0;
    oracle_.before  = DeviceBytes::take(at, heads * rows * sizeof(float));
    oracle_.last    = DeviceBytes::take(at, heads * sizeof(float));
    oracle_.p       = DeviceBytes::take(at, heads * rows * sizeof(float));
    oracle_.ids     = DeviceBytes::take(at, heads * size_t(budgets_.k) * sizeof(int32_t));
    return DeviceBytes::allocate(device_, at, oracle_.memory);
}

// A window of one row sees every row of the cache: stage 1's scores are then the token's own probabilities, summed over
// the group. p [n_head_, n], the token's own row the last.
Status CudaCompactCache::enqueue_exact_probabilities(int64_t layer, const float * q) {
    RETURN_IF_FAILED(reserve_oracle());
    const KernelTable & kernels = cuda_.kernels();
    const size_t        n = size_t(n_live_) + 1, d = size_t(params_.head_dim), before = (n - 1) * sizeof(float);
    KernelWindowScores  args;
    args.q            = q;
    args.q_head_elems = d;
    args.q_row_elems  = d;
    args.keys         = kernel_rows(rows_->k(layer));
    args.n_head       = n_head_;
    args.group        = group_;
    args.head_dim     = int(d);
    args.n_rows       = int(n);
    args.window       = 1;
    args.scale        = params_.layer(layer).scale;
    args.scores       = oracle_.memory.at<float>(oracle_.before);
    args.window_mass  = oracle_.memory.at<float>(oracle_.last);
    RETURN_IF_FAILED(DeviceBytes::allocate(device_, kernels.window_scores_workspace_bytes(args), oracle_.workspace));
    RETURN_IF_FAILED(cuda_.check(kernels.window_scores(args, oracle_.workspace, cuda_.stream()), "scoring rows"));
    float * const p = oracle_.memory.at<float>(oracle_.p);
    RETURN_IF_FAILED(cuda_.check(
        kernels.copy_strided({p, n * sizeof(float), args.scores, before, before, size_t(n_head_)}, cuda_.stream()),
        "joining scores"));
    return cuda_.check(kernels.copy_strided({p + n - 1, n * sizeof(float), args.window_mass, sizeof(float),
                                             sizeof(float), size_t(n_head_)},
                                            cuda_.stream()),
                       "joining scores");
}

Status CudaCompactCache::enqueue_exact_choice(int32_t * ids) {
    const KernelTable & kernels = cuda_.kernels();
    const int           n = int(n_live_) + 1, k = int(std::min<int64_t>(budgets_.k, n));
    const size_t        width = size_t(k) * sizeof(int32_t);
    int32_t * const     best  = oracle_.memory.at<int32_t>(oracle_.ids);  // [n_head_, k]: ids has budgets_.k a head
    RETURN_IF_FAILED(cuda_.check(
        kernels.top_k({oracle_.memory.at<float>(oracle_.p), n_head_, n, k, 0, best}, cuda_.stream()), "choosing rows"));
    return cuda_.check(
        kernels.copy_strided({ids, size_t(budgets_.k) * sizeof(int32_t), best, width, width, size_t(n_head_)},
                             cuda_.stream()),
        "choosing rows");
}

Status CudaCompactCache::compare_with_exact(int64_t layer, const float * q, const int32_t * ids) {
    if (kind_ != SelectorKind::exact) RETURN_IF_FAILED(enqueue_exact_probabilities(layer, q));
    const int64_t        n = n_live_ + 1;
    std::vector<float>   p(size_t(n_head_ * n));
    std::vector<int32_t> chosen(size_t(n_head_ * budgets_.k));
    RETURN_IF_FAILED(cuda_.check(
        cuda_.kernels().copy(p.data(), oracle_.memory.at<float>(oracle_.p), p.size() * sizeof(float), cuda_.stream()),
        "reading scores"));
    RETURN_IF_FAILED(cuda_.check(
        cuda_.kernels().copy(chosen.data(), ids, chosen.size() * sizeof(int32_t), cuda_.stream()), "reading scores"));
    RETURN_IF_FAILED(cuda_.finish_stream());
    for (int head = 0; head < n_head_; head++)
        oracle_stats_.add_head(chosen.data() + head * budgets_.k, std::min<int64_t>(budgets_.k, n), p.data() + head * n,
                               n, group_);
    return Status::good();
}

Status CudaCompactCache::enqueue_token_end() {
    if (selecting_.empty()) return Status::good();
    return cuda_.check(
        cuda_.kernels().count_reads({ids_.at<int32_t>(0), int(selecting_.size()) * n_head_, int(budgets_.k),
                                     lengths_.at<int32_t>(0), int(step_rows_), reads_.at<uint32_t>(0)},
                                    cuda_.stream()),
        "counting reads");
}

Status CudaCompactCache::token_done(int64_t position) {
    // The token's own kernels have counted the row.
    RETURN_IF_FAILED(CompactCache::rows_appended(position, 1));
    return codes_keys() && !selecting_.empty() && n_live_ - n_kept_ > 0 && (n_live_ - n_kept_) % RECODE_EVERY == 0
               ? recode_clamped()
               : Status::good();
}

// Scales frozen at the prompt fit later tokens less and less: a layer with a head whose new codes are often out of
// range is coded again from the rows it holds.
Status CudaCompactCache::recode_clamped() {
    const double new_codes = double(n_live_ - coded_at_) * double(params_.head_dim) / 2;
    int64_t      clamped   = 0;
    bool         recoded   = false;
    for (int64_t layer : selecting_) {
        std::vector<int32_t> counts(size_t(n_head_), 0);
        RETURN_IF_FAILED(cuda_.check(cuda_.kernels().copy(counts.data(), codes_of(layer).clamped,
                                                          counts.size() * sizeof(int32_t), cuda_.stream()),
                                     "reading clamped codes"));
        RETURN_IF_FAILED(cuda_.finish_stream());
        for (int32_t n : counts) clamped += n;
        if (double(*std::max_element(counts.begin(), counts.end())) <= RECODE_CLAMPED * new_codes) continue;
        RETURN_IF_FAILED(summarize(layer, n_live_));
        recoded = true;
    }
    n_clamped_ = clamped;
    if (recoded) coded_at_ = n_live_;
    return cuda_.finish_stream();
}

double CudaCompactCache::read_bytes_per_step() const {
    const double dense = double(n_live_ * params_.head_dim) * 2 * sizeof(f16_bits);
    const double n     = double(selecting_.size());
    return ((costs_ ? n * double(costs_->read_bytes(n_live_)) : 0.0) + (double(params_.n_layer) - n) * dense) /
           double(params_.n_layer);
}

Status CudaCompactCache::read_counts_now() {
    if (selecting_.empty()) return Status::good();
    std::vector<uint32_t> all(reads_.bytes() / sizeof(uint32_t));
    RETURN_IF_FAILED(cuda_.check(cuda_.kernels().copy(all.data(), reads_.data(), reads_.bytes(), cuda_.stream()),
                                 "reading the map"));
    RETURN_IF_FAILED(cuda_.finish_stream());
    const size_t rows = all.size() / (selecting_.size() * size_t(n_head_));
    for (size_t i = 0; i < selecting_.size() * size_t(n_head_); i++) {
        auto & counts = read_counts_[size_t(first_selecting_) * size_t(n_head_) + i];
        counts.assign(all.begin() + std::ptrdiff_t(i * rows), all.begin() + std::ptrdiff_t((i + 1) * rows));
    }
    return Status::good();
}

}  // namespace rocketdoc
