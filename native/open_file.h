// The only place that opens files and turns paths into the system's. Paths are UTF-8 everywhere in this project;
// Windows wants UTF-16, whatever its code page. A check in lint keeps other files from opening any.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "status.h"

namespace rocketdoc {

std::filesystem::path path_from_utf8(const std::string & utf8);
std::string           utf8_from_path(const std::filesystem::path & path);

struct CloseFile {
    void operator()(std::FILE * file) const { std::fclose(file); }
};
using FilePtr = std::unique_ptr<std::FILE, CloseFile>;

// Each is null when it fails; errno says why.
FilePtr open_to_read(const std::string & path);
FilePtr open_to_append(const std::string & path);
// A new file that only this user can read. What had its name is removed first, so that nothing is written through a
// link.
FilePtr create_private(const std::string & path);

// To a byte of the file, beyond 2 GB too.
bool seek_to(std::FILE * file, uint64_t at);

// What was written is on the disk.
bool sync_to_disk(std::FILE * file);
// Waits until a new name in a folder is on the disk. Some file systems cannot: after a crash the name may be missing.
void sync_folder(const std::string & folder);

// A read-only mapping of a whole file. Move-only.
class FileMapping {
  public:
    FileMapping() = default;
    ~FileMapping();
    FileMapping(FileMapping && other) noexcept { *this = std::move(other); }
    FileMapping & operator=(FileMapping && other) noexcept;

    // MODEL_MISSING, MODEL_FORMAT (empty), HOST_OOM.
    static Status open(const std::string & path, FileMapping & out);

    const uint8_t * data() const { return data_; }
    size_t          size() const { return size_; }

  private:
    const uint8_t * data_ = nullptr;
    size_t          size_ = 0;
};

}  // namespace rocketdoc
