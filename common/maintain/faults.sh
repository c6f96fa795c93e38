#!/bin/sh
# faults.sh: has every call of every stage fail, see Faults.c, with the errors that matter.
#
# BUILD is the folder of the instrumented programs; RUN as in test.sh. FAULTS_JOBS servers are tried at a
# time, 4 if it is not set. The last line is the sum: `N passed, N failed`.

# Each call with the error that common/instrument/InstrumentApi.h has for it; then what a server has to
# tell from it: the client left while it was in the queue, and there is no room now. Stage 07, which makes
# the most calls, begins.
set --
for server in "${BUILD:=build/instrument}"/07*/server.exe "$BUILD"/0[1-6]*/server.exe; do
    set -- "$@" --program "build/tests/faults.exe $server"
done
TEST_JOBS=${FAULTS_JOBS:-4} exec sh common/tools/test.sh --about "3 minutes" "$@" \
    --program "build/tests/faults.exe --api accept:10054 $(echo "$BUILD"/0[1-5]*/server.exe)" \
    --program "build/tests/faults.exe --api AcceptEx:10054 $(echo "$BUILD"/0[67]*/server.exe)" \
    --program "build/tests/faults.exe --api send:10035 $(echo "$BUILD"/02*/server.exe)"
