/*
 * Instrument: has the compiler route a program's calls through functions that watch them.
 *
 * It is not included by anyone: make WATCHED=1 names it on the compiler's command line (gcc
 * -include, cl /FI), in front of sources that know nothing of it. Each macro below replaces the
 * calls of one function with calls of a function of the same name behind Instrument_, which does what
 * INSTRUMENT in the environment asks for, then calls the original. README.md tells what that is.
 *
 * Limits  A call through a pointer to a function is not seen, except through those that WSAIoctl
 *         hands out. A member of a struct that is called like one of these functions, with
 *         arguments behind it, does not compile.
 */
#ifndef INSTRUMENT_H
#define INSTRUMENT_H

/* inet_addr and others, which MSVC warns of: they are here for those who use them. */
#define _WINSOCK_DEPRECATED_NO_WARNINGS

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>
#include <shellapi.h>

/* Whatever declares functions of these names has to do so before the macros. */
#include <malloc.h>
#include <process.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a call is. A negative line: somewhere after that line. */
typedef struct InstrumentPlace {
    const char *file;
    int line;
} InstrumentPlace;

/* Winsock: start, sockets, connections */
int Instrument_WSAStartup(InstrumentPlace place, WORD version, WSADATA *data);
int Instrument_WSACleanup(InstrumentPlace place);
SOCKET Instrument_socket(InstrumentPlace place, int family, int type, int protocol);
SOCKET Instrument_WSASocketA(InstrumentPlace place, int family, int type, int protocol,
                             LPWSAPROTOCOL_INFOA info, GROUP group, DWORD flags);
SOCKET Instrument_WSASocketW(InstrumentPlace place, int family, int type, int protocol,
                             LPWSAPROTOCOL_INFOW info, GROUP group, DWORD flags);
int Instrument_closesocket(InstrumentPlace place, SOCKET s);
int Instrument_bind(InstrumentPlace place, SOCKET s, const SOCKADDR *address, int length);
int Instrument_listen(InstrumentPlace place, SOCKET s, int backlog);
SOCKET Instrument_accept(InstrumentPlace place, SOCKET s, SOCKADDR *address, int *length);
SOCKET Instrument_WSAAccept(InstrumentPlace place, SOCKET s, SOCKADDR *address, int *length,
                            LPCONDITIONPROC condition, DWORD_PTR data);
int Instrument_connect(InstrumentPlace place, SOCKET s, const SOCKADDR *address, int length);
int Instrument_WSAConnect(InstrumentPlace place, SOCKET s, const SOCKADDR *address, int length,
                          LPWSABUF callerData, LPWSABUF calleeData, LPQOS sqos, LPQOS gqos);
int Instrument_shutdown(InstrumentPlace place, SOCKET s, int how);
int Instrument_send(InstrumentPlace place, SOCKET s, const char *buffer, int size, int flags);
int Instrument_recv(InstrumentPlace place, SOCKET s, char *buffer, int size, int flags);
int Instrument_sendto(InstrumentPlace place, SOCKET s, const char *buffer, int size, int flags,
                      const SOCKADDR *address, int length);
int Instrument_recvfrom(InstrumentPlace place, SOCKET s, char *buffer, int size, int flags,
                        SOCKADDR *address, int *length);
int Instrument_WSASend(InstrumentPlace place, SOCKET s, LPWSABUF buffers, DWORD count,
                       LPDWORD bytes, DWORD flags, LPWSAOVERLAPPED overlapped,
                       LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);
int Instrument_WSARecv(InstrumentPlace place, SOCKET s, LPWSABUF buffers, DWORD count,
                       LPDWORD bytes, LPDWORD flags, LPWSAOVERLAPPED overlapped,
                       LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);
int Instrument_WSASendDisconnect(InstrumentPlace place, SOCKET s, LPWSABUF data);
int Instrument_WSARecvDisconnect(InstrumentPlace place, SOCKET s, LPWSABUF data);
int Instrument_select(InstrumentPlace place, int unused, fd_set *readSet, fd_set *writeSet,
                      fd_set *exceptSet, const struct timeval *timeout);
int Instrument_ioctlsocket(InstrumentPlace place, SOCKET s, long command, u_long *value);
int Instrument_WSAIoctl(InstrumentPlace place, SOCKET s, DWORD code, LPVOID in, DWORD inSize,
                        LPVOID out, DWORD outSize, LPDWORD bytes, LPWSAOVERLAPPED overlapped,
                        LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);
int Instrument_setsockopt(InstrumentPlace place, SOCKET s, int level, int name, const char *value,
                          int size);
int Instrument_getsockopt(InstrumentPlace place, SOCKET s, int level, int name, char *value,
                          int *size);
int Instrument_getsockname(InstrumentPlace place, SOCKET s, SOCKADDR *address, int *length);
int Instrument_getpeername(InstrumentPlace place, SOCKET s, SOCKADDR *address, int *length);
int Instrument_getaddrinfo(InstrumentPlace place, const char *node, const char *service,
                           const struct addrinfo *hints, struct addrinfo **result);
