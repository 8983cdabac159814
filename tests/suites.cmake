# Suites beside the unit tests; each block stands for itself.

# Rules on includes, headers, text, links and what the daemon is linked with.
add_subdirectory(lint)

# Clients that others wrote, against the real programs.
add_subdirectory(conformance)

# The open flow for FPGAs, on small arrays.
add_subdirectory(fpga)
