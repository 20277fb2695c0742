#include "open_file.h"

#include <cerrno>
#include <utility>

#ifdef _WIN32
#include <io.h>
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace rocketdoc {

std::filesystem::path path_from_utf8(const std::string & utf8) {
    return std::filesystem::path(std::u8string(utf8.begin(), utf8.end()));
}

std::string utf8_from_path(const std::filesystem::path & path) {
    const std::u8string utf8 = path.u8string();
    return std::string(utf8.begin(), utf8.end());
}

FileMapping & FileMapping::operator=(FileMapping && other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

#ifdef _WIN32

FilePtr open_to_read(const std::string & path) { return FilePtr(_wfopen(path_from_utf8(path).c_str(), L"rb")); }
FilePtr open_to_append(const std::string & path) { return FilePtr(_wfopen(path_from_utf8(path).c_str(), L"ab")); }
FilePtr create_private(const std::string & path) { return FilePtr(_wfopen(path_from_utf8(path).c_str(), L"wb")); }

bool seek_to(std::FILE * file, uint64_t at) { return _fseeki64(file, int64_t(at), SEEK_SET) == 0; }
bool sync_to_disk(std::FILE * file) { return _commit(_fileno(file)) == 0; }
void sync_folder(const std::string &) {}

Status FileMapping::open(const std::string & path, FileMapping & out) {
    HANDLE file = CreateFileW(path_from_utf8(path).c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                              FILE_ATTRIBUTE_NORMAL, nullptr);
    if (file == INVALID_HANDLE_VALUE) return Status::fail(Code::MODEL_MISSING, path + " cannot be opened.");
    LARGE_INTEGER size;
    if (!GetFileSizeEx(file, &size) || size.QuadPart <= 0) {
        CloseHandle(file);
        return Status::fail(Code::MODEL_FORMAT, path + " is empty.");
    }
    HANDLE mapping = CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr);
    void * address = mapping ? MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0) : nullptr;
    if (mapping) CloseHandle(mapping);
    CloseHandle(file);
    if (!address) return Status::fail(Code::HOST_OOM, path + " cannot be mapped into memory.");
    out.data_ = static_cast<const uint8_t *>(address);
    out.size_ = size_t(size.QuadPart);
    return Status::good();
}

FileMapping::~FileMapping() {
    if (data_) UnmapViewOfFile(data_);
}

#else

FilePtr open_to_read(const std::string & path) { return FilePtr(std::fopen(path.c_str(), "rbe")); }
FilePtr open_to_append(const std::string & path) { return FilePtr(std::fopen(path.c_str(), "abe")); }

FilePtr create_private(const std::string & path) {
    // What lies under this name may be a link.
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return nullptr;
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return nullptr;
    FilePtr file(::fdopen(fd, "wb"));
    if (!file) ::close(fd);
    return file;
}

bool seek_to(std::FILE * file, uint64_t at) { return fseeko(file, off_t(at), SEEK_SET) == 0; }
bool sync_to_disk(std::FILE * file) { return ::fsync(::fileno(file)) == 0; }

void sync_folder(const std::string & folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void) ::fsync(fd);
    ::close(fd);
}

Status FileMapping::open(const std::string & path, FileMapping & out) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return Status::fail(Code::MODEL_MISSING, path + " cannot be opened.");
    struct stat info;
    if (fstat(fd, &info) != 0 || info.st_size <= 0) {
        ::close(fd);
        return Status::fail(Code::MODEL_FORMAT, path + " is empty.");
    }
    void * address = mmap(nullptr, size_t(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    ::close(fd);
    if (address == MAP_FAILED) return Status::fail(Code::HOST_OOM, path + " cannot be mapped into memory.");
    out.data_ = static_cast<const uint8_t *>(address);
    out.size_ = size_t(info.st_size);
    return Status::good();
}

FileMapping::~FileMapping() {
    if (data_) munmap(const_cast<uint8_t *>(data_), size_);
}

#endif

}  // namespace rocketdoc
