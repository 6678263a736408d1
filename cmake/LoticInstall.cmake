# SPDX-License-Identifier: Apache-2.0
# What scripts/tarball ships: the commands and the SQL part side by side, every library beside them in lib/. RPATH and not RUNPATH,
# since it also counts for what the libraries themselves need; $ORIGIN, so that the folder may lie anywhere.
foreach(target lotic lotic-athena lotic_sql)
  if(TARGET ${target})
    target_link_options(${target} PRIVATE -Wl,--disable-new-dtags)
    set_target_properties(${target} PROPERTIES BUILD_RPATH "$ORIGIN;$ORIGIN/lib" INSTALL_RPATH "$ORIGIN:$ORIGIN/lib")
    install(TARGETS ${target} RUNTIME DESTINATION . COMPONENT tarball LIBRARY DESTINATION . COMPONENT tarball)
  endif()
endforeach()
# DuckDB's headers hold __FILE__: no path of the machine that built it.
if(TARGET lotic_sql)
  target_compile_options(lotic_sql PRIVATE "-fmacro-prefix-map=${LOTIC_DEPS}=deps")
endif()
