// KV caches on disk: loaded, a document answers to the bit as it did; any other file is a miss and leaves the document
// empty and usable; writing in parts, giving up and a full disk leave nothing half there.
#ifndef _WIN32
#include <sys/resource.h>
#include <sys/stat.h>
#endif

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <vector>

#include "ask.h"
#include "check.h"
#include "engine/checksum.h"
#include "engine/engine.h"
#include "tiny_model.h"

using namespace rocketdoc;
namespace fs = std::filesystem;

namespace {

using Bytes = std::vector<char>;

Bytes contents(const std::string & path) {
    std::ifstream in(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(in), {});
}

void put(const std::string & path, const Bytes & bytes) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), std::streamsize(bytes.size()));
}

struct Fixture {
    TinyModel               model;
    std::unique_ptr<Engine> engine;
    std::mt19937_64         random{check::seed()};
    std::vector<int32_t>    text, question;
    std::string             path = temporary_path(".kv");

    static TinyModelOptions options(uint64_t seed, TinyModelOptions o = {}) {
        o.seed  = seed;
        o.n_ctx = 2048;
        return o;
    }
    Fixture(const TinyModelOptions & o, int n_text) : model(options(check::seed(), o)) {
        CHECK(Engine::open({model.path(), {GGML_BINS, 2}}, engine).ok());
        text     = random_tokens(random, n_text, o.n_vocab);
        question = random_tokens(random, 33, o.n_vocab);
    }
    ~Fixture() { fs::remove(path); }

    void save(Document & document, uint64_t most) {
        bool done = false;
        for (int parts = 0; !done && parts < 1000; parts++) {
            CHECK(!fs::exists(path));  // before its end it has no name
            if (!CHECK(document.save_part(path, most, done).ok())) return;
        }
        CHECK(done && fs::file_size(path) == document.file_bytes() && !fs::exists(path + ".part"));
    }
    struct Told {
        std::vector<float>   logits;
        std::vector<int32_t> answer;
        bool                 operator==(const Told &) const = default;
    };
    Told ask(Document & document, Mode mode) {
        Told       told;
        AskRequest request;
        Answer     answer;
        Step       step;
        request.tokens              = question;
        request.mode                = mode;
        request.max_new             = 12;
        request.rocket.token_budget = 64;
        request.rocket.window       = 16;
        {
            Session session(*engine, document);
            CHECK(session.start_answer(request, {}, answer, step).ok());
        }
        Session     session(*engine, document);
        const Asked asked = ::ask(session, request);
        CHECK(asked.status.ok());
        told.answer = asked.tokens;
        told.logits = step.logits;
        return told;
    }
    // A miss: the code, and a document that is then read as if nothing had been.
    void check_miss(Code code, const char * what, const Fixture::Told & expected) {
        Document     document(*engine, GGML_TYPE_F16);
        const Status status = document.load(path, text, nullptr);
        if (!CHECK(status.code == code && !status.message.empty()))
            std::printf("    %s: %s, %s\n", what, code_name(status.code), status.message.c_str());
        CHECK(document.n_tokens() == 0);
        CHECK(document.read(text, 256, 512, nullptr).ok());
        CHECK(ask(document, Mode::rocketkv_mt) == expected);
    }
};

void test_same_answer(Fixture & f) {
    for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_Q8_0}) {
        fs::remove(f.path);
        Document first(*f.engine, type);
        CHECK(first.read(f.text, 128, 64, nullptr).ok());
        bool done = true;
        CHECK(first.save_part(f.path, 1000, done).ok() && !done);
        CHECK(fs::exists(f.path + ".part"));
        // Chats are answered between two parts, and are not in the file.
        const auto mt = f.ask(first, Mode::rocketkv_mt), full = f.ask(first, Mode::full),
                   dropped = f.ask(first, Mode::rocketkv);
        f.save(first, 40000);
#ifndef _WIN32
        struct stat info;
        CHECK(stat(f.path.c_str(), &info) == 0 && (info.st_mode & 0777) == 0600);
#endif

        Document             second(*f.engine, type);
        std::vector<int64_t> reports;
        CHECK(second.load(f.path, f.text, [&](int64_t n) { reports.push_back(n); }).ok());
        CHECK(second.n_tokens() == int64_t(f.text.size()) && !reports.empty() && reports.back() == second.n_tokens());
        CHECK(f.ask(second, Mode::rocketkv_mt) == mt);
        CHECK(f.ask(second, Mode::full) == full);
        CHECK(f.ask(second, Mode::rocketkv) == dropped);
        // It can be kept once more, to the same bytes; and read on from where it ends.
        const Bytes before = contents(f.path);
        fs::remove(f.path);
        f.save(second, 1u << 30);
        CHECK(contents(f.path) == before);
        CHECK(first.read(f.question, 128, 64, nullptr).ok() && second.read(f.question, 128, 64, nullptr).ok());
        CHECK(f.ask(second, Mode::full) == f.ask(first, Mode::full));
        CHECK(second.load(f.path, f.text, nullptr).code == Code::INVALID_ARGUMENT);
    }
}

