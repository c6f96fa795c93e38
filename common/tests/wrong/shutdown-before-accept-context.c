/*
 * A socket from AcceptEx is shut down, and SO_UPDATE_ACCEPT_CONTEXT was not set on it.
 *
 * Expect: context: shutdown on a socket that AcceptEx has connected
 */
#include "Loopback.h"

int main(void)
{
    OpenPairWithAcceptEx();

    shutdown(accepted, SD_SEND); /* Wrong */
    return Close();
}
