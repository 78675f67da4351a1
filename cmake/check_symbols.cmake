# Fails where an object file of a kernel defines code under a name that another file may define too.
#
# What is compiled for AVX-512 must not be linked into code that runs everywhere. The linker keeps one copy of each
# inline function or template, whichever it meets first; so all that kernels/ compiles lies in the namespace of its
# instruction set, and nothing of the standard library that has code is used there.
#
#   cmake -DNM=nm -DISA=avx2 "-DOBJECTS=a.o;b.o" -P check_symbols.cmake

execute_process(COMMAND ${NM} -P --defined-only ${OBJECTS} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+ [TWu] [^\n]*" symbols "${symbols}")  # code that other files see, or that they may share
string(LENGTH ${ISA} length)
list(FILTER symbols EXCLUDE REGEX "8fastinit[^ ]*${length}${ISA}")
if(symbols)
  list(TRANSFORM symbols REPLACE " .*" "")
  list(JOIN symbols "\n  " symbols)
  message(FATAL_ERROR "compiled for ${ISA}, but not in its namespace:\n  ${symbols}")
endif()
