// A model file is untrusted: every cut, every damaged byte and every nonsense size ends in a code and a sentence.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "check.h"
#include "engine/engine.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

using Bytes = std::vector<char>;

Bytes read_file(const std::string & path) {
    std::ifstream file(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(file), {});
}

Status open_bytes(const Bytes & bytes) {
    const std::string path = temporary_path(".gguf");
    {
        std::ofstream file(path, std::ios::binary);
        file.write(bytes.data(), std::streamsize(bytes.size()));
    }
    std::unique_ptr<Model> model;
    Status                 status = Model::open_header(path, model);
    std::remove(path.c_str());
    return status;
}

void expect(const char * what, const Status & status, std::initializer_list<Code> codes) {
    bool fits = false;
    for (Code code : codes) fits |= status.code == code;
    if (!CHECK(fits)) std::printf("    %s gave %s: %s\n", what, code_name(status.code), status.message.c_str());
    CHECK(status.ok() || status.message.size() > 20);
}

Status open_header(const std::string & path) {
    std::unique_ptr<Model> model;
    return Model::open_header(path, model);
}

template <typename T>
Bytes patched(Bytes bytes, size_t at, T value) {
    std::memcpy(bytes.data() + at, &value, sizeof(value));
    return bytes;
}

// Where the value of a u32 key starts: after the key's length, text and type.
size_t value_of(const Bytes & bytes, const std::string & key) {
    auto found = std::search(bytes.begin(), bytes.end(), key.begin(), key.end());
    return size_t(found - bytes.begin()) + key.size() + 4;
}

void test_nonsense(const Bytes & good) {
    expect("good", open_bytes(good), {Code::OK});
    expect("empty", open_bytes({}), {Code::MODEL_FORMAT});
    const char html[] = "<!doctype html><html><body>Not found</body></html>";
    expect("html", open_bytes(Bytes(html, html + sizeof(html))), {Code::MODEL_FORMAT});
    expect("version 0", open_bytes(patched(good, 4, uint32_t(0))), {Code::MODEL_UNSUPPORTED});
    expect("version 99", open_bytes(patched(good, 4, uint32_t(99))), {Code::MODEL_UNSUPPORTED});
    expect("n_tensors -1", open_bytes(patched(good, 8, int64_t(-1))), {Code::MODEL_FORMAT});
    expect("n_tensors 2^62", open_bytes(patched(good, 8, int64_t(1) << 62)), {Code::MODEL_FORMAT});
    expect("n_kv -1", open_bytes(patched(good, 16, int64_t(-1))), {Code::MODEL_FORMAT});
    expect("key length 2^64-1", open_bytes(patched(good, 24, ~uint64_t(0))), {Code::MODEL_FORMAT});
    const struct {
        const char * key;
        uint32_t     value;
    } sizes[] = {{"llama.block_count", 100000},
                 {"llama.block_count", 0},
                 {"llama.block_count", 4},
                 {"llama.embedding_length", 0},
                 {"llama.embedding_length", 0x7fffffff},
                 {"llama.attention.head_count", 0},
                 {"llama.attention.head_count", 7},
                 {"llama.attention.head_count_kv", 0},
                 {"llama.attention.head_count_kv", 3},
                 {"llama.feed_forward_length", 0},
                 {"llama.feed_forward_length", 513},
                 {"llama.context_length", 0},
                 {"llama.rope.dimension_count", 3},
                 {"llama.rope.dimension_count", 4096}};
    for (const auto & size : sizes)
        expect(size.key, open_bytes(patched(good, value_of(good, size.key), size.value)),
               {Code::MODEL_FORMAT, Code::MODEL_UNSUPPORTED});
    expect("rms eps NaN", open_bytes(patched(good, value_of(good, "llama.attention.layer_norm_rms_epsilon"), NAN)),
           {Code::MODEL_FORMAT});
}