void Instrument_freeaddrinfo(InstrumentPlace place, struct addrinfo *info);
BOOL Instrument_AcceptEx(InstrumentPlace place, SOCKET listener, SOCKET s, PVOID buffer,
                         DWORD dataSize, DWORD localSize, DWORD remoteSize, LPDWORD bytes,
                         LPOVERLAPPED overlapped);
void Instrument_GetAcceptExSockaddrs(InstrumentPlace place, PVOID buffer, DWORD dataSize,
                                     DWORD localSize, DWORD remoteSize, SOCKADDR **local,
                                     LPINT localLength, SOCKADDR **remote, LPINT remoteLength);
BOOL Instrument_TransmitFile(InstrumentPlace place, SOCKET s, HANDLE file, DWORD bytes,
                             DWORD bytesPerSend, LPOVERLAPPED overlapped,
                             LPTRANSMIT_FILE_BUFFERS buffers, DWORD flags);

/* Winsock: events */
WSAEVENT Instrument_WSACreateEvent(InstrumentPlace place);
BOOL Instrument_WSACloseEvent(InstrumentPlace place, WSAEVENT event);
BOOL Instrument_WSASetEvent(InstrumentPlace place, WSAEVENT event);
BOOL Instrument_WSAResetEvent(InstrumentPlace place, WSAEVENT event);
int Instrument_WSAEventSelect(InstrumentPlace place, SOCKET s, WSAEVENT event, long events);
int Instrument_WSAEnumNetworkEvents(InstrumentPlace place, SOCKET s, WSAEVENT event,
                                    LPWSANETWORKEVENTS events);
DWORD Instrument_WSAWaitForMultipleEvents(InstrumentPlace place, DWORD count,
                                          const WSAEVENT *events, BOOL all, DWORD timeout,
                                          BOOL alertable);
BOOL Instrument_WSAGetOverlappedResult(InstrumentPlace place, SOCKET s, LPWSAOVERLAPPED overlapped,
                                       LPDWORD bytes, BOOL wait, LPDWORD flags);

/* Winsock: what stays within the process */
int Instrument_WSAGetLastError(InstrumentPlace place);
void Instrument_WSASetLastError(InstrumentPlace place, int error);
int Instrument___WSAFDIsSet(InstrumentPlace place, SOCKET s, fd_set *set);
u_short Instrument_htons(InstrumentPlace place, u_short number);
u_long Instrument_htonl(InstrumentPlace place, u_long number);
u_short Instrument_ntohs(InstrumentPlace place, u_short number);
u_long Instrument_ntohl(InstrumentPlace place, u_long number);
int Instrument_WSAEnumProtocolsW(InstrumentPlace place, LPINT protocols, LPWSAPROTOCOL_INFOW buffer,
                                 LPDWORD size);
int Instrument_inet_pton(InstrumentPlace place, int family, const char *text, void *address);
const char *Instrument_inet_ntop(InstrumentPlace place, int family, const void *address, char *text,
                                 size_t size);
unsigned long Instrument_inet_addr(InstrumentPlace place, const char *text);
char *Instrument_inet_ntoa(InstrumentPlace place, struct in_addr address);

/* Completion ports and overlapped I/O */
HANDLE Instrument_CreateIoCompletionPort(InstrumentPlace place, HANDLE handle, HANDLE port,
                                         ULONG_PTR key, DWORD threads);
BOOL Instrument_GetQueuedCompletionStatus(InstrumentPlace place, HANDLE port, LPDWORD bytes,
                                          PULONG_PTR key, LPOVERLAPPED *overlapped, DWORD timeout);
BOOL Instrument_GetQueuedCompletionStatusEx(InstrumentPlace place, HANDLE port,
                                            LPOVERLAPPED_ENTRY entries, ULONG size, PULONG count,
                                            DWORD timeout, BOOL alertable);
BOOL Instrument_PostQueuedCompletionStatus(InstrumentPlace place, HANDLE port, DWORD bytes,
                                           ULONG_PTR key, LPOVERLAPPED overlapped);
BOOL Instrument_SetFileCompletionNotificationModes(InstrumentPlace place, HANDLE handle,
                                                   UCHAR flags);
BOOL Instrument_GetOverlappedResult(InstrumentPlace place, HANDLE handle, LPOVERLAPPED overlapped,
                                    LPDWORD bytes, BOOL wait);
BOOL Instrument_CancelIo(InstrumentPlace place, HANDLE handle);
BOOL Instrument_CancelIoEx(InstrumentPlace place, HANDLE handle, LPOVERLAPPED overlapped);
BOOL Instrument_CancelSynchronousIo(InstrumentPlace place, HANDLE thread);

/* Handles, waits, threads */
BOOL Instrument_CloseHandle(InstrumentPlace place, HANDLE handle);
HANDLE Instrument_CreateEventA(InstrumentPlace place, LPSECURITY_ATTRIBUTES security, BOOL manual,
                               BOOL initial, LPCSTR name);
