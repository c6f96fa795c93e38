/*
 * InstrumentApi: see InstrumentApi.h.
 */
#include "InstrumentApi.h"

#define INSTRUMENT_INFO(name, kind, error) {#name, kind, error},
const ApiInfo apiInfos[API_COUNT] = {INSTRUMENT_APIS(INSTRUMENT_INFO)};

const char *Api_GetKindName(Api api)
{
    static const char *const names[] = {"io", "memory", "lock", "text"};

    return names[apiInfos[api].kind];
}
