# colonnade_models(LIBRARY TOP PREFIX HEADER MACRO OPTIMIZE -O1 MODELS m... SOURCES s... [NAMES p...] [ARGUMENTS a...]
# [LISTED n...]): a library of Verilated models of module TOP, one for each m, which has the numbers of the first
# parameters of p in it, such as 4x4a8i4w2; without p, of the array's. HEADER defines MACRO(MODEL):
# MODEL(PREFIX_m, its numbers, n...) for each.
function(colonnade_models library top prefix header macro)
  cmake_parse_arguments(ARG "" OPTIMIZE "MODELS;SOURCES;NAMES;ARGUMENTS;LISTED" ${ARGN})
  if(NOT ARG_NAMES)
    set(ARG_NAMES ROWS COLUMNS ALPHA INTERLEAVE WEIGHT_BUFFERS FEED_RULE CHANNELS)
  endif()
  add_library(${library} STATIC EXCLUDE_FROM_ALL)
  foreach(model IN LISTS ARG_MODELS)
    string(REGEX MATCHALL "[0-9]+" numbers ${model})
    set(parameters "")
    foreach(name number IN ZIP_LISTS ARG_NAMES numbers)
      if(DEFINED number)
        list(APPEND parameters -G${name}=${number})
      endif()
    endforeach()
    verilate(${library}
             SOURCES ${PROJECT_SOURCE_DIR}/server/rtl/waivers.vlt ${ARG_SOURCES}
             TOP_MODULE ${top}
             PREFIX ${prefix}_${model}
             VERILATOR_ARGS -Wall -O3 --x-assign fast --x-initial unique ${parameters} ${ARG_ARGUMENTS})
    list(APPEND numbers ${ARG_LISTED})
    list(JOIN numbers ", " numbers)
    string(APPEND list " \\\n  MODEL(${prefix}_${model}, ${numbers})")
    string(APPEND includes "#include \"${prefix}_${model}.h\"\n")
  endforeach()
  file(CONFIGURE OUTPUT ${header} CONTENT "${includes}\n#define ${macro}(MODEL)${list}\n")
  # Generated code answers to Verilator, not to our warnings.
  target_compile_options(${library} PRIVATE -w ${ARG_OPTIMIZE})
  get_target_property(directories ${library} INCLUDE_DIRECTORIES)
  target_include_directories(${library} SYSTEM INTERFACE ${directories})
endfunction()

# colonnade_mutant(PROGRAM TESTS LIBRARY SOURCE MODELS): the program of the tests, linked to a shared library of the
# devices of SOURCE without any model. mutate.py and netlist.py put a library of models of other sources before it.
# MODELS is what colonnade_models() made, with MODELS.h and, in capitals, the macro.
function(colonnade_mutant program tests library source models)
  string(TOUPPER ${models} macro)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/none/${models}.h CONTENT "#define ${macro}(MODEL)\n")
  get_target_property(directories ${models} INCLUDE_DIRECTORIES)
  add_library(${library} SHARED ${source})
  target_include_directories(${library} PRIVATE ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR}/none)
  target_include_directories(${library} SYSTEM PRIVATE ${directories})
  target_compile_options(${library} PRIVATE -Wno-unused-parameter)
  add_executable(${program})
  target_link_libraries(${program} PRIVATE ${tests} ${library})
  set_target_properties(${program} PROPERTIES SKIP_BUILD_RPATH ON LINKER_LANGUAGE CXX)
endfunction()

# What mutate.py and netlist.py are called with behind the core and its program.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(planting --compiler ${CMAKE_CXX_COMPILER} --include ${VERILATOR_ROOT}/include ${VERILATOR_ROOT}/include/vltstd)

# colonnade_mutations(TEST CORE PROGRAM): the tests on copies of the core with bugs.
function(colonnade_mutations test core program)
  add_test(NAME ${test} COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/tests/rtl/mutate.py
                                ${core} $<TARGET_FILE:${program}> ${planting})
  set_tests_properties(${test} PROPERTIES LABELS long TIMEOUT 3600)
endfunction()