HANDLE Instrument_CreateEventW(InstrumentPlace place, LPSECURITY_ATTRIBUTES security, BOOL manual,
                               BOOL initial, LPCWSTR name);
BOOL Instrument_SetHandleInformation(InstrumentPlace place, HANDLE handle, DWORD mask, DWORD flags);
BOOL Instrument_SetEvent(InstrumentPlace place, HANDLE event);
BOOL Instrument_ResetEvent(InstrumentPlace place, HANDLE event);
DWORD Instrument_WaitForSingleObject(InstrumentPlace place, HANDLE handle, DWORD timeout);
DWORD Instrument_WaitForSingleObjectEx(InstrumentPlace place, HANDLE handle, DWORD timeout,
                                       BOOL alertable);
DWORD Instrument_WaitForMultipleObjects(InstrumentPlace place, DWORD count, const HANDLE *handles,
                                        BOOL all, DWORD timeout);
DWORD Instrument_WaitForMultipleObjectsEx(InstrumentPlace place, DWORD count, const HANDLE *handles,
                                          BOOL all, DWORD timeout, BOOL alertable);
void Instrument_Sleep(InstrumentPlace place, DWORD milliseconds);
DWORD Instrument_SleepEx(InstrumentPlace place, DWORD milliseconds, BOOL alertable);
uintptr_t Instrument__beginthreadex(InstrumentPlace place, void *security, unsigned stackSize,
                                    unsigned(__stdcall *procedure)(void *), void *argument,
                                    unsigned flags, unsigned *id);
HANDLE Instrument_CreateThread(InstrumentPlace place, LPSECURITY_ATTRIBUTES security,
                               SIZE_T stackSize, LPTHREAD_START_ROUTINE procedure, LPVOID argument,
                               DWORD flags, LPDWORD id);
DECLSPEC_NORETURN void Instrument__endthreadex(InstrumentPlace place, unsigned code);
DECLSPEC_NORETURN void Instrument_ExitThread(InstrumentPlace place, DWORD code);
DECLSPEC_NORETURN void Instrument_ExitProcess(InstrumentPlace place, UINT code);

/* The console and files */
BOOL Instrument_SetConsoleCtrlHandler(InstrumentPlace place, PHANDLER_ROUTINE handler, BOOL add);
HANDLE Instrument_CreateFileW(InstrumentPlace place, LPCWSTR path, DWORD access, DWORD share,
                              LPSECURITY_ATTRIBUTES security, DWORD creation, DWORD flags,
                              HANDLE template);
BOOL Instrument_ReadFile(InstrumentPlace place, HANDLE file, LPVOID buffer, DWORD size,
                         LPDWORD bytes, LPOVERLAPPED overlapped);
BOOL Instrument_WriteFile(InstrumentPlace place, HANDLE file, LPCVOID buffer, DWORD size,
                          LPDWORD bytes, LPOVERLAPPED overlapped);
BOOL Instrument_ReadConsoleW(InstrumentPlace place, HANDLE console, LPVOID buffer, DWORD size,
                             LPDWORD read, LPVOID control);
BOOL Instrument_WriteConsoleW(InstrumentPlace place, HANDLE console, const VOID *buffer, DWORD size,
                              LPDWORD written, LPVOID reserved);
HANDLE Instrument_GetStdHandle(InstrumentPlace place, DWORD number);
BOOL Instrument_GetConsoleMode(InstrumentPlace place, HANDLE console, LPDWORD mode);
BOOL Instrument_SetConsoleMode(InstrumentPlace place, HANDLE console, DWORD mode);
UINT Instrument_GetConsoleOutputCP(InstrumentPlace place);
BOOL Instrument_SetConsoleOutputCP(InstrumentPlace place, UINT codePage);

/* What stays within the process */
DWORD Instrument_GetLastError(InstrumentPlace place);
void Instrument_SetLastError(InstrumentPlace place, DWORD error);
DWORD Instrument_GetTickCount(InstrumentPlace place);
ULONGLONG Instrument_GetTickCount64(InstrumentPlace place);
BOOL Instrument_QueryPerformanceCounter(InstrumentPlace place, LARGE_INTEGER *count);
BOOL Instrument_QueryPerformanceFrequency(InstrumentPlace place, LARGE_INTEGER *frequency);
DWORD Instrument_GetCurrentThreadId(InstrumentPlace place);
DWORD Instrument_GetThreadId(InstrumentPlace place, HANDLE thread);
void Instrument_GetSystemInfo(InstrumentPlace place, LPSYSTEM_INFO info);
DWORD Instrument_FormatMessageA(InstrumentPlace place, DWORD flags, LPCVOID source, DWORD message,
                                DWORD language, LPSTR buffer, DWORD size, va_list *arguments);
DWORD Instrument_FormatMessageW(InstrumentPlace place, DWORD flags, LPCVOID source, DWORD message,
                                DWORD language, LPWSTR buffer, DWORD size, va_list *arguments);
