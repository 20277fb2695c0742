#include "dynamic_library.h"

#include "../open_file.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace rocketdoc {

#ifdef _WIN32
void * open_library(const std::string & path, std::string & error) {
    // What it needs lies beside it, not beside the program.
    const std::wstring file = path_from_utf8(path).make_preferred().wstring();
    void * library = reinterpret_cast<void *>(LoadLibraryExW(file.c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH));
    if (!library) error = "error " + std::to_string(GetLastError());
    return library;
}
void * find_symbol(void * library, const char * name) {
    return reinterpret_cast<void *>(GetProcAddress(reinterpret_cast<HMODULE>(library), name));
}
void close_library(void * library) { FreeLibrary(reinterpret_cast<HMODULE>(library)); }
#else
void * open_library(const std::string & path, std::string & error) {
    void * library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) error = dlerror();
    return library;
}
void * find_symbol(void * library, const char * name) { return dlsym(library, name); }
void   close_library(void * library) { dlclose(library); }
#endif

}  // namespace rocketdoc
