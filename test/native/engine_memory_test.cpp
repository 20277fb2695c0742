// Memory that does not suffice: what is planned for any size of memory either fits, or says what lacks and proposes
// only what fits; and on a real engine such a question leaves its chat as it was, which answers again.
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "ask.h"
#include "check.h"
#include "engine/engine.h"
#include "device/host_memory.h"
#include "rocketkv/stage1.h"
#include "rocketkv/tile_attention.h"
#include "tiny_model.h"

using namespace rocketdoc;

namespace {

constexpr size_t MiB = size_t(1) << 20;

HyperParams shape_8b() {
    HyperParams p;
    p.architecture = "llama";
    p.name         = "8B shape";
    p.n_layer      = 32;
    p.n_embd       = 4096;
    p.n_vocab      = 128256;
    p.n_ctx_train  = 131072;
    p.rms_eps      = 1e-5f;
    p.layers.resize(32);
    for (LayerTraits & l : p.layers) l.n_head = 32, l.n_head_kv = 8, l.head_dim = 128, l.n_ff = 14336;
    return p;
}
constexpr size_t WEIGHTS = 4600 * MiB;

PlanRequest question_on(int64_t n_document, Mode mode, int budget, DocumentHome home = DocumentHome::automatic) {
    PlanRequest r;
    r.n_prompt            = n_document + 40;
    r.n_question          = 40;
    r.max_new             = 256;
    r.mode                = mode;
    r.rocket.token_budget = budget;
    r.home                = home;
    return r;
}

DeviceTraits with_memory(const char * kind, size_t available, size_t host) {
    DeviceTraits traits   = traits_of(kind);
    traits.available      = int64_t(available);
    traits.host_available = int64_t(host);
    return traits;
}
DeviceTraits gpu(size_t available, size_t host) { return with_memory("cuda", available, host); }
DeviceTraits cpu(size_t available) { return with_memory("cpu", available, available); }

bool fits(const MemoryPlan & plan) {
    return int64_t(plan.device_total()) <= plan.available &&
           (!plan.on_gpu || int64_t(plan.total() - plan.device_total()) <= plan.host_available);
}

bool changes_something(const PlanRequest & a, const PlanRequest & b) {
    return a.mode != b.mode || a.home != b.home || a.document_type != b.document_type ||
           a.rocket.token_budget != b.rocket.token_budget;
}

// Every proposal asks the same question, changes something, and fits by its own plan made anew.
void check_shortage(const Status & status, const DeviceTraits & device, const PlanRequest & r) {
    const HyperParams p = shape_8b();
    if (!CHECK(status.shortage != nullptr)) return;
    const MemoryShortage & s = *status.shortage;
    CHECK(!s.need.fits());
    CHECK(s.need.on_gpu == (status.code == Code::GPU_OOM));
    CHECK(s.smaller.size() <= 3);
    CHECK(status.message.find(bytes_text(s.need.needed)) != std::string::npos);
    CHECK(status.message.find(bytes_text(s.need.available)) != std::string::npos);
    for (const SmallerPlan & smaller : s.smaller) {
        MemoryPlan plan;
        CHECK(memory_plan({p, WEIGHTS, device}, smaller.request, plan).ok());
        CHECK(fits(plan));
        CHECK(plan.device_total() == smaller.plan.device_total());
        CHECK(changes_something(r, smaller.request));
        CHECK(smaller.request.n_prompt == r.n_prompt && smaller.request.n_question == r.n_question &&
              smaller.request.max_new == r.max_new);
        CHECK(smaller.request.rocket.token_budget <= r.rocket.token_budget);
    }
}

// From no memory at all to more than enough: once something fits, more memory does not take it away.
void test_every_size() {
    const HyperParams p = shape_8b();
    for (Mode mode : {Mode::full, Mode::rocketkv_mt, Mode::rocketkv, Mode::snapkv, Mode::hsa}) {
        for (bool on_gpu : {false, true}) {
            for (DocumentState state : {DocumentState::unread, DocumentState::held}) {
                bool fitted = false, proposed = false, refused = false;
                for (size_t size = 0; size <= 64 * 1024 * MiB; size = size * 5 / 4 + 256 * MiB) {
                    const DeviceTraits device = on_gpu ? gpu(size, 64 * 1024 * MiB) : cpu(size);
                    const PlanRequest  r =
                        question_on(100'000, mode, 4096, on_gpu ? DocumentHome::device : DocumentHome::automatic);
                    MemoryPlan   plan;
                    const Status status = check_plan({p, WEIGHTS, device}, r, state, plan);
                    CHECK(status.ok() == fits(plan));
                    CHECK(!fitted || status.ok());
                    fitted = status.ok();
                    if (fitted) continue;
                    check_shortage(status, device, r);
                    proposed |= status.shortage && !status.shortage->smaller.empty();
                    refused |= status.shortage && status.shortage->smaller.empty();
                    // Where nothing smaller fits, nothing smaller is named.
                    CHECK((status.message.find("Nothing smaller fits") != std::string::npos) ==
                          status.shortage->smaller.empty());
                }
                CHECK(fitted);
                CHECK(proposed);
                CHECK(refused);
            }
        }
    }
}

const SmallerPlan * first_of(const Status & status) {
    return CHECK(status.shortage && !status.shortage->smaller.empty()) ? &status.shortage->smaller.front() : nullptr;
}

void test_order() {
    const HyperParams p = shape_8b();
    MemoryPlan        plan;
    // 100,000 tokens are 12.3 GiB of KV in f16: the GPU has less, RAM has it.
    const DeviceTraits small  = gpu(10 * 1024 * MiB, 64 * 1024 * MiB);
    const PlanRequest  there  = question_on(100'000, Mode::rocketkv_mt, 1024, DocumentHome::device);
    Status             status = check_plan({p, WEIGHTS, small}, there, DocumentState::unread, plan);
    if (const SmallerPlan * first = first_of(status)) {
        CHECK(first->request.home == DocumentHome::host);
        CHECK(first->request.document_type == GGML_TYPE_F16);
        CHECK(status.message.find("in RAM") != std::string::npos);
    }
    // Nobody said where: it goes to RAM by itself, and nothing lacks.
    CHECK(check_plan({p, WEIGHTS, small}, question_on(100'000, Mode::rocketkv_mt, 1024), DocumentState::unread, plan)
              .ok());
    CHECK(!plan.document_on_device);
    // Full mode reads on the GPU.
    status = check_plan({p, WEIGHTS, small}, question_on(100'000, Mode::full, 1024), DocumentState::unread, plan);
    if (const SmallerPlan * first = first_of(status)) CHECK(first->request.mode == Mode::rocketkv_mt);
    // On a CPU only the type and the budget can change.
    status = check_plan({p, WEIGHTS, cpu(14 * 1024 * MiB)}, question_on(100'000, Mode::full, 1024),
                        DocumentState::unread, plan);
    CHECK(status.code == Code::HOST_OOM);
    if (const SmallerPlan * first = first_of(status)) {
        CHECK(first->request.document_type == GGML_TYPE_Q8_0);
        CHECK(first->request.mode == Mode::full);
    }
    // A text that is held need not be read again while a smaller budget does.
    const PlanRequest large = question_on(100'000, Mode::rocketkv_mt, 32768, DocumentHome::device);
    CHECK(check_plan({p, WEIGHTS, gpu(64 * 1024 * MiB, 64 * 1024 * MiB)}, large, DocumentState::held, plan).ok());
    const DeviceTraits tight = gpu(plan.device_total() - 512 * MiB, 64 * 1024 * MiB);
    status                   = check_plan({p, WEIGHTS, tight}, large, DocumentState::held, plan);
    if (const SmallerPlan * first = first_of(status)) {
        CHECK(first->request.rocket.token_budget < 32768);
        CHECK(first->request.home == DocumentHome::device && first->request.document_type == GGML_TYPE_F16);
        // What reads it again says so.
        CHECK(status.message.find("read again") == std::string::npos);
    }
    status = check_plan({p, WEIGHTS, tight}, large, DocumentState::unread, plan);
    if (const SmallerPlan * first = first_of(status)) CHECK(first->request.home == DocumentHome::host);
    // RAM lacks, the GPU does not.
    const PlanRequest in_ram = question_on(100'000, Mode::rocketkv_mt, 1024, DocumentHome::host);
    status = check_plan({p, WEIGHTS, gpu(40 * 1024 * MiB, 4 * 1024 * MiB)}, in_ram, DocumentState::unread, plan);
    CHECK(status.code == Code::HOST_OOM);
    if (const SmallerPlan * first = first_of(status)) CHECK(first->request.home == DocumentHome::device);
}

// An allocation failed although the plan said that it fits: what is proposed takes less than what failed.
void test_failed_allocation() {
    const HyperParams  p      = shape_8b();
    const DeviceTraits device = gpu(40 * 1024 * MiB, 64 * 1024 * MiB);
    const PlanRequest  r      = question_on(100'000, Mode::rocketkv_mt, 1024, DocumentHome::device);
    MemoryPlan         plan;
    CHECK(check_plan({p, WEIGHTS, device}, r, DocumentState::unread, plan).ok());
    const Status status =
        with_shortage(Status::fail(Code::GPU_OOM, "It failed."), {p, WEIGHTS, device}, r, DocumentState::unread);
    CHECK(status.code == Code::GPU_OOM);
    CHECK(status.message.rfind("It failed. With ", 0) == 0);
    if (CHECK(status.shortage && !status.shortage->smaller.empty())) {
        CHECK(status.shortage->need.needed == int64_t(plan.device_total()));
        for (const SmallerPlan & smaller : status.shortage->smaller)
            CHECK(smaller.plan.device_total() < plan.device_total());
    }
    const Status other =
        with_shortage(Status::fail(Code::GPU_FAULT, "It broke."), {p, WEIGHTS, device}, r, DocumentState::unread);
    CHECK(other.code == Code::GPU_FAULT && other.message == "It broke." && !other.shortage);
}

AskRequest ask_with(const std::vector<int32_t> & tokens, Mode mode, int budget) {
    AskRequest request;
    request.tokens              = tokens;
    request.mode                = mode;
    request.max_new             = 12;
    request.rocket.token_budget = budget;
    return request;
}

void test_session_goes_on() {
    TinyModelOptions options;
    options.seed  = check::seed();
    options.n_ctx = 4096;
    TinyModel               model(options);
    std::unique_ptr<Engine> engine;
    CHECK(Engine::open({model.path(), {GGML_BINS, 2}}, engine).ok());
    std::mt19937_64            random(check::seed());
    const std::vector<int32_t> text   = random_tokens(random, 3000, options.n_vocab);
    const std::vector<int32_t> first  = random_tokens(random, 37, options.n_vocab),
                               second = random_tokens(random, 21, options.n_vocab);

    Document document(*engine, GGML_TYPE_F16);
    engine->device().limit_available(1024);
    Status status = document.read(text, 1024, 512, nullptr);
    CHECK(status.code == Code::HOST_OOM);
    CHECK(status.shortage != nullptr);
    CHECK(document.n_tokens() == 0);
    constexpr int64_t UNLIMITED = std::numeric_limits<int64_t>::max();
    engine->device().limit_available(UNLIMITED);
    CHECK(document.read(text, 1024, 512, nullptr).ok());

    Session     session(*engine, document), undisturbed(*engine, document);
    const Asked expected = ask(undisturbed, ask_with(first, Mode::rocketkv_mt, 1024));
    CHECK(expected.status.ok());

    // Room for what a budget of 256 takes beside what is there, and not for one of 1,024.
    PlanRequest planned;
    planned.n_prompt            = int64_t(text.size() + first.size());
    planned.n_question          = int64_t(first.size());
    planned.max_new             = 12;
    planned.home                = DocumentHome::device;
    planned.rocket.token_budget = 256;
    MemoryPlan plan;
    CHECK(engine->plan(planned, plan).ok());
    const int64_t held = int64_t(engine->model().held_bytes() + document.bytes());
    engine->device().limit_available(int64_t(plan.total()) - held);
    const Asked refused = ask(session, ask_with(first, Mode::rocketkv_mt, 1024));
    CHECK(refused.tokens.empty());
    CHECK(refused.status.code == Code::HOST_OOM);
    CHECK(session.n_tokens() == int64_t(text.size()) && session.borders().size() == 1);
    if (const SmallerPlan * proposal = first_of(refused.status)) {
        CHECK(refused.status.message.find("a token budget of " +
                                          std::to_string(proposal->request.rocket.token_budget)) != std::string::npos);
        CHECK(proposal->request.rocket.token_budget >= 256);
        // Taken at its word, still with as little memory, it answers.
        Session     smaller(*engine, document);
        const Asked less = ask(smaller, ask_with(first, Mode::rocketkv_mt, proposal->request.rocket.token_budget));
        CHECK(!less.tokens.empty());
        CHECK(less.status.ok());
    }
    // The chat that was refused is the same one as before.
    engine->device().limit_available(UNLIMITED);
    const Asked then = ask(session, ask_with(first, Mode::rocketkv_mt, 1024));
    CHECK(then.tokens == expected.tokens);
    CHECK(then.status.ok());

    // In the middle of a chat, where no budget is small enough.
    const std::vector<int64_t> borders = session.borders();
    engine->device().limit_available(1024);
    Step   step;
    Answer answer;
    status = session.start_answer(ask_with(second, Mode::full, 1024), {}, answer, step);
    CHECK(status.code == Code::HOST_OOM);
    CHECK(session.borders() == borders);
    engine->device().limit_available(UNLIMITED);
    const Asked again = ask(session, ask_with(second, Mode::rocketkv_mt, 1024));
    CHECK(again.status.ok());
    const Asked calm = ask(undisturbed, ask_with(second, Mode::rocketkv_mt, 1024));
    CHECK(calm.status.ok() && again.tokens == calm.tokens);
}

// The compact cache of the last answer goes where there is no room for two; a question that fails then leaves the chat
// able to answer, and what was known of the last answer is still told.
void test_last_cache_makes_room() {
    TinyModelOptions options;
    options.seed  = check::seed();
    options.n_ctx = 8192;
    TinyModel               model(options);
    std::unique_ptr<Engine> engine;
    CHECK(Engine::open({model.path(), {GGML_BINS, 1}}, engine).ok());
    std::mt19937_64 random(check::seed());
    const auto      tokens = [&](int n) { return random_tokens(random, n, options.n_vocab); };
    Document        document(*engine, GGML_TYPE_F16);
    CHECK(document.read(tokens(4500), 1024, 512, nullptr).ok());
    const AskRequest first  = ask_with(tokens(30), Mode::rocketkv_mt, 4096),
                     second = ask_with(tokens(25), Mode::rocketkv_mt, 4096),
                     third  = ask_with(tokens(20), Mode::rocketkv_mt, 4096);
    Session          undisturbed(*engine, document), session(*engine, document);
    CHECK(ask(undisturbed, first).status.ok());
    const Asked expected_second = ask(undisturbed, second), expected_third = ask(undisturbed, third);
    CHECK(expected_second.status.ok() && expected_third.status.ok());

    CHECK(ask(session, first).status.ok());
    const auto limit_to_one = [&](const AskRequest & asked) {
        PlanRequest planned;
        planned.n_question = int64_t(asked.tokens.size()) + 1;  // the last answer ended by its length
        planned.n_prompt   = session.n_tokens() + planned.n_question;
        planned.max_new    = asked.max_new;
        planned.rocket     = asked.rocket;
        planned.segment    = asked.segment;
        planned.tile       = asked.tile;
        MemoryPlan plan;
        CHECK(engine->plan(planned, plan).ok());
        const Counters now = session.counters();
        CHECK(now.compact_bytes > 0);
        const size_t last = now.compact_bytes + now.summary_bytes;
        engine->device().limit_available(
            int64_t(plan.total() - engine->model().held_bytes() - document.bytes() - last / 2));
    };
    limit_to_one(second);
    CHECK(ask(session, second).tokens == expected_second.tokens);
    CHECK(session.counters().compact_bytes > 0);

    session.publish_map();
    const Counters    counters = session.counters();
    const DocumentMap map      = session.document_map();
    limit_to_one(third);
    std::atomic<bool> cancel{false};
    AskEvents         events;
    events.prefill = [&](int64_t, int64_t) { cancel = true; };
    CHECK(ask(session, third, events, &cancel).status.code == Code::CANCELLED);
    session.publish_map();  // as who looks at a chat that does not answer
    CHECK(session.counters().compact_bytes == counters.compact_bytes && session.counters().mode == counters.mode &&
          session.counters().rows_kept == counters.rows_kept && session.counters().kept_mass == counters.kept_mass);
    CHECK(session.document_map().kept == map.kept && session.document_map().read == map.read);
    engine->device().limit_available(std::numeric_limits<int64_t>::max());  // what was let go of is free now
    CHECK(ask(session, third).tokens == expected_third.tokens);
    CHECK(session.borders() == undisturbed.borders());
}

// Heads that no kernel serves are refused by the plan, whatever memory there is, where a compact cache would be made.
void test_heads_of_a_gpu() {
    const DeviceTraits device  = gpu(64 * 1024 * MiB, 64 * 1024 * MiB);
    const auto         plan_of = [&](int64_t head_dim, int64_t n_head, int64_t n_head_kv, const DeviceTraits & on,
                                     const PlanRequest & r) {
        HyperParams p = shape_8b();
        for (LayerTraits & l : p.layers) l.n_head = n_head, l.n_head_kv = n_head_kv, l.head_dim = head_dim;
        MemoryPlan plan;
        return check_plan({p, WEIGHTS, on}, r, DocumentState::unread, plan);
    };
    const PlanRequest rocket = question_on(20'000, Mode::rocketkv_mt, 1024);
    for (Mode mode : {Mode::rocketkv_mt, Mode::rocketkv, Mode::snapkv, Mode::hsa, Mode::exact_topk}) {
        const PlanRequest r = question_on(20'000, mode, 1024);
        for (int64_t head_dim : {64, 96, 128, 256, 512}) {
            CHECK(plan_of(head_dim, 16, 1, device, r).ok());  // as many queries a KV head as the kernels serve
            const Status status = plan_of(head_dim, 34, 2, device, r);
            CHECK(status.code == Code::GPU_UNSUPPORTED);
            CHECK(status.message.find(" and 17. ") != std::string::npos);
        }
        for (int64_t head_dim : {32, 160, 320}) {
            const Status status = plan_of(head_dim, 16, 4, device, r);
            CHECK(status.code == Code::GPU_UNSUPPORTED && !status.shortage);
            CHECK(status.message.find("has " + std::to_string(head_dim) + " and 4.") != std::string::npos);
            CHECK(status.message.find("Mode full") != std::string::npos);
            CHECK(plan_of(head_dim, 16, 4, cpu(64 * 1024 * MiB), r).ok());
        }
    }
    CHECK(plan_of(160, 16, 4, device, question_on(20'000, Mode::full, 1024)).ok());
    // A text within its budget is read where it is, unless that is RAM.
    CHECK(plan_of(160, 16, 4, device, question_on(500, Mode::rocketkv_mt, 1024)).ok());
    CHECK(plan_of(160, 16, 4, device, question_on(500, Mode::rocketkv_mt, 1024, DocumentHome::host)).code ==
          Code::GPU_UNSUPPORTED);
    // What is proposed where memory lacks is nothing that would be refused.
    const Status tight =
        plan_of(160, 16, 4, gpu(10 * 1024 * MiB, 64 * 1024 * MiB), question_on(100'000, Mode::full, 1024));
    if (CHECK(tight.code == Code::GPU_OOM && tight.shortage)) {
        CHECK(!tight.shortage->smaller.empty());
        for (const SmallerPlan & smaller : tight.shortage->smaller) CHECK(smaller.request.mode == Mode::full);
    }
    PlanRequest by_chance    = rocket;
    by_chance.rocket.pooling = Pooling::random;
    CHECK(plan_of(128, 32, 8, device, by_chance).code == Code::INVALID_ARGUMENT);
    CHECK(plan_of(128, 32, 8, cpu(64 * 1024 * MiB), by_chance).ok());
}

// In mode rocketkv the chat's compact cache is what the next one is made from: both are in the plan.
void test_own_history_is_planned() {
    const HyperParams  p      = shape_8b();
    const DeviceTraits device = gpu(40 * 1024 * MiB, 64 * 1024 * MiB);
    PlanRequest        r      = question_on(100'000, Mode::rocketkv, 4096);
    MemoryPlan         without, with;
    CHECK(memory_plan({p, WEIGHTS, device}, r, without).ok());
    r.own_history = 700 * MiB;
    CHECK(memory_plan({p, WEIGHTS, device}, r, with).ok());
    CHECK(with.total() == without.total() + 700 * MiB && with.device_total() == without.device_total() + 700 * MiB);
}

// Every thread holds blocks of a tile's attention and scores of stage 1: the plan counts as many threads as the engine
// has.
void test_threads_are_planned() {
    TinyModelOptions options;
    options.seed = check::seed();
    TinyModel  model(options);
    MemoryPlan plans[3];
    for (int n_threads = 1; n_threads <= 3; n_threads++) {
        std::unique_ptr<Engine> engine;
        CHECK(Engine::open({model.path(), {GGML_BINS, n_threads}}, engine).ok());
        CHECK(engine->n_threads() == n_threads);
        CHECK(engine->plan(question_on(3000, Mode::rocketkv_mt, 256), plans[n_threads - 1]).ok());
    }
    const int         group = options.n_head / options.n_head_kv;
    const Stage1Sizes one =
        stage1_sizes(3040, plans[0].budgets.window, group, options.n_embd / options.n_head, plans[0].budgets.kernel);
    const size_t tile = size_t(tile_scratch_floats(options.n_embd / options.n_head, group)) * sizeof(float);
    CHECK(one.bytes() > 0 && tile > 0);
    // Of several threads each has a tile's blocks twice: for tiles that all share, and for tiles of its own.
    CHECK(plans[1].activations == plans[0].activations + one.bytes() + (2 * 2 - 1) * tile);
    CHECK(plans[2].activations == plans[0].activations + 2 * one.bytes() + (2 * 3 - 1) * tile);
}

// Pages from the system: zero, writable to the last byte, moved without a copy, given back; more than there is is no
// crash.
void test_host_pages() {
    for (size_t bytes : {size_t(0), size_t(1), size_t(4096), size_t(4097), 3 * MiB + 5, 200 * MiB + 1}) {
        HostPages pages, other;
        CHECK(HostPages::allocate(bytes, pages) && pages.bytes() == bytes);
        CHECK(HostPages::allocate(10, other));
        CHECK(std::all_of(pages.data(), pages.data() + bytes, [](uint8_t byte) { return byte == 0; }));
        if (bytes > 0) pages.data()[bytes - 1] = 7;
        const uint8_t * data = pages.data();
        other                = std::move(pages);
        CHECK(other.data() == data && other.bytes() == bytes && (bytes == 0 || other.data()[bytes - 1] == 7));
        const HostPages third(std::move(other));
        CHECK(third.data() == data && other.data() == nullptr && other.bytes() == 0);
    }
    HostPages none;
    CHECK(!HostPages::allocate(size_t(1) << 47, none) && none.data() == nullptr && none.bytes() == 0);
}

}  // namespace

int main() {
    test_host_pages();
    test_every_size();
    test_order();
    test_failed_allocation();
    test_heads_of_a_gpu();
    test_session_goes_on();
    test_last_cache_makes_room();
    test_own_history_is_planned();
    test_threads_are_planned();
    return check::report();
}
