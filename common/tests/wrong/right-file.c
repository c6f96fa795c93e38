/*
 * Overlapped I/O on a file: there the OVERLAPPED says where in the file, so it is not all zeros.
 *
 * Expect: nothing
 */
#include "Loopback.h"

int main(void)
{
    static OVERLAPPED overlapped;
    static char header[2];
    WCHAR path[MAX_PATH];
    HANDLE file;
    DWORD length = GetModuleFileNameW(NULL, path, MAX_PATH);

    Require(length > 0 && length < MAX_PATH, "GetModuleFileNameW");
    file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED, NULL);
    Require(file != INVALID_HANDLE_VALUE, "CreateFileW");
    OpenPort();
    Associate((SOCKET)file);

    /* Twice the same place of this program's own file, near its beginning. */
    for (int i = 0; i < 2; i++) {
        memset(&overlapped, 0, sizeof(overlapped));
        overlapped.Offset = 64;
        Require(ReadFile(file, header, sizeof(header), NULL, &overlapped) ||
                    GetLastError() == ERROR_IO_PENDING,
                "ReadFile");
        TakeCompletion();
    }
    CloseHandle(file);
    return Close();
}
