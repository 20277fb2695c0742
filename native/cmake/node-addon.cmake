# node_addon(<name> <source>...): <name>.node, which node loads, with all of binding/.
function(node_addon name)
  add_library(${name} SHARED ${ARGN} ${CMAKE_JS_SRC})
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".node")
  target_link_libraries(${name} PRIVATE binding ${CMAKE_JS_LIB})
  # libggml-base lies in node-llama-cpp's package, at the same place relative to the addon in a checkout and in the packed app.
  if(APPLE)
    set_target_properties(${name} PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "@loader_path/../../../node_modules/${GGML_BINS_RELATIVE}")
    target_link_options(${name} PRIVATE -undefined dynamic_lookup)
  elseif(NOT WIN32)
    set_target_properties(${name} PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/../../../node_modules/${GGML_BINS_RELATIVE}")
  endif()
endfunction()

# Visual Studio: the library of node's names is made of their list.
if(MSVC AND CMAKE_JS_NODELIB_DEF AND CMAKE_JS_NODELIB_TARGET)
  execute_process(COMMAND ${CMAKE_AR} /def:${CMAKE_JS_NODELIB_DEF} /out:${CMAKE_JS_NODELIB_TARGET} ${CMAKE_STATIC_LINKER_FLAGS})
endif()
