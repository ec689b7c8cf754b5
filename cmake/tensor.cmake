# The loops over elements are what the vectoriser is for. They are the largest part of a build: with their line numbers alone in the debug
# information it takes a tenth less.
file(GLOB TENSOR_LOOPS CONFIGURE_DEPENDS src/tensor/kernels*.c src/tensor/reduce_into.c src/tensor/radix.c src/tensor/vexp.c
  src/tensor/random.c src/tensor/product.c)
set_source_files_properties(${TENSOR_LOOPS} PROPERTIES COMPILE_OPTIONS "-O3;-g1")
