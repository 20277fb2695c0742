// engine_bench: the engine by itself, without Node. A row of CSV for each depth and mode, columns as in `npm run bench`.
//   engine_bench --model f.gguf | --shape 8b --weights q4_K --write f.gguf   makes the file and ends
//   [--cuda libggml-cuda.so --kernels librocketdoc_kernels.so] [--cpu folder] [--depths 0,4096,32768] [--modes full,rocketkv]
//   [--budgets 1024] [--selectors pages,codes,codes_residual] [--home device|host] [--kv f16|q8_0] [--segment n] [--tile n] [--new n]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "shape_model.h"

using namespace rocketdoc;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t QUESTION = 60;    // tokens of a follow-up question
constexpr int64_t CHUNK    = 2048;  // tokens whose reading is timed at each depth
constexpr int64_t WARM_UP  = 4;

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

std::vector<std::string> split(const std::string & list) {
    std::vector<std::string> out;
    std::stringstream        stream(list);
    for (std::string part; std::getline(stream, part, ',');) out.push_back(part);
    return out;
}

void need(const Status & status) {
    if (status.ok()) return;
    std::fprintf(stderr, "%s: %s\n", code_name(status.code), status.message.c_str());
    std::exit(2);
}

// Random, and each one's own: a repeated token is easier on caches than text is.
std::vector<int32_t> tokens_from(int64_t first, int64_t n, int64_t n_vocab) {
    std::vector<int32_t> tokens;
    uint64_t             state = uint64_t(first) * 6364136223846793005u + 1442695040888963407u;
    for (int64_t i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        tokens.push_back(int32_t((state >> 33) % uint64_t(n_vocab)));
    }
    return tokens;
}

struct Options {
    std::map<std::string, std::string> values{{"depths", "512,2048,7936"}, {"modes", "full,rocketkv-mt"}, {"budgets", "1024"}, {"selectors", "pages"},
                                              {"home", "device"}, {"kv", "f16"}, {"segment", "8192"}, {"tile", "512"}, {"new", "64"},
                                              {"weights", "q4_K"}, {"shape", "8b"}, {"cpu", GGML_BINS}};
    const std::string & operator[](const std::string & name) { return values[name]; }
    int64_t             number(const std::string & name) { return std::atoll(values[name].c_str()); }
};

// "budget:selector", every pair.
std::vector<std::string> choices(Options & options) {
    std::vector<std::string> out;
    for (const std::string & selector : split(options["selectors"])) {
        for (const std::string & budget : split(options["budgets"])) out.push_back(budget + ":" + selector);
    }
    return out;
}

struct Peak {
    Engine * engine = nullptr;
    int64_t  free_at_start = 0, least = 0;
    void     look() { least = std::min(least, engine->backend().available()); }
    int64_t  bytes() const { return free_at_start - least; }
};

Mode mode_of(const std::string & name) {
    for (Mode mode : {Mode::full, Mode::rocketkv, Mode::rocketkv_mt, Mode::snapkv, Mode::hsa}) {
        if (name == mode_name(mode)) return mode;
    }
    need(Status::fail(Code::INVALID_ARGUMENT, "mode " + name + " is not known"));
    return Mode::full;
}

}  // namespace