// Numbers of experts that no model has, tensors of other shapes than they say, and a family without experts.
void test_experts() {
    TinyModelOptions o = tiny_family("qwen3moe");
    o.n_layer = 1, o.n_vocab = 64;
    const TinyModel model(o);
    const Bytes     good = read_file(model.path());
    expect("experts", open_bytes(good), {Code::OK});
    const struct {
        const char * key;
        uint32_t     value;
        const char * says;
    } sizes[] = {{"qwen3moe.expert_count", 0, "expert_count is 0, it must be 2 to 1024"},
                 {"qwen3moe.expert_count", 1, "expert_count is 1"},
                 {"qwen3moe.expert_count", 0x7fffffff, "expert_count is 2147483647"},
                 {"qwen3moe.expert_count", 9, "blk.0.ffn_gate_inp.weight has shape [352, 10], [352, 9] was expected"},
                 {"qwen3moe.expert_used_count", 0, "expert_used_count is 0, it must be 1 to 10"},
                 {"qwen3moe.expert_used_count", 11, "expert_used_count is 11"},
                 {"qwen3moe.expert_feed_forward_length", 0, "expert_feed_forward_length is 0"},
                 {"qwen3moe.expert_feed_forward_length", 0x7fffffff, "expert_feed_forward_length is 2147483647"},
                 {"qwen3moe.expert_feed_forward_length", 95,
                  "blk.0.ffn_gate_exps.weight has shape [352, 96, 10], [352, 95, 10] was expected"}};
    for (const auto & size : sizes) {
        const Status status = open_bytes(patched(good, value_of(good, size.key), size.value));
        expect(size.key, status, {Code::MODEL_FORMAT});
        if (!CHECK(status.message.find(size.says) != std::string::npos))
            std::printf("    %s\n", status.message.c_str());
    }
    o.integers["expert_group_count"] = 2;
    expect("groups", open_header(TinyModel(o).path()), {Code::MODEL_UNSUPPORTED});
    o = tiny_family("qwen3"), o.n_layer = 1, o.integers["expert_count"] = 8;
    expect("no family of experts", open_header(TinyModel(o).path()), {Code::MODEL_UNSUPPORTED});
}

// A tensor gets another name of the same length.
Bytes renamed(Bytes bytes, const std::string & from, const std::string & to) {
    const auto found = std::search(bytes.begin(), bytes.end(), from.begin(), from.end());
    if (CHECK(found != bytes.end() && from.size() == to.size())) std::copy(to.begin(), to.end(), found);
    return bytes;
}

// Experts beside a feed-forward: what of theirs a file may leave out, and what it may not.
void test_experts_beside() {
    TinyModelOptions o = tiny_family("gemma4-experts");
    o.n_layer = 3, o.n_vocab = 64, o.gate_in_up_experts = false;
    const Bytes apart    = read_file(TinyModel(o).path());
    o.gate_in_up_experts = true;
    const Bytes together = read_file(TinyModel(o).path());
    const auto  says     = [](const char * what, const Status & status, Code code, const char * words) {
        expect(what, status, {code});
        if (!CHECK(status.message.find(words) != std::string::npos)) std::printf("    %s\n", status.message.c_str());
    };
    expect("gate and up apart", open_bytes(apart), {Code::OK});
    expect("gate and up together", open_bytes(together), {Code::OK});
    expect("no scales of experts",
           open_bytes(renamed(together, "blk.1.ffn_down_exps.scale", "blk.1.ffn_down_exps.scalx")), {Code::OK});
    says("no scale of the router",
         open_bytes(renamed(together, "blk.1.ffn_gate_inp.scale", "blk.1.ffn_gate_inp.scalx")), Code::MODEL_FORMAT,
         "no tensor blk.1.ffn_gate_inp.scale");
    says("no norm", open_bytes(renamed(together, "blk.1.pre_ffw_norm_2.weight", "blk.1.pre_ffw_norm_3.weight")),
         Code::MODEL_FORMAT, "no tensor blk.1.pre_ffw_norm_2.weight");
    says("neither gate", open_bytes(renamed(together, "blk.1.ffn_gate_up_exps", "blk.1.ffn_gate_uq_exps")),
         Code::MODEL_FORMAT, "no tensor blk.1.ffn_gate_exps.weight");
    says("a scale of another matrix",
         open_bytes(renamed(apart, "blk.1.ffn_down_exps.scale", "blk.1.ffn_gate_exps.scale")), Code::MODEL_UNSUPPORTED,
         "blk.1.ffn_gate_exps.scale");
    says("a width", open_bytes(patched(together, value_of(together, "gemma4.expert_feed_forward_length"), 95)),
         Code::MODEL_FORMAT, "shape [352, 192, 10], [352, 190, 10] was expected");
    says("a number of experts", open_bytes(patched(together, value_of(together, "gemma4.expert_count"), 11)),
         Code::MODEL_FORMAT, "[11] was expected");
    o = tiny_family("gemma4"), o.integers["expert_count"] = 8, o.integers["expert_used_count"] = 2;
    expect("experts without tensors", open_header(TinyModel(o).path()), {Code::MODEL_FORMAT});
}

