// engine_bench: the engine by itself, without Node. A row of CSV for each depth and mode, columns as in `npm run bench`.
//   engine_bench --model f.gguf | --shape 8b --weights q4_K --write f.gguf   makes the file and ends
//   [--cuda libggml-cuda.so --kernels librocketdoc_kernels.so] [--cpu folder] [--depths 0,4096,32768] [--modes full,rocketkv]
//   [--budgets 1024] [--selectors pages,codes,codes_residual] [--home device|host] [--kv f16|q8_0] [--segment n] [--tile n] [--new n]
//   [--cancel n]   instead of speeds: how soon n cancels from another thread are seen while a prompt is read and while an answer is written
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#ifndef _WIN32
#include <sys/resource.h>
#endif

#include "cancel_bench.h"
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

struct Options {
    std::map<std::string, std::string> values{{"depths", "512,2048,7936"}, {"modes", "full,rocketkv-mt"}, {"budgets", "1024"}, {"selectors", "pages"},
                                              {"home", "device"}, {"kv", "f16"}, {"segment", "8192"}, {"tile", "512"}, {"new", "64"},
                                              {"weights", "q4_K"}, {"shape", "8b"}, {"cpu", GGML_BINS}, {"cancel", "0"}};
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

Mode mode_of(const std::string & name) {
    for (Mode mode : {Mode::full, Mode::rocketkv, Mode::rocketkv_mt, Mode::snapkv, Mode::hsa}) {
        if (name == mode_name(mode)) return mode;
    }
    need(Status::fail(Code::INVALID_ARGUMENT, "mode " + name + " is not known"));
    return Mode::full;
}

// Most bytes of this process in RAM so far; empty where the system does not say.
std::string peak_rss() {
#ifdef _WIN32
    return "";
#else
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
    return std::to_string(usage.ru_maxrss);
#else
    return std::to_string(int64_t(usage.ru_maxrss) * 1024);
#endif
#endif
}

AskRequest request_for(Options & options, const std::string & mode, const std::string & budget, const std::string & selector) {
    AskRequest request;
    request.segment             = options.number("segment");
    request.tile                = options.number("tile");
    request.mode                = mode_of(mode);
    request.max_new             = options.number("new") + WARM_UP + 1;
    request.rocket.token_budget = std::max(16, std::atoi(budget.c_str()));
    request.rocket.selector     = selector == "codes" ? SelectorKind::codes : selector == "codes_residual" ? SelectorKind::codes_residual : SelectorKind::pages;
    if (request.rocket.selector != SelectorKind::pages) request.rocket.pooling = Pooling::triangle;
    return request;
}

// How fast a further chunk is read at this depth, tokens a second; 0 without room.
double reading_speed(Engine & engine, Document & document, const AskRequest & request) {
    const HyperParams & p = engine.model().params();
    if (document.n_tokens() + CHUNK + QUESTION + request.max_new > p.n_ctx_train) return 0;
    Session       reading(engine, document);
    Step          step;
    Answer        answer;
    AnswerRequest chunk = request;
    double        ms    = 0;
    chunk.mode    = document.on_device() ? Mode::full : Mode::rocketkv_mt;
    chunk.max_new = 1;
    for (int i = 0; i < 2; i++) {  // the second one counts
        const auto start = Clock::now();
        chunk.tokens     = pseudo_random_tokens(document.n_tokens() + 7 + i, CHUNK, p.n_vocab);
        need(reading.start_answer(chunk, {}, answer, step));
        ms = ms_since(start) - answer.stage1_ms;
        need(reading.finish_answer());
        need(reading.truncate(reading.borders().front()));
    }
    return 1000.0 * CHUNK / ms;
}

void print_row(Engine & engine, Document & document, Options & options, const std::string & mode, const std::string & budget, const std::string & selector) {
    const HyperParams & p       = engine.model().params();
    const int64_t       depth   = document.n_tokens();
    AskRequest          request = request_for(options, mode, budget, selector);
    const double        reading = reading_speed(engine, document, request);

    Session             session(engine, document);
    std::vector<double> times;
    Clock::time_point   last;
    AskEvents           events;
    events.token = [&](int32_t) {
        const auto now = Clock::now();
        if (last != Clock::time_point{}) times.push_back(std::chrono::duration<double, std::milli>(now - last).count());
        last = now;
    };
    request.tokens = pseudo_random_tokens(depth + 1, QUESTION, p.n_vocab);
    Answer answer;
    need(session.ask(request, events, answer));
    times.erase(times.begin(), times.begin() + std::min<std::ptrdiff_t>(WARM_UP, std::ptrdiff_t(times.size())));
    std::sort(times.begin(), times.end());
    const double   token_ms = times.empty() ? 0 : times[times.size() / 2];
    const Counters c        = session.counters();

    PlanRequest wanted;
    wanted.n_prompt      = depth + QUESTION;
    wanted.n_question    = QUESTION;
    wanted.max_new       = request.max_new;
    wanted.mode          = request.mode;
    wanted.rocket        = request.rocket;
    wanted.document_type = options["kv"] == "q8_0" ? GGML_TYPE_Q8_0 : GGML_TYPE_F16;
    wanted.home          = document.on_device() ? DocumentHome::device : DocumentHome::host;
    wanted.segment       = request.segment;
    wanted.tile          = request.tile;
    MemoryPlan plan;
    need(engine.plan(wanted, plan));
    const bool        gpu  = engine.backend().cuda() != nullptr;
    char              speed[32] = "";
    if (reading > 0) std::snprintf(speed, sizeof(speed), "%.1f", reading);
    const std::string peak = gpu ? std::to_string(engine.backend().peak_bytes()) : "", planned = gpu ? std::to_string(plan.device_total()) : "";
    std::printf("rocketdoc,%s,%s,%s,%s,%lld,%s,%.1f,%.1f,%zu,%s,%s,%.2f,%s,%s,%s,%s\n", engine.backend().name().c_str(), p.name.c_str(), mode.c_str(),
                budget.c_str(), (long long) depth, speed, token_ms > 0 ? 1000.0 / token_ms : 0.0, answer.first_token_ms,
                c.compact_bytes + c.summary_bytes + (document.on_device() ? c.document_bytes : 0), peak_rss().c_str(), ggml_type_name(engine.model().weight_type()),
                answer.stage1_ms, peak.c_str(), planned.c_str(), document.on_device() ? "device" : "host", selector.c_str());
    std::fflush(stdout);
}

void print_cancels(Engine & engine, Document & document, Options & options) {
    const AskRequest request = request_for(options, document.on_device() ? "full" : "rocketkv-mt", split(options["budgets"]).front(), "pages");
    for (CancelPhase phase : {CancelPhase::prefill, CancelPhase::decode}) {
        std::vector<double> ms;
        need(measure_cancels(engine, document, request, phase, int(options.number("cancel")), ms));
        const auto at = [&](double share) { return ms.empty() ? 0.0 : ms[std::min(ms.size() - 1, size_t(share * double(ms.size())))]; };
        std::printf("%s,%s,%s,%s,%lld,%zu,%.1f,%.1f,%.1f\n", engine.backend().name().c_str(), engine.model().params().name.c_str(),
                    phase == CancelPhase::prefill ? "prefill" : "decode", document.on_device() ? "device" : "host", (long long) document.n_tokens(), ms.size(),
                    at(0.5), at(0.95), ms.empty() ? 0.0 : ms.back());
        std::fflush(stdout);
    }
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
    engine->backend().watch_memory();
    Document document(*engine, options["kv"] == "q8_0" ? GGML_TYPE_Q8_0 : GGML_TYPE_F16, options["home"] == "host" ? DocumentHome::host : DocumentHome::device);
    const bool cancels = options.number("cancel") > 0;
    std::printf(cancels ? "device,model,phase,home,depth,cancels,p50_ms,p95_ms,max_ms\n"
                        : "engine,device,model,mode,budget,depth,prefill_tok_s,decode_tok_s,first_token_ms,kv_bytes,peak_rss_bytes,weights,stage1_ms,"
                          "peak_vram_bytes,plan_vram_bytes,home,selector\n");
    for (const std::string & depth : split(options["depths"])) {
        const int64_t more = std::atoll(depth.c_str()) - document.n_tokens();
        if (more > 0) {
            need(document.read(pseudo_random_tokens(document.n_tokens(), more, engine->model().params().n_vocab), options.number("segment"), options.number("tile"), nullptr));
        }
        if (cancels) {
            print_cancels(*engine, document, options);
            continue;
        }
        for (const std::string & mode : split(options["modes"])) {
            for (const std::string & choice : mode == "full" ? std::vector<std::string>{"0:"} : choices(options)) {
                print_row(*engine, document, options, mode, choice.substr(0, choice.find(':')), choice.substr(choice.find(':') + 1));
            }
        }
    }
    return 0;
}
