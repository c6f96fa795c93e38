#!/bin/sh
# many.sh: 10,000 clients of stage 07 at once. `make test-10000` and `make test-more` call it.

if [ -z "${RUN-}" ]; then
    exec build/tests/library.exe many-10000
fi

. common/tests/lib/apart.sh
trap 'apart_end; exit 130' INT TERM
apart_prepare || exit 1
code=1
if apart_start build/07-service-session/server.exe; then
    # RUN is several words.
    # shellcheck disable=SC2086
    $RUN build/tests/library.exe --port "$apart_port" many-10000
    code=$?
    apart_stop || { echo "The server's exit code is not 0." >&2 && code=1; }
fi
apart_end
exit $code