void test_misses(Fixture & f) {
    fs::remove(f.path);
    Document document(*f.engine, GGML_TYPE_F16);
    CHECK(document.read(f.text, 1024, 512, nullptr).ok());
    const auto expected = f.ask(document, Mode::rocketkv_mt);
    f.check_miss(Code::IO, "absent", expected);
    f.save(document, 1u << 30);
    const Bytes whole = contents(f.path);

    const auto pick = [&](size_t from, size_t to) { return from + size_t(f.random() % (to - from)); };
    for (size_t size :
         {size_t(0), size_t(1), size_t(71), size_t(72), size_t(80), pick(81, whole.size() - 1), whole.size() - 1}) {
        put(f.path, Bytes(whole.begin(), whole.begin() + int64_t(size)));
        f.check_miss(Code::KV_CORRUPT, "cut", expected);
    }
    Bytes longer = whole;
    longer.push_back(0);
    put(f.path, longer);
    f.check_miss(Code::KV_CORRUPT, "longer", expected);

    // One bit anywhere: magic, fields, tokens, rows, checksums.
    const size_t        rows_begin = 72 + 4 * f.text.size() + 8;
    std::vector<size_t> places     = {
        0, 7, 16, 24, 32, 40, 48, 56, 63, 64, 71, 72, rows_begin - 1, rows_begin, whole.size() - 9, whole.size() - 1};
    for (int i = 0; i < 24; i++) places.push_back(pick(rows_begin, whole.size()));
    for (size_t at : places) {
        Bytes flipped = whole;
        flipped[at]   = char(flipped[at] ^ (1 << (f.random() % 8)));
        put(f.path, flipped);
        Document     other(*f.engine, GGML_TYPE_F16);
        const Status status = other.load(f.path, f.text, nullptr);
        if (!CHECK(status.code == Code::KV_CORRUPT))
            std::printf("    byte %zu of %zu: %s\n", at, whole.size(), status.message.c_str());
        CHECK(other.n_tokens() == 0);
    }
    // Two layers' rows exchanged, each with its right checksum.
    const size_t layer   = (whole.size() - rows_begin) / size_t(Fixture::options(0).n_layer);
    Bytes        swapped = whole;
    std::swap_ranges(swapped.begin() + int64_t(rows_begin), swapped.begin() + int64_t(rows_begin + layer),
                     swapped.begin() + int64_t(rows_begin + layer));
    put(f.path, swapped);
    f.check_miss(Code::KV_CORRUPT, "layers exchanged", expected);

    // Headers that say anything, with a right checksum.
    for (int field = 1; field <= 7; field++) {
        for (uint64_t value : {uint64_t(0), uint64_t(1) << 62, ~uint64_t(0), f.random()}) {
            Bytes hostile = whole;
            std::memcpy(hostile.data() + 8 * field, &value, 8);
            const uint64_t sum = checksum(hostile.data(), 64, 0);
            std::memcpy(hostile.data() + 64, &sum, 8);
            put(f.path, hostile);
            Document     other(*f.engine, GGML_TYPE_F16);
            const Status status = other.load(f.path, f.text, nullptr);
            CHECK(status.code == Code::KV_MISMATCH);
            CHECK(other.n_tokens() == 0);
        }
    }

    put(f.path, whole);
    {
        Document other(*f.engine, GGML_TYPE_Q8_0);
        CHECK(other.load(f.path, f.text, nullptr).code == Code::KV_MISMATCH);
        std::vector<int32_t> changed = f.text;
        changed[f.random() % changed.size()] ^= 1;
        CHECK(other.load(f.path, changed, nullptr).code == Code::KV_MISMATCH);
        Document same_type(*f.engine, GGML_TYPE_F16);
        CHECK(same_type.load(f.path, changed, nullptr).code == Code::KV_MISMATCH);
        changed.pop_back();
        CHECK(same_type.load(f.path, changed, nullptr).code == Code::KV_MISMATCH);
    }
    {
        // The same sizes and names, other weights.
        TinyModel               model(Fixture::options(check::seed() + 1));
        std::unique_ptr<Engine> engine;
        CHECK(Engine::open({model.path(), {GGML_BINS, 2}}, engine).ok());
        Document other(*engine, GGML_TYPE_F16);
        CHECK(other.load(f.path, f.text, nullptr).code == Code::KV_MISMATCH);
    }
    // A folder, and a cancel.
    Document          cancelled(*f.engine, GGML_TYPE_F16);
    std::atomic<bool> cancel{false};
    CHECK(cancelled.load(f.path, f.text, [&](int64_t) { cancel = true; }, &cancel).code == Code::CANCELLED);
    CHECK(cancelled.n_tokens() == 0 && cancelled.load(f.path, f.text, nullptr).ok());
    fs::remove(f.path);
    fs::create_directory(f.path);
    f.check_miss(Code::IO, "a folder", expected);
    fs::remove(f.path);
}

