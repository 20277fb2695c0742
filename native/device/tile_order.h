// The tiles of a layer that are computed at once, each by a thread of its own: a tile attends to the rows of the tiles
// before it, so it says when its own rows are written and waits for theirs. Threads take tiles in their order, so the
// first that is not finished never waits.
#pragma once

#include <condition_variable>
#include <mutex>
#include <vector>

namespace rocketdoc {

class TileOrder {
  public:
    // A layer of n tiles begins, none of which is written.
    void begin(size_t n) {
        const std::lock_guard lock(mutex_);
        written_.assign(n, false);
        first_unwritten_ = 0;
        failed_          = false;
    }
    // The rows of this tile are in place. More than once is once.
    void set_written(size_t tile) {
        const std::lock_guard lock(mutex_);
        written_[tile] = true;
        while (first_unwritten_ < written_.size() && written_[first_unwritten_]) first_unwritten_++;
        changed_.notify_all();
    }
    // A tile failed or was cancelled: nobody waits for it.
    void set_failed() {
        const std::lock_guard lock(mutex_);
        failed_ = true;
        changed_.notify_all();
    }
    bool failed() {
        const std::lock_guard lock(mutex_);
        return failed_;
    }
    // Waits until all tiles before this one are written. False: one of them failed, and the layer is not wanted.
    bool wait_for_earlier(size_t tile) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return failed_ || first_unwritten_ >= tile; });
        return !failed_;
    }

  private:
    std::mutex              mutex_;
    std::condition_variable changed_;
    std::vector<bool>       written_;
    size_t                  first_unwritten_ = 0;
    bool                    failed_          = false;
};

}  // namespace rocketdoc
