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
