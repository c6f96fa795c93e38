#!/bin/sh
# map.sh: tests that 07-service-session/MAP.md says what is. `make test-more` calls it.
#
#     sh common/tests/more/map.sh
#
# The arrows between files are what headers include, and the reading order has all files. For the message
# that the document follows it builds stage 07 so that each function says when it is entered: on which thread,
# under which lock, and what the session's references and pending are. It has it echo one message, and compares
# what the worker did with the block of the document, line for line. The document names the functions that its
# block leaves out.
#
# CC is the compiler; it, and so nm, may be several words.
# shellcheck disable=SC2086

stage=07-service-session
document=$stage/MAP.md
folder=build/map
. common/tests/lib/check.sh
rm -rf $folder
mkdir -p $folder

# --- The program ---------------------------------------------------------------------------------

write_trace() {
    # Before each file of the stage. A macro does not expand in itself.
    cat >$folder/Trace.h <<'END'
#include <winsock2.h>
#include <windows.h>
void Trace_Lock(const char *lock);
void Trace_Unlock(void);
void Trace_Call(const char *name, void *session);
#define AcquireSRWLockExclusive(lock) (AcquireSRWLockExclusive(lock), Trace_Lock(#lock))
#define ReleaseSRWLockExclusive(lock) (Trace_Unlock(), ReleaseSRWLockExclusive(lock))
#define WSASend(...) (Trace_Call("WSASend", session), WSASend(__VA_ARGS__))
#define WSARecv(...) (Trace_Call("WSARecv", session), WSARecv(__VA_ARGS__))
#define GetQueuedCompletionStatus(...) \
    (Trace_Call("GetQueuedCompletionStatus", NULL), GetQueuedCompletionStatus(__VA_ARGS__))
END
    cat >$folder/Trace.c <<'END'
#include "Session.h"
#include "Trace.h"
#include <io.h>
#include <stdio.h>
#include <string.h>
extern char __ImageBase;
static Session *volatile traced; /* the one that received or sent last */
static _Thread_local const char *locks[8];
static _Thread_local int lockCount, depth;

/* A line: thread, depth, name or address, lock, references, pending. */
static void Print(const char *name)
{
    Session *session = traced;
    char line[256], lock[32] = "-";

    if (lockCount > 0)
        sscanf(locks[lockCount - 1], "&%31[a-z]", lock);
    _write(2, line, (unsigned)snprintf(line, sizeof(line), "%lu %d %s %s %ld %d\n",
        GetCurrentThreadId(), depth, name, lock, session ? session->object.references : 0,
        session ? session->pending : 0));
}

void Trace_Lock(const char *lock) { locks[lockCount++] = lock; }
void Trace_Unlock(void) { lockCount--; }

void Trace_Call(const char *name, void *session)
{
    if (session != NULL)
        traced = session;
    Print(name);
}

void __cyg_profile_func_enter(void *function, void *caller)
{
    char address[20];

    /* As nm has it. */
    snprintf(address, sizeof(address), "%016llx",
        (unsigned long long)((char *)function - &__ImageBase) + 0x140000000);
    Print(address);
    depth++;
}

void __cyg_profile_func_exit(void *function, void *caller)
{
    depth--;
}
END
}

