// A document's KV rows on disk: what was read need not be read again. The header says whose rows they are; a reader
// knows what it wants beforehand and takes nothing from the file to size anything by. A file is whole under its name or
// not there.
//
//   magic, 8 bytes; version, type, n_layer, n_head, head_dim, n_tokens, model: u64 each; checksum of all these, u64;
//   n_head, head_dim: of the first layer
//   the tokens, i32 [n_tokens]; their checksum, u64
//   per layer: K rows, then V rows, [its n_head, n, its head_dim] of `type` each; their checksum, u64. n: as many as
//   the layer keeps of n_tokens, the last ones; 0 where it keeps none
//   where layers are recurrent: a StateSnapshot; its checksum, u64
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../open_file.h"
#include "kv_rows.h"
#include "layer_states.h"

namespace rocketdoc {

// Bytes of a whole file. state_bytes: of a StateSnapshot.
uint64_t kv_file_bytes(const KvShape & shape, int64_t n_tokens, size_t state_bytes);

// Whose rows: another model, cache type or text is another document.
struct KvFileKey {
    uint64_t             model = 0;  // Model::fingerprint
    KvShape              shape;
    std::vector<int32_t> tokens;
    size_t               state_bytes = 0;

    int64_t  n_tokens() const { return int64_t(tokens.size()); }
    uint64_t file_bytes() const { return kv_file_bytes(shape, n_tokens(), state_bytes); }
};

// Writes in parts, so that others may use the engine between them. Let go of before its end it removes what it wrote.
class KvFileWriter {
  public:
    // states: at the end of the key's tokens.
    static Status begin(const std::string & path, KvFileKey key, StateSnapshot states,
                        std::unique_ptr<KvFileWriter> & out);
    ~KvFileWriter();

    // About `most` bytes further, on the disk when this returns. `rows` holds the key's tokens from row 0 on. After the
    // last part the file has its name. DISK_FULL, IO: nothing is left of it.
    Status write_part(const KvRows & rows, uint64_t most, bool & done);

    const std::string & path() const { return path_; }

  private:
    Status put(const void * data, size_t bytes);
    Status write_run(const KvRows & rows);
    Status write_states();
    Status flush();
    Status finish();

    std::string          path_;
    std::string          part_;  // the name until it is whole
    KvFileKey            key_;
    StateSnapshot        states_;
    FilePtr              file_;
    std::vector<uint8_t> buffer_;
    uint64_t             written_        = 0;
    uint64_t             layer_checksum_ = 0;
    int64_t              layer_          = 0;  // whose run comes next: K or V of a head
    int64_t              run_            = 0;  // of its 2 * n_head
};

class KvFileReader {
  public:
    // Checks everything but the rows. KV_MISMATCH: of something else, or another version's; KV_CORRUPT: not what was
    // written; IO: not there, or unreadable. Each means: read the document.
    static Status open(const std::string & path, const KvFileKey & key, KvFileReader & out);
    // Into rows [0, n_tokens); they count only when this succeeds. Layers are read by several threads: one alone is
    // slower than a good disk. progress is called by the calling thread.
    Status read_rows(KvRows & rows, const std::atomic<bool> * cancel,
                     const std::function<void(int64_t done)> & progress);
    // Null where no layer is recurrent.
    Status read_states(StateSnapshot & out);

  private:
    Status read_layer(std::FILE * file, int64_t layer, KvRows & rows, const std::atomic<bool> * cancel) const;

    FilePtr     file_;
    std::string path_;
    KvShape     shape_;
    int64_t     n_tokens_    = 0;
    size_t      state_bytes_ = 0;
};

}  // namespace rocketdoc
