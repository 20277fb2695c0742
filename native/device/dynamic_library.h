// Libraries loaded while the program runs, on every system. What is opened stays open for the life of the process
// unless closed.
#pragma once

#include <string>

namespace rocketdoc {

// Null with the reason in `error`.
void * open_library(const std::string & path, std::string & error);
void * find_symbol(void * library, const char * name);
void   close_library(void * library);

}  // namespace rocketdoc
