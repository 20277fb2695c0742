# ggml arrives prebuilt with node-llama-cpp; its headers lie in the llama.cpp source bundle inside the same package.
# Sets: target ggml_base (imported), GGML_PINNED_VERSION. Fails when library and headers are not the pinned release.
set(GGML_PINNED_RELEASE "v0.4.0")   # llama.cpp release of node-llama-cpp 3.21.1
set(GGML_PINNED_VERSION "0.23.0")   # ggml inside it

set(ROCKETDOC_MODULES "${CMAKE_CURRENT_SOURCE_DIR}/../node_modules" CACHE PATH "node_modules that hold node-llama-cpp")

if(WIN32)
  set(GGML_PLATFORM win-x64)
elseif(APPLE)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "arm64|aarch64")
    set(GGML_PLATFORM mac-arm64-metal)
  else()
    set(GGML_PLATFORM mac-x64)
  endif()
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(GGML_PLATFORM linux-arm64)
else()
  set(GGML_PLATFORM linux-x64)
endif()
set(GGML_BINS_RELATIVE "@node-llama-cpp/${GGML_PLATFORM}/bins/${GGML_PLATFORM}")
set(GGML_BINS "${ROCKETDOC_MODULES}/${GGML_BINS_RELATIVE}")

if(NOT EXISTS "${GGML_BINS}/_nlcBuildMetadata.json")
  message(FATAL_ERROR "The prebuilt ggml libraries are not at ${GGML_BINS}. Run npm ci first.")
endif()
file(READ "${GGML_BINS}/_nlcBuildMetadata.json" GGML_METADATA)
string(JSON GGML_FOUND_RELEASE GET "${GGML_METADATA}" buildOptions llamaCpp release)
if(NOT GGML_FOUND_RELEASE STREQUAL GGML_PINNED_RELEASE)
  message(FATAL_ERROR "RocketDoc is written for llama.cpp ${GGML_PINNED_RELEASE}; node-llama-cpp brings ${GGML_FOUND_RELEASE}. "
                      "Install the pinned version (npm ci), or move the pin after running the tests.")
endif()

set(GGML_SOURCE "${CMAKE_BINARY_DIR}/ggml-headers")
if(NOT EXISTS "${GGML_SOURCE}/ggml/include/ggml.h" OR NOT EXISTS "${GGML_SOURCE}/include/llama.h"
   OR NOT EXISTS "${GGML_SOURCE}/ggml/src/ggml-backend-impl.h")
  find_package(Git REQUIRED)
  set(GGML_BUNDLE "${ROCKETDOC_MODULES}/node-llama-cpp/llama/gitRelease.bundle")
  file(REMOVE_RECURSE "${GGML_SOURCE}")
  execute_process(COMMAND ${GIT_EXECUTABLE} clone -q --no-checkout "${GGML_BUNDLE}" "${GGML_SOURCE}"
                  RESULT_VARIABLE GGML_CLONE ERROR_VARIABLE GGML_CLONE_ERROR OUTPUT_QUIET)
  if(GGML_CLONE EQUAL 0)
    execute_process(COMMAND ${GIT_EXECUTABLE} -C "${GGML_SOURCE}" checkout -q HEAD -- ggml/include include ggml/CMakeLists.txt
                            ggml/src/ggml-backend-impl.h
                    RESULT_VARIABLE GGML_CLONE ERROR_VARIABLE GGML_CLONE_ERROR)
  endif()
  if(NOT GGML_CLONE EQUAL 0)
    message(FATAL_ERROR "Could not take ggml's headers from ${GGML_BUNDLE}: ${GGML_CLONE_ERROR}")
  endif()
endif()
file(STRINGS "${GGML_SOURCE}/ggml/CMakeLists.txt" GGML_VERSION_LINES REGEX "^set\\(GGML_VERSION_(MAJOR|MINOR|PATCH) ")
string(REGEX REPLACE "[^0-9;]" "" GGML_VERSION_LIST "${GGML_VERSION_LINES}")
string(REPLACE ";" "." GGML_FOUND_VERSION "${GGML_VERSION_LIST}")
if(NOT GGML_FOUND_VERSION STREQUAL GGML_PINNED_VERSION)
  message(FATAL_ERROR "The bundled headers are ggml ${GGML_FOUND_VERSION}, the pinned version is ${GGML_PINNED_VERSION}.")
endif()

add_library(ggml_base SHARED IMPORTED)
if(WIN32)
  # The package brings no import library: it is made of the names in ggml's headers. Those that other libraries of ggml export lie in it
  # unused.
  file(GLOB GGML_HEADERS "${GGML_SOURCE}/ggml/include/*.h")
  set(GGML_NAMES "")
  foreach(header ${GGML_HEADERS})
    file(READ "${header}" GGML_HEADER)
    string(REGEX MATCHALL "g(gml|guf)_[a-z0-9_]+ *\\(" GGML_FOUND "${GGML_HEADER}")
    list(APPEND GGML_NAMES ${GGML_FOUND})
  endforeach()
  list(TRANSFORM GGML_NAMES REPLACE " *\\(" "")
  list(REMOVE_DUPLICATES GGML_NAMES)
  list(JOIN GGML_NAMES "\n" GGML_NAMES)
  set(GGML_DEF "${CMAKE_BINARY_DIR}/ggml-base.def")
  set(GGML_IMPLIB "${CMAKE_BINARY_DIR}/ggml-base.lib")
  file(WRITE "${GGML_DEF}" "LIBRARY ggml-base.dll\nEXPORTS\n${GGML_NAMES}\n")
  if(MSVC)
    execute_process(COMMAND ${CMAKE_AR} /nologo /machine:x64 /def:${GGML_DEF} /out:${GGML_IMPLIB} COMMAND_ERROR_IS_FATAL ANY)
  else()
    execute_process(COMMAND ${CMAKE_DLLTOOL} -d ${GGML_DEF} -l ${GGML_IMPLIB} COMMAND_ERROR_IS_FATAL ANY)
  endif()
  set_target_properties(ggml_base PROPERTIES IMPORTED_LOCATION "${GGML_BINS}/ggml-base.dll" IMPORTED_IMPLIB "${GGML_IMPLIB}")
elseif(APPLE)
  set_target_properties(ggml_base PROPERTIES IMPORTED_LOCATION "${GGML_BINS}/libggml-base.dylib")
else()
  set_target_properties(ggml_base PROPERTIES IMPORTED_LOCATION "${GGML_BINS}/libggml-base.so" IMPORTED_SONAME libggml-base.so)
endif()
set_target_properties(ggml_base PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${GGML_SOURCE}/ggml/include"
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${GGML_SOURCE}/ggml/include"
  INTERFACE_COMPILE_DEFINITIONS "GGML_SHARED;GGML_BACKEND_SHARED")