LPWSTR Instrument_GetCommandLineW(InstrumentPlace place);
LPWSTR *Instrument_CommandLineToArgvW(InstrumentPlace place, LPCWSTR line, int *count);
int Instrument_MultiByteToWideChar(InstrumentPlace place, UINT codePage, DWORD flags, LPCCH text,
                                   int size, LPWSTR wide, int wideSize);
int Instrument_WideCharToMultiByte(InstrumentPlace place, UINT codePage, DWORD flags, LPCWCH wide,
                                   int wideSize, LPSTR text, int size, LPCCH unknown,
                                   LPBOOL isUnknown);
DWORD Instrument_FlsAlloc(InstrumentPlace place, PFLS_CALLBACK_FUNCTION callback);
BOOL Instrument_FlsFree(InstrumentPlace place, DWORD slot);
PVOID Instrument_FlsGetValue(InstrumentPlace place, DWORD slot);
BOOL Instrument_FlsSetValue(InstrumentPlace place, DWORD slot, PVOID value);
DWORD Instrument_TlsAlloc(InstrumentPlace place);
BOOL Instrument_TlsFree(InstrumentPlace place, DWORD slot);
LPVOID Instrument_TlsGetValue(InstrumentPlace place, DWORD slot);
BOOL Instrument_TlsSetValue(InstrumentPlace place, DWORD slot, LPVOID value);

/* Locks */
void Instrument_InitializeSRWLock(InstrumentPlace place, PSRWLOCK lock);
void Instrument_AcquireSRWLockExclusive(InstrumentPlace place, PSRWLOCK lock);
void Instrument_ReleaseSRWLockExclusive(InstrumentPlace place, PSRWLOCK lock);
void Instrument_AcquireSRWLockShared(InstrumentPlace place, PSRWLOCK lock);
void Instrument_ReleaseSRWLockShared(InstrumentPlace place, PSRWLOCK lock);
void Instrument_InitializeConditionVariable(InstrumentPlace place, PCONDITION_VARIABLE variable);
BOOL Instrument_SleepConditionVariableSRW(InstrumentPlace place, PCONDITION_VARIABLE variable,
                                          PSRWLOCK lock, DWORD timeout, ULONG flags);
BOOL Instrument_SleepConditionVariableCS(InstrumentPlace place, PCONDITION_VARIABLE variable,
                                         PCRITICAL_SECTION section, DWORD timeout);
void Instrument_WakeConditionVariable(InstrumentPlace place, PCONDITION_VARIABLE variable);
void Instrument_WakeAllConditionVariable(InstrumentPlace place, PCONDITION_VARIABLE variable);
void Instrument_InitializeCriticalSection(InstrumentPlace place, LPCRITICAL_SECTION section);
BOOL Instrument_InitializeCriticalSectionAndSpinCount(InstrumentPlace place,
                                                      LPCRITICAL_SECTION section, DWORD spins);
void Instrument_DeleteCriticalSection(InstrumentPlace place, LPCRITICAL_SECTION section);
void Instrument_EnterCriticalSection(InstrumentPlace place, LPCRITICAL_SECTION section);
BOOL Instrument_TryEnterCriticalSection(InstrumentPlace place, LPCRITICAL_SECTION section);
void Instrument_LeaveCriticalSection(InstrumentPlace place, LPCRITICAL_SECTION section);

/* Interlocked: no place, as nothing is told of them. */
LONG Instrument_InterlockedIncrement(volatile LONG *value);
LONG Instrument_InterlockedDecrement(volatile LONG *value);
LONG Instrument_InterlockedExchange(volatile LONG *value, LONG other);
LONG Instrument_InterlockedExchangeAdd(volatile LONG *value, LONG other);
LONG Instrument_InterlockedCompareExchange(volatile LONG *value, LONG other, LONG expected);
LONG64 Instrument_InterlockedIncrement64(volatile LONG64 *value);
LONG64 Instrument_InterlockedDecrement64(volatile LONG64 *value);
LONG64 Instrument_InterlockedExchange64(volatile LONG64 *value, LONG64 other);
LONG64 Instrument_InterlockedExchangeAdd64(volatile LONG64 *value, LONG64 other);
LONG64 Instrument_InterlockedCompareExchange64(volatile LONG64 *value, LONG64 other,
                                               LONG64 expected);
LONG Instrument_InterlockedAnd(volatile LONG *value, LONG other);
LONG Instrument_InterlockedOr(volatile LONG *value, LONG other);
PVOID Instrument_InterlockedExchangePointer(PVOID volatile *value, PVOID other);
PVOID Instrument_InterlockedCompareExchangePointer(PVOID volatile *value, PVOID other,
                                                   PVOID expected);

