// Traits of layers: what no graph computes is refused, by the layer and in words; a file's attention scale and RoPE
// reach every layer. And the sampler: with the best candidates alone it chooses as with all of the vocabulary, or says
// that it wants all.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "check.h"
#include "engine/model.h"
#include "engine/sampler.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

void test_refused() {
    LayerTraits plain;
    plain.scale  = 0.125f;
    plain.n_head = 8, plain.n_head_kv = 2, plain.head_dim = 64;
    CHECK(check_traits("m.gguf", std::vector<LayerTraits>(4, plain)).ok());
    const struct {
        const char *                       word;
        std::function<void(LayerTraits &)> change;
    } cases[] = {
        {"rows of layer 1", [](LayerTraits & l) { l.attention = AttentionKind::shared, l.shared_layer = 1; }},
        {"caps", [](LayerTraits & l) { l.softcap = 50; }},
        {"must be alike", [](LayerTraits & l) { l.n_head_kv = 4; }},
        {"KV heads of 32 channels, an earlier one", [](LayerTraits & l) { l.head_dim = 32; }},
    };
    for (const auto & c : cases) {
        std::vector<LayerTraits> layers(4, plain);
        c.change(layers[2]);
        const Status status = check_traits("m.gguf", layers);
        if (!CHECK(status.code == Code::MODEL_UNSUPPORTED && status.message.find("layer 2") != std::string::npos &&
                   status.message.find(c.word) != std::string::npos))
            std::printf("    %s: %s\n", c.word, status.message.c_str());
    }
    for (float scale : {0.0f, -1.0f, NAN, INFINITY}) {
        std::vector<LayerTraits> layers(2, plain);
        layers[1].scale = scale;
        CHECK(check_traits("m.gguf", layers).code == Code::MODEL_FORMAT);
    }
}

// Two layers with rows of their own, two that see those; what of it is not computed is refused.
void test_sharing() {
    LayerTraits full;
    full.scale = 1, full.n_head = 8, full.n_head_kv = 2, full.head_dim = 64;
    LayerTraits window = full;
    window.attention = AttentionKind::window, window.window = 100, window.head_dim = 32;
    LayerTraits sees_window = window, sees_full = full;
    sees_window.attention = sees_full.attention = AttentionKind::shared;
    sees_window.shared_layer = 0, sees_full.shared_layer = 1;
    const std::vector<LayerTraits> good{window, full, sees_window, sees_full};
    CHECK(check_traits("m.gguf", good).ok());
    CHECK(!sees_full.keeps_rows() && sees_full.chooses_rows() && sees_full.kept_window() == 0);
    CHECK(!sees_window.keeps_rows() && !sees_window.chooses_rows() && sees_window.kept_window() == 100);
    const struct {
        const char *                                    says;
        std::function<void(std::vector<LayerTraits> &)> change;
    } cases[] = {
        {"layer 2 shares the KV rows of layer 2, which has none", [](auto & l) { l[2].shared_layer = 2; }},
        {"layer 3 shares the KV rows of layer 2, which has none", [](auto & l) { l[3].shared_layer = 2; }},
        {"layer 3 shares the KV rows of layer -1, which has none", [](auto & l) { l[3].shared_layer = -1; }},
        {"layer 2 shares the KV rows of layer 1, whose window", [](auto & l) { l[2].shared_layer = 1; }},
        {"layer 2 shares the KV rows of layer 0, whose window", [](auto & l) { l[2].window = 64; }},
        {"layer 3 shares the KV rows of layer 1, whose window", [](auto & l) { l[3].n_head_kv = 4; }},
        {"layer 2 shares the KV rows of layer 0 before a layer", [&](auto & l) { l.push_back(full); }},
        {"layer 3 shares the KV rows of layer 0, which is not the last",
         [&](auto & l) { l.insert(l.begin() + 1, window), l[4].shared_layer = 2; }},
    };
    for (const auto & c : cases) {
        std::vector<LayerTraits> layers = good;
        c.change(layers);
        const Status status = check_traits("m.gguf", layers);
        if (!CHECK(status.code == Code::MODEL_UNSUPPORTED && status.message.find(c.says) != std::string::npos))
            std::printf("    %s: %s\n", c.says, status.message.c_str());
    }
}

void test_read() {
    TinyModelOptions options;
    options.rope_scaling = "yarn";
    options.n_rot        = 16;
    const TinyModel        model(options);
    std::unique_ptr<Model> header;
    if (!CHECK(Model::open_header(model.path(), header).ok())) return;
    const HyperParams & p = header->params();
    CHECK(p.layers.size() == size_t(p.n_layer));
    for (const LayerTraits & layer : p.layers) {
        CHECK(layer.attention == AttentionKind::full && layer.keeps_rows());
        CHECK(layer.scale == 1.0f / std::sqrt(float(layer.head_dim)));
        CHECK(layer.rope.kind == RopeKind::neighbours && layer.rope.n_rot == 16 && layer.rope.ext_factor == 1.0f &&
              layer.rope.scale == 0.25f);
    }
    CHECK(p.kv_bytes_per_token() == size_t(p.n_layer * p.full_layer().kv_width() * 4));
    HyperParams shared         = p;
    shared.layers[1].attention = AttentionKind::shared;
    CHECK(shared.kv_bytes_per_token() == size_t((p.n_layer - 1) * p.full_layer().kv_width() * 4));
}

std::vector<Candidate> best_of(const std::vector<Candidate> & all, size_t n) {
    std::vector<Candidate> best = all;
    std::sort(best.begin(), best.end(), [](const Candidate & a, const Candidate & b) {
        return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
    });
    best.resize(std::min(n, best.size()));
    return best;
}

void test_sampler() {
    std::mt19937_64 random(check::seed());
    const auto one_of = [&](std::initializer_list<float> values) { return values.begin()[random() % values.size()]; };
    int        n_few = 0, n_all = 0, n_differ = 0;
    for (int round = 0; round < 300; round++) {
        SamplerOptions options;
        options.temperature        = one_of({0, 0.7f, 1, 20});
        options.top_k              = int(one_of({0, 1, 40, 200, 256, 257, 1000}));
        options.top_p              = one_of({0.5f, 0.95f, 1});
        options.min_p              = one_of({0, 0.05f});
        options.repetition_penalty = one_of({1, 1.3f, 0.6f});
        options.repetition_window  = int(one_of({0, 16, 64, 300}));
        options.seed               = random();
        Sampler    from_all(options), from_best(options);
        const bool whole = from_all.needs_vocabulary();
        (whole ? n_all : n_few)++;
        bool same = true;
        for (int step = 0; step < 40; step++) {
            std::vector<Candidate>          all;
            std::normal_distribution<float> logits(0, 1);
            for (int32_t id = 0; id < 1500; id++) all.push_back({id, std::round(logits(random) * 8) / 8, 0});
            std::vector<Candidate> best = best_of(all, LEAST_CANDIDATES);
            same &= from_all.sample(all) == from_best.sample(best);
            if (!same) break;
        }
        if (!whole) CHECK(same);
        n_differ += !same;
    }
    // Both kinds came, and with too few candidates the choice really differs.
    CHECK(n_few > 20 && n_all > 20 && n_differ > 10);
}

}  // namespace

int main() {
    test_refused();
    test_sharing();
    test_read();
    test_sampler();
    return check::report();
}
