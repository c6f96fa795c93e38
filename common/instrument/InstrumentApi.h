/*
 * InstrumentApi: the calls that the instrumented build sees.
 *
 * X(name, kind, error). `kind` says what a call costs: KIND_IO goes to the system and is what "calls
 * per echo" counts; the others stay within the process unless something is wrong. `error` is what
 * INSTRUMENT=fault makes the call fail with, one that its documentation lists; 0: with the right
 * arguments it cannot fail, and fault leaves it alone. A call that is added here needs a line in
 * Instrument.h and a function in InstrumentSocket.c, InstrumentTransfer.c, InstrumentSystem.c or
 * InstrumentHeap.c.
 */
#ifndef INSTRUMENT_API_H
#define INSTRUMENT_API_H

#define INSTRUMENT_INSIDE /* our own calls are the originals */
#include "Instrument.h"

/* Winsock: sockets. */
#define INSTRUMENT_SOCKET_APIS(X)                                                                  \
    X(WSAStartup, KIND_IO, WSASYSNOTREADY)                                                         \
    X(WSACleanup, KIND_IO, 0)                                                                      \
    X(socket, KIND_IO, WSAENOBUFS)                                                                 \
    X(WSASocketA, KIND_IO, WSAENOBUFS)                                                             \
    X(WSASocketW, KIND_IO, WSAENOBUFS)                                                             \
    X(closesocket, KIND_IO, 0)                                                                     \
    X(bind, KIND_IO, WSAEADDRINUSE)                                                                \
    X(listen, KIND_IO, WSAENOBUFS)                                                                 \
    X(accept, KIND_IO, WSAEMFILE)                                                                  \
    X(WSAAccept, KIND_IO, WSAEMFILE)                                                               \
    X(connect, KIND_IO, WSAECONNREFUSED)                                                           \
    X(WSAConnect, KIND_IO, WSAECONNREFUSED)                                                        \
    X(shutdown, KIND_IO, WSAENOTCONN)                                                              \
    X(send, KIND_IO, WSAECONNRESET)                                                                \
    X(recv, KIND_IO, WSAECONNRESET)                                                                \
    X(sendto, KIND_IO, WSAENOBUFS)                                                                 \
    X(recvfrom, KIND_IO, WSAECONNRESET)                                                            \
    X(WSASend, KIND_IO, WSAECONNRESET)                                                             \
    X(WSARecv, KIND_IO, WSAECONNRESET)                                                             \
    X(WSASendDisconnect, KIND_IO, WSAENOTCONN)                                                     \
    X(WSARecvDisconnect, KIND_IO, WSAENOTCONN)                                                     \
    X(select, KIND_IO, WSAENETDOWN)                                                                \
    X(ioctlsocket, KIND_IO, WSAENETDOWN)                                                           \
    X(WSAIoctl, KIND_IO, WSAENETDOWN)                                                              \
    X(setsockopt, KIND_IO, WSAENETDOWN)                                                            \
    X(getsockopt, KIND_IO, WSAENETDOWN)                                                            \
    X(getsockname, KIND_IO, WSAENETDOWN)                                                           \
    X(getpeername, KIND_IO, WSAENOTCONN)                                                           \
    X(getaddrinfo, KIND_IO, WSA_NOT_ENOUGH_MEMORY)                                                 \
    X(WSAEnumProtocolsW, KIND_TEXT, WSAENETDOWN)                                                   \
    X(freeaddrinfo, KIND_MEMORY, 0)                                                                \
    X(AcceptEx, KIND_IO, WSAENOBUFS)                                                               \
    X(ConnectEx, KIND_IO, WSAENOBUFS)                                                              \
    X(DisconnectEx, KIND_IO, WSAENOTCONN)                                                          \
    X(TransmitFile, KIND_IO, WSAECONNRESET)                                                        \
    X(GetAcceptExSockaddrs, KIND_TEXT, 0)                                                          \
    X(WSACreateEvent, KIND_IO, WSA_NOT_ENOUGH_MEMORY)                                              \
    X(WSACloseEvent, KIND_IO, 0)                                                                   \
    X(WSASetEvent, KIND_IO, 0)                                                                     \
    X(WSAResetEvent, KIND_IO, 0)                                                                   \
    X(WSAEventSelect, KIND_IO, WSAENETDOWN)                                                        \
    X(WSAEnumNetworkEvents, KIND_IO, WSAENETDOWN)                                                  \
    X(WSAWaitForMultipleEvents, KIND_IO, WSA_NOT_ENOUGH_MEMORY)                                    \
    X(WSAGetOverlappedResult, KIND_IO, 0)                                                          \
    X(WSAGetLastError, KIND_TEXT, 0)                                                               \
    X(WSASetLastError, KIND_TEXT, 0)                                                               \
    X(__WSAFDIsSet, KIND_TEXT, 0)                                                                  \
    X(htons, KIND_TEXT, 0)                                                                         \
    X(htonl, KIND_TEXT, 0)                                                                         \
    X(ntohs, KIND_TEXT, 0)                                                                         \
    X(ntohl, KIND_TEXT, 0)                                                                         \
    X(inet_pton, KIND_TEXT, 0)                                                                     \
    X(inet_ntop, KIND_TEXT, 0)                                                                     \
    X(inet_addr, KIND_TEXT, 0)                                                                     \
    X(inet_ntoa, KIND_TEXT, 0)

