#!/bin/sh
# faults.sh: has every call of every stage fail, see Faults.c, with the errors that matter.
#
# BUILD is the folder of the instrumented programs; RUN and FAULTS_JOBS as in test.sh and faults.exe.
# The last line is the sum: `N passed, N failed`.

build=${BUILD:-build/instrument}
faults="build/tests/faults.exe --jobs ${FAULTS_JOBS:-3}"

# Each call with the error that common/instrument/InstrumentApi.h has for it; then what a server has to
# tell from it: the client left while it was in the queue, and there is no room now.
TEST_JOBS=1 exec sh common/tools/test.sh --about "3 minutes" \
    --program "$faults $(echo "$build"/0*/server.exe)" \
    --program "$faults --api accept:10054 $(echo "$build"/0[1-5]*/server.exe)" \
    --program "$faults --api AcceptEx:10054 $(echo "$build"/0[67]*/server.exe)" \
    --program "$faults --api send:10035 $(echo "$build"/02*/server.exe)"
