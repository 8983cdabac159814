# The programs. Each block needs the libraries it links.

if(TARGET colonnade_onnx AND TARGET colonnade_proto)
  add_executable(colonnade-inspect inspect_main.cc model_report.cc)
  target_link_libraries(colonnade-inspect PRIVATE colonnade_onnx colonnade_proto)
endif()
