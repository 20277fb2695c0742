// A model file is untrusted: every cut, every damaged byte and every nonsense size ends in a code and a sentence.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "check.h"
#include "engine/model.h"
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

}  // namespace

int main() {
    TinyModelOptions o;
    o.n_layer = 1;
    o.n_ff    = 64;
    o.n_vocab = 64;
    TinyModel   model(o);
    const Bytes good = read_file(model.path());
    test_nonsense(good);
    test_cuts(good);
    test_mutations(good);

    TinyModelOptions other;
    other.architecture = "mamba";
    TinyModel mamba(other);
    expect("architecture", open_bytes(read_file(mamba.path())), {Code::MODEL_UNSUPPORTED});
    std::unique_ptr<Model> none;
    expect("missing", Model::open_header("/nowhere/model.gguf", none), {Code::MODEL_MISSING});
    expect("a folder", Model::open_header("/", none), {Code::MODEL_MISSING});
    return check::report();
}