int main(int argc, char ** argv) {
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) options.values[std::string(argv[i]).substr(2)] = argv[i + 1];
    if (!options["write"].empty()) {
        ModelShape shape;
        ggml_type  type = GGML_TYPE_F16;
        need(find_shape(options["shape"], shape));
        need(find_weight_type(options["weights"], type));
        need(write_shape_model(options["write"], shape, type));
        return 0;
    }
    EngineOptions open;
    open.model_path      = options["model"];
    open.backend.cpu_dir = options["cpu"];
    if (!options["cuda"].empty()) {
        open.backend.cuda_device     = 0;
        open.backend.cuda_library    = options["cuda"];
        open.backend.kernels_library = options["kernels"];
    }
    std::unique_ptr<Engine> engine;
    need(Engine::open(open, engine));
    const HyperParams & p = engine->model().params();
    Peak peak;
    peak.engine        = engine.get();
    peak.free_at_start = peak.least = engine->backend().available() + (open.backend.cuda_device >= 0 ? int64_t(engine->model().weight_bytes()) : 0);

    const ggml_type    kv   = options["kv"] == "q8_0" ? GGML_TYPE_Q8_0 : GGML_TYPE_F16;
    const DocumentHome home = options["home"] == "host" ? DocumentHome::host : DocumentHome::device;
    Document           document(*engine, kv, home);
    std::printf("engine,device,model,mode,budget,depth,prefill_tok_s,decode_tok_s,first_token_ms,kv_bytes,weights,stage1_ms,peak_vram_bytes,plan_vram_bytes,home,selector\n");
    for (const std::string & depth_text : split(options["depths"])) {
        const int64_t depth = std::atoll(depth_text.c_str());
        const int64_t room  = CHUNK;
        int64_t       read  = depth - document.n_tokens();
        if (read > 0) need(document.read(tokens_from(document.n_tokens(), read, p.n_vocab), options.number("segment"), options.number("tile"), [&](int64_t) { peak.look(); }));
        for (const std::string & mode_text : split(options["modes"])) {
            const bool is_full = mode_text == "full";
            for (const std::string & choice : is_full ? std::vector<std::string>{"0:"} : choices(options)) {
                const std::string budget = choice.substr(0, choice.find(':')), selector = choice.substr(choice.find(':') + 1);
                Session    session(*engine, document);
                AskRequest request;
                request.segment             = options.number("segment");
                request.tile                = options.number("tile");
                request.mode                = mode_of(mode_text);
                request.max_new             = options.number("new") + WARM_UP + 1;
                request.rocket.token_budget = std::max(16, std::atoi(budget.c_str()));
                request.rocket.selector     = selector == "codes" ? SelectorKind::codes : selector == "codes_residual" ? SelectorKind::codes_residual : SelectorKind::pages;
                if (request.rocket.selector != SelectorKind::pages) request.rocket.pooling = Pooling::triangle;

                // How fast a chunk is read at this depth.
                std::vector<float> logits;
                double             chunk_ms = 0;
                if (depth + room + QUESTION + request.max_new <= p.n_ctx_train) {
                    Session      reading(*engine, document);
                    Step         step;
                    Answer       answer;
                    AnswerRequest chunk = request;
                    chunk.mode = home == DocumentHome::host ? Mode::rocketkv_mt : Mode::full;
                    chunk.max_new = 1;
                    for (int i = 0; i < 2; i++) {
                        const auto start = Clock::now();
                        chunk.tokens     = tokens_from(depth + 7 + i, CHUNK, p.n_vocab);
                        AskEvents watched;
                        watched.prefill = [&](int64_t, int64_t) { peak.look(); };
                        need(reading.start_answer(chunk, watched, answer, step));
                        chunk_ms = ms_since(start) - answer.stage1_ms;
                        peak.look();
                        need(reading.finish_answer());
                        need(reading.truncate(reading.borders().front()));
                    }
                }
                request.tokens = tokens_from(depth + 1, QUESTION, p.n_vocab);
                AskEvents           events;
                std::vector<double> times;
                double              kept_ms = 0;
                const auto          start = Clock::now();
                Clock::time_point   last;
                events.prefill = [&](int64_t, int64_t) { peak.look(); };
                events.kept  = [&](double, double) { kept_ms = ms_since(start); };
                events.token = [&](int32_t) {
                    const auto now = Clock::now();
                    if (!times.empty() || last != Clock::time_point{}) times.push_back(std::chrono::duration<double, std::milli>(now - last).count());
                    last = now;
                };
                Answer answer;
                need(session.ask(request, events, answer));
                peak.look();
                times.erase(times.begin(), times.begin() + std::min<std::ptrdiff_t>(WARM_UP, std::ptrdiff_t(times.size())));
                std::sort(times.begin(), times.end());
                const double   token_ms = times.empty() ? 0 : times[times.size() / 2];
                const Counters c        = session.counters();
                PlanRequest    wanted;
                wanted.n_prompt   = depth + QUESTION;
                wanted.n_question = QUESTION;
                wanted.max_new    = request.max_new;
                wanted.mode       = request.mode;
                wanted.rocket     = request.rocket;
                wanted.document_type = kv;
                wanted.home       = home;
                wanted.segment    = request.segment;
                wanted.tile       = request.tile;
                MemoryPlan plan;
                need(engine->plan(wanted, plan));
                std::printf("rocketdoc,%s,%s,%s,%s,%lld,%.1f,%.1f,%.1f,%zu,%s,%.2f,%lld,%zu,%s,%s\n", engine->backend().name().c_str(), p.name.c_str(), mode_text.c_str(), budget.c_str(),
                            (long long) depth, chunk_ms > 0 ? 1000.0 * CHUNK / chunk_ms : 0.0, token_ms > 0 ? 1000.0 / token_ms : 0.0, answer.first_token_ms,
                            c.compact_bytes + c.summary_bytes + (document.on_device() ? c.document_bytes : 0), options["weights"].c_str(), answer.stage1_ms,
                            (long long) peak.bytes(), plan.device_total(), document.on_device() ? "device" : "host", selector.c_str());
                std::fflush(stdout);
            }
        }
    }
    return 0;
}
