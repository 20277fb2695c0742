#include "host_memory.h"

#include "../open_file.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <cstdio>
#include <limits>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#ifdef _WIN32
#include <windows.h>
#elif defined(__APPLE__)
#include <mach/mach.h>
#include <sys/mman.h>
#include <sys/sysctl.h>
#else
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace rocketdoc {

#ifdef _WIN32
int64_t host_memory_available() {
    MEMORYSTATUSEX status;
    status.dwLength = sizeof(status);
    return GlobalMemoryStatusEx(&status) ? int64_t(status.ullAvailPhys) : std::numeric_limits<int64_t>::max();
}
#elif defined(__APPLE__)
int64_t host_memory_available() {
    vm_statistics64_data_t stats;
    mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
    if (host_statistics64(mach_host_self(), HOST_VM_INFO64, reinterpret_cast<host_info64_t>(&stats), &count) !=
        KERN_SUCCESS) {
        return std::numeric_limits<int64_t>::max();
    }
    return int64_t(stats.free_count + stats.inactive_count + stats.purgeable_count) * int64_t(vm_kernel_page_size);
}
#else
namespace {

int64_t read_number(const char * path) {
    const FilePtr file  = open_to_read(path);
    long long     value = -1;
    return file && std::fscanf(file.get(), "%lld", &value) == 1 ? value : -1;  // "max", and no file: no limit
}

int64_t meminfo_available() {
    const FilePtr file = open_to_read("/proc/meminfo");
    char          line[256];
    long long     kib = 0;
    while (file && std::fgets(line, sizeof(line), file.get())) {
        if (std::sscanf(line, "MemAvailable: %lld", &kib) == 1) return kib * 1024;
    }
    return std::numeric_limits<int64_t>::max();
}

int64_t address_space_used() { return std::max<int64_t>(0, read_number("/proc/self/statm")) * sysconf(_SC_PAGESIZE); }

}  // namespace

int64_t host_memory_available() {
    int64_t available = meminfo_available();
    rlimit  limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        available = std::min(available, int64_t(limit.rlim_cur) - address_space_used());
    }
    int64_t group_max = read_number("/sys/fs/cgroup/memory.max"),
            group_now = read_number("/sys/fs/cgroup/memory.current");
    if (group_max > 0 && group_now >= 0) available = std::min(available, group_max - group_now);
    return std::max<int64_t>(0, available);
}
#endif

void give_back_freed_memory() {
#ifdef __GLIBC__
    constexpr int LARGE = 512 << 10;
    mallopt(M_MMAP_THRESHOLD, LARGE);
#endif
}

namespace {

#ifdef _WIN32
void * map_pages(size_t bytes) { return VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE); }
void   unmap_pages(void * data, size_t) { VirtualFree(data, 0, MEM_RELEASE); }
#else
void * map_pages(size_t bytes) {
    void * data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) return nullptr;
#ifdef MADV_HUGEPAGE
    madvise(data, bytes, MADV_HUGEPAGE);  // a wish: without it they are small pages
#endif
    return data;
}
void unmap_pages(void * data, size_t bytes) { munmap(data, bytes); }
#endif

// Writes to every page; a thread for each 64 MiB, eight at most: sixteen were hardly faster.
void touch_pages(uint8_t * data, size_t bytes) {
    constexpr size_t PAGE = 4096, PART = size_t(64) << 20, MOST = 8;
    const size_t     n_parts = std::clamp<size_t>(
        bytes / PART, 1, std::min<size_t>(MOST, std::max<unsigned>(1, std::thread::hardware_concurrency())));
    const size_t part  = bytes / n_parts / PAGE * PAGE;
    const auto   touch = [=](size_t i) {
        const size_t end = i + 1 == n_parts ? bytes : (i + 1) * part;
        for (size_t at = i * part; at < end; at += PAGE) data[at] = 0;
    };
    std::vector<std::thread> others;
    others.reserve(n_parts);
    for (size_t i = 1; i < n_parts; i++) {
        try {
            others.emplace_back(touch, i);
        } catch (const std::system_error &) {  // no thread to be had
            touch(i);
        }
    }
    touch(0);
    for (std::thread & other : others) other.join();
}

}  // namespace

bool HostPages::allocate(size_t bytes, HostPages & out) {
    out = {};
    if (bytes == 0) return true;
    out.data_ = static_cast<uint8_t *>(map_pages(bytes));
    if (!out.data_) return false;
    out.bytes_ = bytes;
    touch_pages(out.data_, bytes);
    return true;
}

void HostPages::release() {
    if (data_) unmap_pages(data_, bytes_);
    data_  = nullptr;
    bytes_ = 0;
}

}  // namespace rocketdoc
