# What the build links into the daemon, for daemon_links.py. A missing daemon fails the
# test, not the configuration.

# collect_links(target result): names of everything that `target` links, at any distance.
function(collect_links target result)
  set(seen ${target})
  set(open ${target})
  while(open)
    list(POP_FRONT open next)
    if(NOT TARGET ${next})
      continue()
    endif()
    get_target_property(direct ${next} LINK_LIBRARIES)
    get_target_property(interface ${next} INTERFACE_LINK_LIBRARIES)
    foreach(link IN LISTS direct interface)
      # $<LINK_ONLY:name> and the like wrap private dependencies of static libraries.
      string(REGEX REPLACE "\\$<[^:>]*:|>" "" link "${link}")
      if(link AND NOT link MATCHES "-NOTFOUND$" AND NOT link IN_LIST seen)
        list(APPEND seen ${link})
        list(APPEND open ${link})
      endif()
    endforeach()
  endwhile()
  set(${result} ${seen} PARENT_SCOPE)
endfunction()

set(linked)
if(TARGET colonnaded)
  collect_links(colonnaded linked)
endif()
list(JOIN linked "\n" lines)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/colonnaded_links.txt "${lines}\n")
add_test(NAME lint_daemon_links
         COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/daemon_links.py
                 ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/colonnaded ${CMAKE_CURRENT_BINARY_DIR}/colonnaded_links.txt)
