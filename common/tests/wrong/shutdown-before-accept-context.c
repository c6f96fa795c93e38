/*
 * A socket from AcceptEx is shut down, and SO_UPDATE_ACCEPT_CONTEXT was not set on it.
 *
 * Expect: context: shutdown on a socket that AcceptEx has connected
 * Exit: 3
 */
#include "Loopback.h"

int main(void)
{
    SOCKET listener, client, accepted;

    OpenPairWithAcceptEx(&client, &accepted, &listener);

    shutdown(accepted, SD_SEND); /* Wrong */

    SocketUtils_Close(&listener);
    ClosePair(client, accepted);
    return 0;
}