/* The system: handles, ports, waits, threads, the console. */
#define INSTRUMENT_SYSTEM_APIS(X)                                                                  \
    X(CreateIoCompletionPort, KIND_IO, ERROR_NOT_ENOUGH_MEMORY)                                    \
    X(GetQueuedCompletionStatus, KIND_IO, ERROR_NO_SYSTEM_RESOURCES)                               \
    X(GetQueuedCompletionStatusEx, KIND_IO, ERROR_NO_SYSTEM_RESOURCES)                             \
    X(PostQueuedCompletionStatus, KIND_IO, ERROR_NO_SYSTEM_RESOURCES)                              \
    X(SetFileCompletionNotificationModes, KIND_IO, ERROR_INVALID_PARAMETER)                        \
    X(GetOverlappedResult, KIND_IO, 0)                                                             \
    X(CancelIo, KIND_IO, 0)                                                                        \
    X(CancelIoEx, KIND_IO, 0)                                                                      \
    X(CancelSynchronousIo, KIND_IO, 0)                                                             \
    X(CloseHandle, KIND_IO, 0)                                                                     \
    X(CreateEventA, KIND_IO, ERROR_NOT_ENOUGH_MEMORY)                                              \
    X(CreateEventW, KIND_IO, ERROR_NOT_ENOUGH_MEMORY)                                              \
    X(SetEvent, KIND_IO, 0)                                                                        \
    X(ResetEvent, KIND_IO, 0)                                                                      \
    X(WaitForSingleObject, KIND_IO, 0)                                                             \
    X(WaitForSingleObjectEx, KIND_IO, 0)                                                           \
    X(WaitForMultipleObjects, KIND_IO, 0)                                                          \
    X(WaitForMultipleObjectsEx, KIND_IO, 0)                                                        \
    X(Sleep, KIND_IO, 0)                                                                           \
    X(SleepEx, KIND_IO, 0)                                                                         \
    X(_beginthreadex, KIND_IO, ERROR_TOO_MANY_TCBS)                                                \
    X(CreateThread, KIND_IO, ERROR_NOT_ENOUGH_MEMORY)                                              \
    X(_endthreadex, KIND_IO, 0)                                                                    \
    X(ExitThread, KIND_IO, 0)                                                                      \
    X(SetConsoleCtrlHandler, KIND_IO, ERROR_NOT_ENOUGH_MEMORY)                                     \
    X(CreateFileW, KIND_IO, ERROR_FILE_NOT_FOUND)                                                  \
    X(SetHandleInformation, KIND_IO, ERROR_INVALID_PARAMETER)                                      \
    X(ReadFile, KIND_IO, ERROR_BROKEN_PIPE)                                                        \
    X(WriteFile, KIND_IO, ERROR_BROKEN_PIPE)                                                       \
    X(ReadConsoleW, KIND_IO, ERROR_OPERATION_ABORTED)                                              \
    X(WriteConsoleW, KIND_IO, ERROR_NOT_ENOUGH_MEMORY)                                             \
    X(ExitProcess, KIND_IO, 0)                                                                     \
    X(GetLastError, KIND_TEXT, 0)                                                                  \
    X(SetLastError, KIND_TEXT, 0)                                                                  \
    X(GetTickCount, KIND_TEXT, 0)                                                                  \
    X(GetTickCount64, KIND_TEXT, 0)                                                                \
    X(QueryPerformanceCounter, KIND_TEXT, 0)                                                       \
    X(QueryPerformanceFrequency, KIND_TEXT, 0)                                                     \
    X(GetCurrentThreadId, KIND_TEXT, 0)                                                            \
    X(GetThreadId, KIND_TEXT, 0)                                                                   \
    X(GetSystemInfo, KIND_TEXT, 0)                                                                 \
    X(FormatMessageA, KIND_TEXT, ERROR_MR_MID_NOT_FOUND)                                           \
    X(FormatMessageW, KIND_TEXT, ERROR_MR_MID_NOT_FOUND)                                           \
    X(GetStdHandle, KIND_TEXT, 0)                                                                  \
    X(GetConsoleMode, KIND_TEXT, 0)                                                                \
    X(SetConsoleMode, KIND_TEXT, 0)                                                                \
    X(GetConsoleOutputCP, KIND_TEXT, 0)                                                            \
    X(SetConsoleOutputCP, KIND_TEXT, 0)                                                            \
    X(GetCommandLineW, KIND_TEXT, 0)                                                               \
    X(CommandLineToArgvW, KIND_MEMORY, ERROR_NOT_ENOUGH_MEMORY)                                    \
    X(MultiByteToWideChar, KIND_TEXT, 0)                                                           \
    X(WideCharToMultiByte, KIND_TEXT, 0)                                                           \
    X(FlsAlloc, KIND_TEXT, ERROR_NOT_ENOUGH_MEMORY)                                                \
    X(FlsFree, KIND_TEXT, 0)                                                                       \
    X(FlsGetValue, KIND_TEXT, 0)                                                                   \
    X(FlsSetValue, KIND_TEXT, ERROR_NOT_ENOUGH_MEMORY)                                             \
    X(TlsAlloc, KIND_TEXT, ERROR_NOT_ENOUGH_MEMORY)                                                \
    X(TlsFree, KIND_TEXT, 0)                                                                       \
    X(TlsGetValue, KIND_TEXT, 0)                                                                   \
    X(TlsSetValue, KIND_TEXT, 0)                                                                   \
    X(InitializeSRWLock, KIND_LOCK, 0)                                                             \
    X(AcquireSRWLockExclusive, KIND_LOCK, 0)                                                       \
    X(ReleaseSRWLockExclusive, KIND_LOCK, 0)                                                       \
    X(AcquireSRWLockShared, KIND_LOCK, 0)                                                          \
    X(ReleaseSRWLockShared, KIND_LOCK, 0)                                                          \
    X(InitializeConditionVariable, KIND_LOCK, 0)                                                   \
    X(SleepConditionVariableSRW, KIND_LOCK, 0)                                                     \
    X(SleepConditionVariableCS, KIND_LOCK, 0)                                                      \
    X(WakeConditionVariable, KIND_LOCK, 0)                                                         \
    X(WakeAllConditionVariable, KIND_LOCK, 0)                                                      \
    X(InitializeCriticalSection, KIND_LOCK, 0)                                                     \
    X(InitializeCriticalSectionAndSpinCount, KIND_LOCK, 0)                                         \
    X(DeleteCriticalSection, KIND_LOCK, 0)                                                         \
    X(EnterCriticalSection, KIND_LOCK, 0)                                                          \
    X(TryEnterCriticalSection, KIND_LOCK, 0)                                                       \
    X(LeaveCriticalSection, KIND_LOCK, 0)                                                          \
    X(malloc, KIND_MEMORY, ERROR_NOT_ENOUGH_MEMORY)                                                \
    X(calloc, KIND_MEMORY, ERROR_NOT_ENOUGH_MEMORY)                                                \
    X(realloc, KIND_MEMORY, ERROR_NOT_ENOUGH_MEMORY)                                               \
    X(free, KIND_MEMORY, 0)                                                                        \
    X(_strdup, KIND_MEMORY, ERROR_NOT_ENOUGH_MEMORY)                                               \
    X(HeapAlloc, KIND_MEMORY, ERROR_NOT_ENOUGH_MEMORY)                                             \
    X(HeapReAlloc, KIND_MEMORY, ERROR_NOT_ENOUGH_MEMORY)                                           \
    X(HeapFree, KIND_MEMORY, 0)                                                                    \
    X(GetProcessHeap, KIND_MEMORY, 0)                                                              \
    X(LocalFree, KIND_MEMORY, 0)

#define INSTRUMENT_APIS(X)                                                                         \
    INSTRUMENT_SOCKET_APIS(X)                                                                      \
    INSTRUMENT_SYSTEM_APIS(X)

typedef enum Kind { KIND_IO, KIND_MEMORY, KIND_LOCK, KIND_TEXT } Kind;

#define INSTRUMENT_ENUM(name, kind, error) API_##name,
typedef enum Api { INSTRUMENT_APIS(INSTRUMENT_ENUM) API_COUNT } Api;
#undef INSTRUMENT_ENUM

typedef struct ApiInfo {
    const char *name;
    Kind kind;
    DWORD error; /* 0: it cannot fail */
} ApiInfo;

extern const ApiInfo apiInfos[API_COUNT];

/* "io", "memory", "lock", "text". */
const char *Api_GetKindName(Api api);

#endif
