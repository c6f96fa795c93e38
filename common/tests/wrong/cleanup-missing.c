/*
 * The program ends without WSACleanup.
 *
 * Expect: rule 7: WSACleanup is missing
 */
#include "Loopback.h"

int main(void)
{
    WSADATA data;

    Require(WSAStartup(MAKEWORD(2, 2), &data) == 0, "WSAStartup"); /* Wrong */
    return 0;
}
