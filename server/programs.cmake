# The programs. Each block needs the libraries it links.

if(TARGET colonnade_onnx AND TARGET colonnade_artifact)
  add_executable(colonnade-inspect inspect_main.cc convert_artifact.cc model_report.cc)
  target_link_libraries(colonnade-inspect PRIVATE colonnade_onnx colonnade_artifact)
endif()

if(TARGET colonnade_pipeline AND TARGET colonnade_sealed)
  add_executable(colonnade-worker worker_main.cc)
  target_link_libraries(colonnade-worker PRIVATE colonnade_pipeline)
endif()

# What the daemon needs that needs nothing above base.
find_package(CLI11 QUIET)
find_package(yaml-cpp REQUIRED)
find_package(prometheus-cpp REQUIRED)
add_library(colonnade_daemon_base STATIC config.cc config_sources.cc daemon_metrics.cc harden_process.cc
            state_folder.cc)
target_include_directories(colonnade_daemon_base PUBLIC ${PROJECT_SOURCE_DIR})
target_compile_definitions(colonnade_daemon_base PUBLIC COLONNADE_VERSION="${PROJECT_VERSION}")
target_link_libraries(colonnade_daemon_base PUBLIC colonnade_base prometheus-cpp::pull PRIVATE yaml-cpp)

if(TARGET colonnade_rpc)
  add_library(colonnade_daemon STATIC daemon.cc system_status.cc)
  target_link_libraries(colonnade_daemon PUBLIC colonnade_daemon_base colonnade_rpc spdlog::spdlog)
  add_executable(colonnaded main.cc)
  target_link_libraries(colonnaded PRIVATE colonnade_daemon)
endif()

# Trains deploy/models/digits.onnx; not needed to run anything.
if(TARGET colonnade_training AND TARGET colonnade_onnx)
  find_package(ZLIB REQUIRED)
  set(models ${PROJECT_SOURCE_DIR}/deploy/models)
  add_library(colonnade_digits STATIC EXCLUDE_FROM_ALL ${models}/digits.cc ${models}/small_cnn.cc)
  target_link_libraries(colonnade_digits PUBLIC colonnade_training PRIVATE ZLIB::ZLIB)
  add_executable(colonnade-train-digits ${models}/train_digits.cc)
  target_link_libraries(colonnade-train-digits PRIVATE colonnade_digits colonnade_onnx CLI11::CLI11)
endif()
