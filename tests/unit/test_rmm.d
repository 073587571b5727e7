test_rmm: test_rmm.c rmm_fixture.h ../../include/rmi_abi.h \
 ../../tests/rmm/rmm.h ../../tests/rmm/describe.c ../../tests/rmm/rmm.h
rmm_fixture.h:
../../include/rmi_abi.h:
../../tests/rmm/rmm.h:
../../tests/rmm/describe.c:
../../tests/rmm/rmm.h:
