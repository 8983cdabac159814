# Each header compiles alone, and twice: one translation unit per header, built by the
# ctest entry lint_headers. Needs no optimization, and no second run under sanitizers.
# Fixtures in tests/unit belong to one program, whose definitions some of them need.
if(COLONNADE_SANITIZE)
  return()
endif()

file(GLOB_RECURSE headers RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/server/*.h ${PROJECT_SOURCE_DIR}/client/*.h ${PROJECT_SOURCE_DIR}/tests/support/*.h
     ${PROJECT_SOURCE_DIR}/deploy/*.h)
foreach(header IN LISTS headers)
  set(unit ${CMAKE_CURRENT_BINARY_DIR}/headers/${header}.cc)
  file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"@header@\"\n#include \"@header@\"\n" @ONLY)
  list(APPEND units ${unit})
endforeach()

find_package(ONNX REQUIRED CONFIG)
add_library(header_check OBJECT EXCLUDE_FROM_ALL ${units})
target_compile_options(header_check PRIVATE -O0 -g0)
target_include_directories(header_check PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/client/include
                           $<TARGET_PROPERTY:onnx_proto,INTERFACE_INCLUDE_DIRECTORIES>)
target_compile_definitions(header_check PRIVATE $<TARGET_PROPERTY:onnx_proto,INTERFACE_COMPILE_DEFINITIONS>)
# Generated headers must be there first.
add_dependencies(header_check colonnade_grpc)
target_include_directories(header_check SYSTEM PRIVATE $<TARGET_PROPERTY:colonnade_proto,INTERFACE_INCLUDE_DIRECTORIES>)

add_test(NAME lint_headers COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR} --target header_check)
set_tests_properties(lint_headers PROPERTIES RUN_SERIAL ON)