// Sizes that a header lists layer by layer.
void test_lists() {
    TinyModelOptions o = tiny_family("gemma4");
    expect("lists", open_header(TinyModel(o).path()), {Code::OK});
    o                              = tiny_family("llama");
    o.n_layer                      = 3;
    o.lists["feed_forward_length"] = {o.n_ff, o.n_ff, o.n_ff};
    expect("a list", open_header(TinyModel(o).path()), {Code::OK});
    o.lists["feed_forward_length"] = {o.n_ff, o.n_ff};
    const Status status            = open_header(TinyModel(o).path());
    expect("a short list", status, {Code::MODEL_FORMAT});
    CHECK(status.message.find("feed_forward_length lists 2 numbers for 3 layers") != std::string::npos);
    o.lists["feed_forward_length"] = {o.n_ff, 0, o.n_ff};
    expect("a width of 0", open_header(TinyModel(o).path()), {Code::MODEL_FORMAT});
    o.lists.clear();
    o.lists["attention.head_count_kv"] = {1, 1, 11};
    expect("layers that differ", open_header(TinyModel(o).path()), {Code::MODEL_FORMAT, Code::MODEL_UNSUPPORTED});
    o = tiny_family("gemma4"), o.integers["attention.sliding_window"] = 0;
    expect("no window", open_header(TinyModel(o).path()), {Code::MODEL_FORMAT});
}

void test_cuts(const Bytes & good) {
    for (size_t n : {size_t(1), size_t(4), size_t(8), size_t(23), size_t(24), size_t(25), good.size() / 100,
                     good.size() / 2, good.size() - 1}) {
        expect("cut", open_bytes(Bytes(good.begin(), good.begin() + std::ptrdiff_t(n))),
               {Code::MODEL_TRUNCATED, Code::MODEL_FORMAT});
    }
    // Every length of the header, which is small.
    for (size_t n = 24; n < 4000; n += 7)
        expect("cut header", open_bytes(Bytes(good.begin(), good.begin() + std::ptrdiff_t(n))),
               {Code::MODEL_TRUNCATED, Code::MODEL_FORMAT});
}

// Whatever a damaged header says, opening answers; some damage (a name, a note) leaves a good model.
void test_mutations(const Bytes & good) {
    std::mt19937_64 random(check::seed());
    const size_t    header  = 5000;
    int             refused = 0;
    for (int i = 0; i < 1500; i++) {
        Bytes bytes = good;
        for (int flips = 1 + int(random() % 4); flips > 0; flips--) bytes[4 + random() % header] = char(random());
        const Status status = open_bytes(bytes);
        refused += !status.ok();
        expect("mutation", status, {Code::OK, Code::MODEL_FORMAT, Code::MODEL_TRUNCATED, Code::MODEL_UNSUPPORTED});
    }
    CHECK(refused > 300);
}

void write_file(const std::string & path, const Bytes & bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), std::streamsize(bytes.size()));
}

uint64_t fingerprint_of(const std::string & path) {
    std::unique_ptr<Engine> engine;
    return CHECK(Engine::open({path, {GGML_BINS, 1}}, engine).ok()) ? engine->model().fingerprint() : 0;
}

bool says(const Status & status, const std::string & words) {
    if (CHECK(status.message.find(words) != std::string::npos)) return true;
    std::printf("    %s\n", status.message.c_str());
    return false;
}

