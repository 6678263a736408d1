/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* The embedded broker with the demo's topics, for tests in C: one a process, for as long as it lives. Gives "127.0.0.1:port", or a null pointer after
 * saying why on standard error. */
const char* test_broker_start(void);

#ifdef __cplusplus
}
#endif