void test_giving_up(Fixture & f) {
    fs::remove(f.path);
    bool done = false;
    {
        Document document(*f.engine, GGML_TYPE_F16);
        CHECK(document.save_part(f.path, 1000, done).code == Code::INVALID_ARGUMENT);
        CHECK(document.read(f.text, 1024, 512, nullptr).ok());
        CHECK(document.save_part(f.path, 1000, done).ok() && fs::exists(f.path + ".part"));
        document.end_save();
        CHECK(!fs::exists(f.path + ".part"));
        CHECK(document.save_part(f.path, 1000, done).ok());
    }
    CHECK(!fs::exists(f.path) && !fs::exists(f.path + ".part"));
    Document document(*f.engine, GGML_TYPE_F16);
    CHECK(document.read(f.text, 1024, 512, nullptr).ok());
    const Status nowhere = document.save_part(f.path + "/none/x.kv", 1000, done);
    CHECK(nowhere.code == Code::IO && !done);
#ifndef _WIN32  // it has no such limit, and who makes links there needs rights of their own
    // No more room, by the system's own limit for a file.
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit;
    CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    const rlimit small{rlim_t(f.random() % document.file_bytes()), limit.rlim_max};
    CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    const Status full = document.save_part(f.path, 1u << 30, done);
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    CHECK(full.code == Code::DISK_FULL && !done && !fs::exists(f.path) && !fs::exists(f.path + ".part"));
    // What lies under the name of the unfinished file is not written through.
    const std::string precious = temporary_path(".txt");
    put(precious, {'a'});
    fs::create_symlink(precious, f.path + ".part");
    f.save(document, 1u << 30);
    CHECK(contents(precious) == Bytes{'a'});
    fs::remove(precious);
#endif
}

// Files that an earlier build wrote: they are read, or they are a clean miss. Where random numbers make another model
// of the same seed (another standard library) they are another model's.
void test_files_of_before() {
    TinyModelOptions options;
    options.seed    = 20240607;
    options.n_layer = 2;
    options.n_ctx   = 2048;
    TinyModel               model(options);
    std::unique_ptr<Engine> engine;
    CHECK(Engine::open({model.path(), {GGML_BINS, 1}}, engine).ok());
    std::vector<int32_t> text;
    for (int32_t i = 0; i < 45; i++) text.push_back((i * 37 + i * i) % options.n_vocab);
    for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_Q8_0}) {
        const std::string path = std::string(KEPT_FILES) + "/format-1-" + ggml_type_name(type) + ".kv";
        Document          kept(*engine, type), fresh(*engine, type);
        const Status      status = kept.load(path, text, nullptr);
#if defined(__GLIBCXX__) && defined(__x86_64__)
        CHECK(status.ok());
#endif
        if (!status.ok()) {
            CHECK(status.code == Code::KV_MISMATCH && kept.n_tokens() == 0);
            continue;
        }
        CHECK(kept.file_bytes() == fs::file_size(path));
        CHECK(fresh.read(text, 1024, 512, nullptr).ok());
        std::vector<float> logits[2];
        for (Document * document : {&kept, &fresh}) {
            Session session(*engine, *document);
            CHECK(session.score({1, 2, 3}, logits[document == &fresh]).ok());
        }
        // Another CPU may have rounded what it wrote otherwise; over rows of eight bits attention once rounded its
        // queries to eight bits, too.
        double worst = 0, scale = 0;
        for (size_t i = 0; i < logits[0].size(); i++) {
            worst = std::max(worst, std::fabs(double(logits[0][i]) - logits[1][i]));
            scale = std::max(scale, std::fabs(double(logits[1][i])));
        }
        CHECK(worst < (type == GGML_TYPE_Q8_0 ? 0.03 : 0.01) * scale);
    }
}

// XXH64's published values.
void test_checksum() {
    CHECK(checksum("", 0, 0) == 0xEF46DB3751D8E999ull);
    CHECK(checksum("abc", 3, 0) == 0x44BC2CF5AD770999ull);
    const char * text = "Nobody inspects the spammish repetition";
    CHECK(checksum(text, std::strlen(text), 0) == 0xFBCEA83C8A378BF1ull);
}

}  // namespace

// With the name of a family: that one alone.
int main(int argc, char ** argv) {
    for (const std::string & family : family_names()) {
        if (argc > 1 && family != argv[1]) continue;
        const int64_t    failed = check::n_failed;
        TinyModelOptions o      = tiny_family(family);
        o.type                  = GGML_TYPE_Q8_0;
        Fixture f(o, 301);
        test_same_answer(f);
        if (check::n_failed != failed) std::printf("    in a model of the family %s\n", family.c_str());
    }
    if (argc > 1) return check::report();
    Fixture f({}, 501);
    test_checksum();
    test_files_of_before();
    test_same_answer(f);
    test_misses(f);
    test_giving_up(f);
    return check::report();
}