build() {
    (cd $folder && ${CC:-gcc} -std=gnu11 -O0 -finstrument-functions -include Trace.h -I../../common \
        -I../../$stage -c ../../$stage/*.c) &&
        ${CC:-gcc} -std=gnu11 -I$folder -Icommon -I$stage -o $folder/server.exe $folder/*.o $folder/Trace.c \
            common/*.c -lws2_32
}

# --- The run -------------------------------------------------------------------------------------

# has_received N: a worker has called WSARecv for the Nth time of all, and waits at the port again.
has_received() {
    tr -d '\r' <$folder/run | awk -v want="$1" '
        $3 == "WSARecv" && ++calls == want { thread = $1 }
        $3 == "GetQueuedCompletionStatus" && $1 == thread { is_there = 1 }
        END { exit !is_there }'
}

# The client goes when the worker that has echoed waits again: not before, or it would find an end.
run_server() {
    start_server $folder/server.exe $folder/said $folder/run
    {
        wait_until has_received 1
        echo hello
        wait_until has_received 2
    } | run build/tools/client.exe --port "$port" >$folder/client 2>&1
    kill "$server"
    wait "$server" 2>/dev/null
}

# What the second receive's worker did: from one wait to the next, with blanks for the depth.
read_run() {
    $(printf '%s' "${CC:-gcc}" | sed 's/gcc$/nm/') $folder/server.exe | tr -d '\r' >$folder/symbols
    tr -d '\r' <$folder/run | awk '
        FNR == NR { symbol[$1] = $3; next }
        {
            name = $3 in symbol ? symbol[$3] : $3
            blanks = ""
            while (length(blanks) < 2 * ($2 - 1))
                blanks = blanks "  "
            kept[$1] = kept[$1] blanks name " " $4 " " $5 " " $6 "\n"
            if (name == "WSARecv" && ++calls == 2) thread = $1
            if (name == "GetQueuedCompletionStatus") {
                if ($1 == thread) { printf "%s", kept[$1]; exit }
                kept[$1] = ""
            }
        }' $folder/symbols -
}

# --- The document --------------------------------------------------------------------------------

# The block, with one blank between its columns and without remarks.
read_block() {
    tr -d '\r' <$document | awk '
        /^## / { is_in = $0 == "## One message, traced" }
        is_in && match($0, /^ *[A-Za-z_]+ /) && $2 ~ /^(-|[a-z]+)$/ && $3 ~ /^[0-9]+$/ && $4 ~ /^[0-9]+$/ {
            print substr($0, 1, RLENGTH - 1), $2, $3, $4
        }'
}

# The functions in backticks behind "Left out are", one a line.
read_left_out() {
    tr -d '\r' <$document | awk '/^Left out are/ { is_in = 1 } /^$/ { is_in = 0 } is_in' |
        grep -o '`[A-Za-z]*_[A-Za-z]*`' | tr -d '`'
}

# The arrows of the first picture, `FROM TO`.
read_arrows() {
    tr -d '\r' <$document | awk '
        /^```/ { if (is_in) exit; is_in = $0 == "```mermaid" }
        is_in && / --> / { sub(/\[.*\]/, ""); print $1, $3 }' | sort
}

# Who includes what of the stage: its headers, and Server.c.
read_includes() {
    for file in "$stage"/*.h "$stage"/Server.c; do
        tr -d '\r' <"$file" | sed -n 's/^#include "\(.*\)\.h"$/\1/p' | while read -r name; do
            from=${file##*/}
            [ ! -f "$stage/$name.h" ] || echo "${from%.*} $name"
        done
    done | sort
}

# The files that the rows of "The reading order" begin with.
read_order() {
    tr -d '\r' <$document | awk '/^## / { is_in = $0 == "## The reading order" } is_in && /^\| [0-9]/' |
        cut -d '|' -f 3 | grep -o '`[A-Za-z]*\.[ch]`' | tr -d '`' | sort
}

# compare NAME: what the document says, $folder/told, is what is, $folder/found.
compare() {
    reason=
    diff $folder/told $folder/found >$folder/difference 2>&1 || reason="MAP.md (<) and what is (>) differ"
    [ -s $folder/told ] || reason="MAP.md says nothing of it"
    report "$1" "$reason" $folder/difference
}

read_arrows >$folder/told
read_includes >$folder/found
compare "map: the arrows of the files are what their headers include"
read_order >$folder/told
(cd $stage && ls ./*.c ./*.h) | sed 's,^\./,,' | sort >$folder/found
compare "map: the reading order has each file once"
write_trace
if ! build >$folder/built 2>&1; then
    fail "map: the stage does not compile with -finstrument-functions" $folder/built
else
    run_server
    read_block >$folder/told
    read_left_out | sed 's/.*/^ *& /' >$folder/left-out
    read_run | grep -v -f $folder/left-out >$folder/found
    compare "map: one message goes through these functions, under these locks, with these counts"
fi
sum_up