/* Memory */
void *Instrument_malloc(InstrumentPlace place, size_t size);
void *Instrument_calloc(InstrumentPlace place, size_t count, size_t size);
void *Instrument_realloc(InstrumentPlace place, void *memory, size_t size);
void Instrument_free(InstrumentPlace place, void *memory);
char *Instrument__strdup(InstrumentPlace place, const char *text);
LPVOID Instrument_HeapAlloc(InstrumentPlace place, HANDLE heap, DWORD flags, SIZE_T size);
LPVOID Instrument_HeapReAlloc(InstrumentPlace place, HANDLE heap, DWORD flags, LPVOID memory,
                              SIZE_T size);
BOOL Instrument_HeapFree(InstrumentPlace place, HANDLE heap, DWORD flags, LPVOID memory);
HANDLE Instrument_GetProcessHeap(InstrumentPlace place);
HLOCAL Instrument_LocalFree(InstrumentPlace place, HLOCAL memory);

/* Instrument's own files want the originals. */
#ifndef INSTRUMENT_INSIDE
#define INSTRUMENT_PLACE ((InstrumentPlace){__FILE__, __LINE__})

#define WSAStartup(...)           Instrument_WSAStartup(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSACleanup()              Instrument_WSACleanup(INSTRUMENT_PLACE)
#define socket(...)               Instrument_socket(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSASocketA(...)           Instrument_WSASocketA(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSASocketW(...)           Instrument_WSASocketW(INSTRUMENT_PLACE, __VA_ARGS__)
#define closesocket(...)          Instrument_closesocket(INSTRUMENT_PLACE, __VA_ARGS__)
#define bind(...)                 Instrument_bind(INSTRUMENT_PLACE, __VA_ARGS__)
#define listen(...)               Instrument_listen(INSTRUMENT_PLACE, __VA_ARGS__)
#define accept(...)               Instrument_accept(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSAAccept(...)            Instrument_WSAAccept(INSTRUMENT_PLACE, __VA_ARGS__)
#define connect(...)              Instrument_connect(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSAConnect(...)           Instrument_WSAConnect(INSTRUMENT_PLACE, __VA_ARGS__)
#define shutdown(...)             Instrument_shutdown(INSTRUMENT_PLACE, __VA_ARGS__)
#define send(...)                 Instrument_send(INSTRUMENT_PLACE, __VA_ARGS__)
#define recv(...)                 Instrument_recv(INSTRUMENT_PLACE, __VA_ARGS__)
#define sendto(...)               Instrument_sendto(INSTRUMENT_PLACE, __VA_ARGS__)
#define recvfrom(...)             Instrument_recvfrom(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSASend(...)              Instrument_WSASend(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSARecv(...)              Instrument_WSARecv(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSASendDisconnect(...)    Instrument_WSASendDisconnect(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSARecvDisconnect(...)    Instrument_WSARecvDisconnect(INSTRUMENT_PLACE, __VA_ARGS__)
#define select(...)               Instrument_select(INSTRUMENT_PLACE, __VA_ARGS__)
#define ioctlsocket(...)          Instrument_ioctlsocket(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSAIoctl(...)             Instrument_WSAIoctl(INSTRUMENT_PLACE, __VA_ARGS__)
#define setsockopt(...)           Instrument_setsockopt(INSTRUMENT_PLACE, __VA_ARGS__)
#define getsockopt(...)           Instrument_getsockopt(INSTRUMENT_PLACE, __VA_ARGS__)
#define getsockname(...)          Instrument_getsockname(INSTRUMENT_PLACE, __VA_ARGS__)
#define getpeername(...)          Instrument_getpeername(INSTRUMENT_PLACE, __VA_ARGS__)
#define getaddrinfo(...)          Instrument_getaddrinfo(INSTRUMENT_PLACE, __VA_ARGS__)
#define freeaddrinfo(...)         Instrument_freeaddrinfo(INSTRUMENT_PLACE, __VA_ARGS__)
#define AcceptEx(...)             Instrument_AcceptEx(INSTRUMENT_PLACE, __VA_ARGS__)
#define GetAcceptExSockaddrs(...) Instrument_GetAcceptExSockaddrs(INSTRUMENT_PLACE, __VA_ARGS__)
#define TransmitFile(...)         Instrument_TransmitFile(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSACreateEvent()          Instrument_WSACreateEvent(INSTRUMENT_PLACE)
#define WSACloseEvent(...)        Instrument_WSACloseEvent(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSASetEvent(...)          Instrument_WSASetEvent(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSAResetEvent(...)        Instrument_WSAResetEvent(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSAEventSelect(...)       Instrument_WSAEventSelect(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSAEnumNetworkEvents(...) Instrument_WSAEnumNetworkEvents(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSAWaitForMultipleEvents(...)                                                              \
    Instrument_WSAWaitForMultipleEvents(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSAGetOverlappedResult(...) Instrument_WSAGetOverlappedResult(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSAGetLastError()           Instrument_WSAGetLastError(INSTRUMENT_PLACE)
#define WSASetLastError(...)        Instrument_WSASetLastError(INSTRUMENT_PLACE, __VA_ARGS__)
#define __WSAFDIsSet(...)           Instrument___WSAFDIsSet(INSTRUMENT_PLACE, __VA_ARGS__)
#define htons(...)                  Instrument_htons(INSTRUMENT_PLACE, __VA_ARGS__)
#define htonl(...)                  Instrument_htonl(INSTRUMENT_PLACE, __VA_ARGS__)
#define ntohs(...)                  Instrument_ntohs(INSTRUMENT_PLACE, __VA_ARGS__)
#define ntohl(...)                  Instrument_ntohl(INSTRUMENT_PLACE, __VA_ARGS__)
#define WSAEnumProtocolsW(...)      Instrument_WSAEnumProtocolsW(INSTRUMENT_PLACE, __VA_ARGS__)
#define inet_pton(...)              Instrument_inet_pton(INSTRUMENT_PLACE, __VA_ARGS__)
#define inet_ntop(...)              Instrument_inet_ntop(INSTRUMENT_PLACE, __VA_ARGS__)
#define inet_addr(...)              Instrument_inet_addr(INSTRUMENT_PLACE, __VA_ARGS__)
#define inet_ntoa(...)              Instrument_inet_ntoa(INSTRUMENT_PLACE, __VA_ARGS__)
#define CreateIoCompletionPort(...) Instrument_CreateIoCompletionPort(INSTRUMENT_PLACE, __VA_ARGS__)
#define GetQueuedCompletionStatus(...)                                                             \
    Instrument_GetQueuedCompletionStatus(INSTRUMENT_PLACE, __VA_ARGS__)
#define GetQueuedCompletionStatusEx(...)                                                           \
    Instrument_GetQueuedCompletionStatusEx(INSTRUMENT_PLACE, __VA_ARGS__)
#define PostQueuedCompletionStatus(...)                                                            \
    Instrument_PostQueuedCompletionStatus(INSTRUMENT_PLACE, __VA_ARGS__)
#define SetFileCompletionNotificationModes(...)                                                    \
    Instrument_SetFileCompletionNotificationModes(INSTRUMENT_PLACE, __VA_ARGS__)
#define GetOverlappedResult(...)    Instrument_GetOverlappedResult(INSTRUMENT_PLACE, __VA_ARGS__)
#define CancelIo(...)               Instrument_CancelIo(INSTRUMENT_PLACE, __VA_ARGS__)
#define CancelIoEx(...)             Instrument_CancelIoEx(INSTRUMENT_PLACE, __VA_ARGS__)
#define CancelSynchronousIo(...)    Instrument_CancelSynchronousIo(INSTRUMENT_PLACE, __VA_ARGS__)
#define CloseHandle(...)            Instrument_CloseHandle(INSTRUMENT_PLACE, __VA_ARGS__)
#define SetHandleInformation(...)   Instrument_SetHandleInformation(INSTRUMENT_PLACE, __VA_ARGS__)
#define CreateEventA(...)           Instrument_CreateEventA(INSTRUMENT_PLACE, __VA_ARGS__)
#define CreateEventW(...)           Instrument_CreateEventW(INSTRUMENT_PLACE, __VA_ARGS__)
#define SetEvent(...)               Instrument_SetEvent(INSTRUMENT_PLACE, __VA_ARGS__)
#define ResetEvent(...)             Instrument_ResetEvent(INSTRUMENT_PLACE, __VA_ARGS__)
#define WaitForSingleObject(...)    Instrument_WaitForSingleObject(INSTRUMENT_PLACE, __VA_ARGS__)
#define WaitForSingleObjectEx(...)  Instrument_WaitForSingleObjectEx(INSTRUMENT_PLACE, __VA_ARGS__)
#define WaitForMultipleObjects(...) Instrument_WaitForMultipleObjects(INSTRUMENT_PLACE, __VA_ARGS__)
#define WaitForMultipleObjectsEx(...)                                                              \
    Instrument_WaitForMultipleObjectsEx(INSTRUMENT_PLACE, __VA_ARGS__)
#define Sleep(...)                 Instrument_Sleep(INSTRUMENT_PLACE, __VA_ARGS__)
#define SleepEx(...)               Instrument_SleepEx(INSTRUMENT_PLACE, __VA_ARGS__)
#define _beginthreadex(...)        Instrument__beginthreadex(INSTRUMENT_PLACE, __VA_ARGS__)
#define CreateThread(...)          Instrument_CreateThread(INSTRUMENT_PLACE, __VA_ARGS__)
#define _endthreadex(...)          Instrument__endthreadex(INSTRUMENT_PLACE, __VA_ARGS__)
#define ExitThread(...)            Instrument_ExitThread(INSTRUMENT_PLACE, __VA_ARGS__)
#define ExitProcess(...)           Instrument_ExitProcess(INSTRUMENT_PLACE, __VA_ARGS__)
#define SetConsoleCtrlHandler(...) Instrument_SetConsoleCtrlHandler(INSTRUMENT_PLACE, __VA_ARGS__)
#define CreateFileW(...)           Instrument_CreateFileW(INSTRUMENT_PLACE, __VA_ARGS__)
#define ReadFile(...)              Instrument_ReadFile(INSTRUMENT_PLACE, __VA_ARGS__)
#define WriteFile(...)             Instrument_WriteFile(INSTRUMENT_PLACE, __VA_ARGS__)
#define ReadConsoleW(...)          Instrument_ReadConsoleW(INSTRUMENT_PLACE, __VA_ARGS__)
#define WriteConsoleW(...)         Instrument_WriteConsoleW(INSTRUMENT_PLACE, __VA_ARGS__)
#define GetStdHandle(...)          Instrument_GetStdHandle(INSTRUMENT_PLACE, __VA_ARGS__)
#define GetConsoleMode(...)        Instrument_GetConsoleMode(INSTRUMENT_PLACE, __VA_ARGS__)
#define SetConsoleMode(...)        Instrument_SetConsoleMode(INSTRUMENT_PLACE, __VA_ARGS__)
#define GetConsoleOutputCP()       Instrument_GetConsoleOutputCP(INSTRUMENT_PLACE)
#define SetConsoleOutputCP(...)    Instrument_SetConsoleOutputCP(INSTRUMENT_PLACE, __VA_ARGS__)
#define GetLastError()             Instrument_GetLastError(INSTRUMENT_PLACE)
#define SetLastError(...)          Instrument_SetLastError(INSTRUMENT_PLACE, __VA_ARGS__)
#define GetTickCount()             Instrument_GetTickCount(INSTRUMENT_PLACE)
#define GetTickCount64()           Instrument_GetTickCount64(INSTRUMENT_PLACE)
#define QueryPerformanceCounter(...)                                                               \
    Instrument_QueryPerformanceCounter(INSTRUMENT_PLACE, __VA_ARGS__)
#define QueryPerformanceFrequency(...)                                                             \
    Instrument_QueryPerformanceFrequency(INSTRUMENT_PLACE, __VA_ARGS__)
#define GetThreadId(...)         Instrument_GetThreadId(INSTRUMENT_PLACE, __VA_ARGS__)
#define GetCurrentThreadId()     Instrument_GetCurrentThreadId(INSTRUMENT_PLACE)
#define GetSystemInfo(...)       Instrument_GetSystemInfo(INSTRUMENT_PLACE, __VA_ARGS__)
#define FormatMessageA(...)      Instrument_FormatMessageA(INSTRUMENT_PLACE, __VA_ARGS__)
#define FormatMessageW(...)      Instrument_FormatMessageW(INSTRUMENT_PLACE, __VA_ARGS__)
#define GetCommandLineW()        Instrument_GetCommandLineW(INSTRUMENT_PLACE)
#define CommandLineToArgvW(...)  Instrument_CommandLineToArgvW(INSTRUMENT_PLACE, __VA_ARGS__)
#define MultiByteToWideChar(...) Instrument_MultiByteToWideChar(INSTRUMENT_PLACE, __VA_ARGS__)
#define WideCharToMultiByte(...) Instrument_WideCharToMultiByte(INSTRUMENT_PLACE, __VA_ARGS__)
#define FlsAlloc(...)            Instrument_FlsAlloc(INSTRUMENT_PLACE, __VA_ARGS__)
#define FlsFree(...)             Instrument_FlsFree(INSTRUMENT_PLACE, __VA_ARGS__)
#define FlsGetValue(...)         Instrument_FlsGetValue(INSTRUMENT_PLACE, __VA_ARGS__)
#define FlsSetValue(...)         Instrument_FlsSetValue(INSTRUMENT_PLACE, __VA_ARGS__)
#define TlsAlloc()               Instrument_TlsAlloc(INSTRUMENT_PLACE)
#define TlsFree(...)             Instrument_TlsFree(INSTRUMENT_PLACE, __VA_ARGS__)
#define TlsGetValue(...)         Instrument_TlsGetValue(INSTRUMENT_PLACE, __VA_ARGS__)
#define TlsSetValue(...)         Instrument_TlsSetValue(INSTRUMENT_PLACE, __VA_ARGS__)
#define InitializeSRWLock(...)   Instrument_InitializeSRWLock(INSTRUMENT_PLACE, __VA_ARGS__)
#define AcquireSRWLockExclusive(...)                                                               \
    Instrument_AcquireSRWLockExclusive(INSTRUMENT_PLACE, __VA_ARGS__)
#define ReleaseSRWLockExclusive(...)                                                               \
    Instrument_ReleaseSRWLockExclusive(INSTRUMENT_PLACE, __VA_ARGS__)
#define AcquireSRWLockShared(...) Instrument_AcquireSRWLockShared(INSTRUMENT_PLACE, __VA_ARGS__)
#define ReleaseSRWLockShared(...) Instrument_ReleaseSRWLockShared(INSTRUMENT_PLACE, __VA_ARGS__)
#define InitializeConditionVariable(...)                                                           \
    Instrument_InitializeConditionVariable(INSTRUMENT_PLACE, __VA_ARGS__)
#define SleepConditionVariableSRW(...)                                                             \
    Instrument_SleepConditionVariableSRW(INSTRUMENT_PLACE, __VA_ARGS__)
#define SleepConditionVariableCS(...)                                                              \
    Instrument_SleepConditionVariableCS(INSTRUMENT_PLACE, __VA_ARGS__)
#define WakeConditionVariable(...) Instrument_WakeConditionVariable(INSTRUMENT_PLACE, __VA_ARGS__)
#define WakeAllConditionVariable(...)                                                              \
    Instrument_WakeAllConditionVariable(INSTRUMENT_PLACE, __VA_ARGS__)
#define InitializeCriticalSection(...)                                                             \
    Instrument_InitializeCriticalSection(INSTRUMENT_PLACE, __VA_ARGS__)
#define InitializeCriticalSectionAndSpinCount(...)                                                 \
    Instrument_InitializeCriticalSectionAndSpinCount(INSTRUMENT_PLACE, __VA_ARGS__)
#define DeleteCriticalSection(...) Instrument_DeleteCriticalSection(INSTRUMENT_PLACE, __VA_ARGS__)
#define EnterCriticalSection(...)  Instrument_EnterCriticalSection(INSTRUMENT_PLACE, __VA_ARGS__)
#define TryEnterCriticalSection(...)                                                               \
    Instrument_TryEnterCriticalSection(INSTRUMENT_PLACE, __VA_ARGS__)
#define LeaveCriticalSection(...) Instrument_LeaveCriticalSection(INSTRUMENT_PLACE, __VA_ARGS__)
#define malloc(...)               Instrument_malloc(INSTRUMENT_PLACE, __VA_ARGS__)
#define calloc(...)               Instrument_calloc(INSTRUMENT_PLACE, __VA_ARGS__)
#define realloc(...)              Instrument_realloc(INSTRUMENT_PLACE, __VA_ARGS__)
#define free(...)                 Instrument_free(INSTRUMENT_PLACE, __VA_ARGS__)
#define _strdup(...)              Instrument__strdup(INSTRUMENT_PLACE, __VA_ARGS__)
#define HeapAlloc(...)            Instrument_HeapAlloc(INSTRUMENT_PLACE, __VA_ARGS__)
#define HeapReAlloc(...)          Instrument_HeapReAlloc(INSTRUMENT_PLACE, __VA_ARGS__)
#define HeapFree(...)             Instrument_HeapFree(INSTRUMENT_PLACE, __VA_ARGS__)
#define GetProcessHeap()          Instrument_GetProcessHeap(INSTRUMENT_PLACE)
#define LocalFree(...)            Instrument_LocalFree(INSTRUMENT_PLACE, __VA_ARGS__)

#undef strdup
#define strdup(...) Instrument__strdup(INSTRUMENT_PLACE, __VA_ARGS__)

/* These are macros already. */
#undef InterlockedIncrement
#undef InterlockedDecrement
#undef InterlockedExchange
#undef InterlockedExchangeAdd
#undef InterlockedCompareExchange
#undef InterlockedIncrement64
#undef InterlockedDecrement64
#undef InterlockedExchange64
#undef InterlockedExchangeAdd64
#undef InterlockedCompareExchange64
#undef InterlockedAnd
#undef InterlockedOr
#undef InterlockedExchangePointer
#undef InterlockedCompareExchangePointer
#define InterlockedIncrement(...)         Instrument_InterlockedIncrement(__VA_ARGS__)
#define InterlockedDecrement(...)         Instrument_InterlockedDecrement(__VA_ARGS__)
#define InterlockedExchange(...)          Instrument_InterlockedExchange(__VA_ARGS__)
#define InterlockedExchangeAdd(...)       Instrument_InterlockedExchangeAdd(__VA_ARGS__)
#define InterlockedCompareExchange(...)   Instrument_InterlockedCompareExchange(__VA_ARGS__)
#define InterlockedIncrement64(...)       Instrument_InterlockedIncrement64(__VA_ARGS__)
#define InterlockedDecrement64(...)       Instrument_InterlockedDecrement64(__VA_ARGS__)
#define InterlockedExchange64(...)        Instrument_InterlockedExchange64(__VA_ARGS__)
#define InterlockedExchangeAdd64(...)     Instrument_InterlockedExchangeAdd64(__VA_ARGS__)
#define InterlockedCompareExchange64(...) Instrument_InterlockedCompareExchange64(__VA_ARGS__)
#define InterlockedAnd(...)               Instrument_InterlockedAnd(__VA_ARGS__)
#define InterlockedOr(...)                Instrument_InterlockedOr(__VA_ARGS__)
#define InterlockedExchangePointer(...)   Instrument_InterlockedExchangePointer(__VA_ARGS__)
#define InterlockedCompareExchangePointer(...)                                                     \
    Instrument_InterlockedCompareExchangePointer(__VA_ARGS__)
#endif

#endif
