/*
 * SO_UPDATE_ACCEPT_CONTEXT is given the accepted socket, where it takes the one that listens.
 *
 * Expect: context: SO_UPDATE_ACCEPT_CONTEXT is not given the socket that listens
 */
#include "Loopback.h"

int main(void)
{
    const int option = SO_UPDATE_ACCEPT_CONTEXT;

    OpenPairWithAcceptEx();

    setsockopt(accepted, SOL_SOCKET, option, (const char *)&accepted, sizeof(accepted)); /* Wrong */
    shutdown(accepted, SD_SEND);
    return Close();
}
