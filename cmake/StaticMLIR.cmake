# Static mode. The wheel's MLIR archives name the shared target "LLVM" in their
# link interface; put the few static components that the core dialects use
# there instead. Missing one would load both copies, which aborts with "pass
# registered multiple times".

set(LLVM_LINK_LLVM_DYLIB OFF)
set(_static_llvm LLVMSupport LLVMCore LLVMRemarks LLVMTargetParser)

foreach(_target ${MLIR_EXPORTED_TARGETS})
  if(TARGET ${_target})
    foreach(_property INTERFACE_LINK_LIBRARIES MLIR_AGGREGATE_DEP_LIBS_IMPORTED)
      get_target_property(_value ${_target} ${_property})
      if(_value)
        set(_before "${_value}")
        list(REMOVE_ITEM _value LLVM "\$<LINK_ONLY:LLVM>")
        if(NOT _before STREQUAL _value)
          list(APPEND _value ${_static_llvm})
          set_target_properties(${_target} PROPERTIES ${_property} "${_value}")
        endif()
      endif()
    endforeach()
  endif()
endforeach()
