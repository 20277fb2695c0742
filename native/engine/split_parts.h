// The files of a model that is split: "<name>-00001-of-00003.gguf" and so on, beside each other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../status.h"

namespace rocketdoc {

// All files of the model whose part `index` (from 0) of `count` is at `path`. Where `path` is a link they lie beside
// the link, or beside the file that it leads to. MODEL_FORMAT when the file has another name; MODEL_MISSING names the
// first part that is not there.
Status find_parts(const std::string & path, int64_t index, int64_t count, std::vector<std::string> & out);

}  // namespace rocketdoc
