/*
 * Storm: what the files of storm.exe share. Services come and go in a few places, with settings drawn
 * at random; threads and raw peers do with them whatever they may. Nothing here decides what happens
 * next but random numbers: what has to hold is checked in callbacks and at the end.
 */
#ifndef STORM_H
#define STORM_H

#include "Random.h"
#include "Service.h"
#include "Test.h"

#define SERVERS 2 /* the first places have servers, the others clients */
#define PLACES  4

/* A place for a service after the other. One thread starts and stops them. */
typedef struct Place {
    Service service;
    ServiceType type;
    uint32_t seed; /* of its thread */

    SRWLOCK lock; /* held shared by threads that use the service */
    bool isUp;    /* they may */
    NetAddress address;

    volatile LONG connected; /* callbacks of this service */
    volatile LONG disconnected;
} Place;

typedef struct Storm {
    Place places[PLACES];
    ULONGLONG endMs;         /* when it is over, as Test_Now tells it */
    volatile LONG services;  /* that were started, ever */
    volatile LONG unstarted; /* and that were not, because of their settings */
    volatile LONG created;   /* sessions, ever */
    volatile LONG destroyed;
    volatile LONG peers; /* that were connected */
    volatile LONG sends; /* that were taken */
} Storm;

extern Storm storm;

bool Storm_IsOver(void);

/* The service of a place, drawn at random, for the caller to use until Storm_Leave; NULL: it is not up. */
Place *Storm_Enter(uint32_t *seed);
void Storm_Leave(Place *place);

/* Settings for a service of the place. False: one of them is illegal. */
bool Settings_Draw(Place *place, ServiceSettings *settings);

/* What a thread may do with a service, and with a session that was kept from it. */
void Service_Try(Place *place, uint32_t *seed);
void Sessions_Try(uint32_t *seed);

/* Releases the sessions that are still kept. */
void Sessions_Forget(void);

/* One raw peer comes, talks rubbish and leaves. */
void Peer_Visit(uint32_t *seed);

#endif
