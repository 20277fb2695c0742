// The KV rows that the chats of a document share: the document's own rows, and behind them those of one chat at a time.
// The rows of the other chats wait in host memory. Only the thread that computes changes anything here; what is marked
// "any thread" may be asked meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "layer_states.h"
#include "memory_plan.h"
#include "model.h"

namespace rocketdoc {

// What a reading is likely to work in; its own segment and tile come later, with Document::read().
constexpr int64_t READING_SEGMENT = 8192;
constexpr int64_t READING_TILE    = 512;

class ChatRows;

class DocumentRows {
  public:
    // Nothing is allocated before the first reserve(). `model` and `device` outlive this.
    DocumentRows(const Model & model, const Device & device, ggml_type type, DocumentHome home);

    // Room for n_total rows, the mounted chat's included, of which n_document are or will be the document's; more is
    // taken along for questions (document_capacity). GPU_OOM or HOST_OOM with the bytes needed: the rows are as they
    // were.
    Status reserve(int64_t n_document, int64_t n_total);
    // Rows [0, n_tokens) are the document's from now on, and these the states at its end.
    void set_end(int64_t n_tokens, StateSnapshot states) {
        n_tokens_ = n_tokens;
        states_   = std::move(states);
    }
    const StateSnapshot & states() const { return states_; }
    size_t                state_bytes() const { return state_bytes_; }  // any thread; of such a snapshot

    int64_t n_tokens() const { return n_tokens_; }    // any thread
    size_t  bytes() const { return bytes_; }          // any thread
    bool    on_device() const { return on_device_; }  // any thread; false before the first reserve()
    bool    has_chats() const { return n_chats_ > 0; }
    // As a plan counts them.
    HeldMemory held_memory() const;
    // Where the rows lie; before there are any, where they are wanted.
    DocumentHome    home() const;
    ggml_type       type() const { return shape_.type; }
    const KvShape & shape() const { return shape_; }
    // After a reserve() only.
    KvRows & kv() { return *rows_; }
    bool     is_allocated() const { return rows_ != nullptr; }

  private:
    friend class ChatRows;
    Status  allocate(int64_t n_total, const LayerCounts & capacity);
    int64_t n_live() const;  // the mounted chat's rows included

    const Model &           model_;
    const Device &          device_;
    const KvShape           shape_;
    const DocumentHome      wanted_home_;
    const size_t            state_bytes_;
    std::unique_ptr<KvRows> rows_;
    StateSnapshot           states_;
    ChatRows *              mounted_ = nullptr;  // whose rows lie behind the document's
    int                     n_chats_ = 0;
    std::atomic<int64_t>    n_tokens_{0};
    std::atomic<size_t>     bytes_{0};
    std::atomic<bool>       on_device_{false};
};

// One chat's rows behind the document's.
class ChatRows {
  public:
    explicit ChatRows(DocumentRows & document) : document_(document) { document_.n_chats_++; }
    ~ChatRows();
    ChatRows(const ChatRows &)             = delete;
    ChatRows & operator=(const ChatRows &) = delete;

    // This chat's rows come back behind the document's; those of the chat that was there are set aside.
    void mount();
    // Sets this chat's rows aside. No-op while another chat is mounted.
    void park();
    // The rows are no more.
    void drop();
    // How many rows count. Of a parked chat only as many as were parked.
    void    set_n_rows(int64_t n_rows) { n_rows_ = n_rows; }
    int64_t n_rows() const { return n_rows_; }

  private:
    friend class DocumentRows;
    DocumentRows &       document_;
    int64_t              n_rows_ = 0;
    std::vector<uint8_t> parked_;  // KvRows::copy_out of n_rows_ rows; empty while mounted
};

}  // namespace rocketdoc
