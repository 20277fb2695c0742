// RAM: what this machine can still give, so that a plan is refused before anything is allocated, and large pieces of
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace rocketdoc {

// Bytes that can be allocated now: free memory, and any limit on this process or its control group.
int64_t host_memory_available();

// For a whole process, before anything large is allocated: large pieces that are freed go back to the system at once,
// whichever thread frees them. glibc by itself begins to keep ever larger ones, in as many arenas as threads have
// asked, and a process that opens and closes documents grows although it holds no more.
void give_back_freed_memory();

// Memory straight from the system, filled with zeros. Large pages are used where the system offers them. Several
// threads write to every page beforehand: so tens of gigabytes are ready in one or two seconds, where the page faults
// of one thread take ten.
class HostPages {
  public:
    HostPages() = default;
    ~HostPages() { release(); }
    HostPages(HostPages && other) noexcept
        : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    HostPages & operator=(HostPages && other) noexcept {
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }

    // False when the system has not so many; `out` is empty then.
    static bool allocate(size_t bytes, HostPages & out);

    uint8_t * data() const { return data_; }
    size_t    bytes() const { return bytes_; }

  private:
    void release();

    uint8_t * data_  = nullptr;
    size_t    bytes_ = 0;
};

}  // namespace rocketdoc