// A model in several files: any of them leads to all, and what does not belong together is told apart.
void test_parts() {
    TinyModelOptions o;
    o.n_layer = 2, o.n_ff = 64, o.n_vocab = 64;
    const TinyModel whole(o);
    o.n_parts = 4;
    const TinyModel parts(o);
    o.seed++;
    const TinyModel other(o);

    std::unique_ptr<Model> one, split;
    CHECK(Model::open_header(whole.path(), one).ok());
    uint64_t first = 0;
    for (int part = 0; part < 4; part++) {
        if (!CHECK(Model::open_header(parts.part_path(part), split).ok())) return;
        CHECK(split->weight_bytes() == one->weight_bytes() && split->parameter_count() == one->parameter_count());
        CHECK(split->file().bytes() > one->file().bytes() && split->file().n_parts() == 4);
        const uint64_t fingerprint = fingerprint_of(parts.part_path(part));
        if (part == 0) first = fingerprint;
        CHECK(fingerprint == first);
    }
    CHECK(fingerprint_of(other.path()) != first);  // weights of the later parts count
    std::mt19937_64            random(check::seed());
    const std::vector<int32_t> tokens = random_tokens(random, 40, o.n_vocab);
    std::vector<float>         logits[2];
    const TinyModel *          models[] = {&whole, &parts};
    for (int i = 0; i < 2; i++) {
        std::unique_ptr<Engine> engine;
        if (!CHECK(Engine::open({models[i]->part_path(i), {GGML_BINS, 2}}, engine).ok())) return;
        Document document(*engine, GGML_TYPE_F16);
        Session  session(*engine, document);
        CHECK(session.score(tokens, logits[i]).ok());
    }
    CHECK(!logits[0].empty() && logits[0] == logits[1]);

    // A link to a part, of any name and in another folder.
    const std::string link = temporary_path(".gguf");
    std::filesystem::create_symlink(parts.part_path(2), link);
    CHECK(open_header(link).ok());
    std::filesystem::remove(link);

    // Another name, a part that is cut off, missing, of another place or of another model.
    const std::string renamed = temporary_path(".gguf");
    std::filesystem::copy_file(parts.part_path(1), renamed);
    expect("another name", open_header(renamed), {Code::MODEL_FORMAT});
    says(open_header(renamed), "must end in -00002-of-00004.gguf");
    std::remove(renamed.c_str());
    const Bytes part = read_file(parts.part_path(2));
    write_file(parts.part_path(2), Bytes(part.begin(), part.end() - 40));
    expect("a part cut off", open_header(parts.path()), {Code::MODEL_TRUNCATED});
    says(open_header(parts.path()), parts.part_path(2));
    write_file(parts.part_path(2), read_file(parts.part_path(3)));
    expect("a part twice", open_header(parts.path()), {Code::MODEL_FORMAT});
    says(open_header(parts.path()), "part 4 of 4 where part 3 of 4");
    std::remove(parts.part_path(2).c_str());
    for (int other_part : {0, 1, 3}) {
        expect("a part missing", open_header(parts.part_path(other_part)), {Code::MODEL_MISSING});
        says(open_header(parts.part_path(other_part)), "part 3 is missing: there is no " + parts.part_path(2));
    }
    o.n_layer = 3;
    const TinyModel longer(o);
    write_file(parts.part_path(2), read_file(longer.part_path(2)));
    expect("a part of another model", open_header(parts.path()), {Code::MODEL_FORMAT});
    says(open_header(parts.path()), "not parts of one model");
    o.n_layer = 2, o.architecture = "qwen2";
    const TinyModel qwen(o);
    write_file(parts.part_path(2), read_file(qwen.part_path(2)));
    expect("a part of another family", open_header(parts.path()), {Code::MODEL_FORMAT});
    for (const auto & [key, value] : {std::pair{"split.no", uint16_t(9)}, std::pair{"split.count", uint16_t(7)}}) {
        write_file(parts.part_path(2), patched(part, value_of(part, key), value));
        for (int any : {0, 2}) expect(key, open_header(parts.part_path(any)), {Code::MODEL_FORMAT});
    }
}

}  // namespace

int main() {
    TinyModelOptions o;
    o.n_layer = 1;
    o.n_ff    = 64;
    o.n_vocab = 64;
    TinyModel   model(o);
    const Bytes good = read_file(model.path());
    test_nonsense(good);
    test_experts();
    test_experts_beside();
    test_lists();
    test_cuts(good);
    test_mutations(good);
    test_parts();

    TinyModelOptions other;
    other.architecture = "mamba";
    TinyModel mamba(other);
    expect("architecture", open_bytes(read_file(mamba.path())), {Code::MODEL_UNSUPPORTED});
    std::unique_ptr<Model> none;
    expect("missing", Model::open_header("/nowhere/model.gguf", none), {Code::MODEL_MISSING});
    expect("a folder", Model::open_header("/", none), {Code::MODEL_MISSING});
    return check::report();
}
