// SPDX-License-Identifier: MIT
// A folder of a test's own. It lies in /tmp, which POSIX has and where paths stay short enough for
// the address of a socket.
#ifndef OD3_TEST_SCRATCH_H
#define OD3_TEST_SCRATCH_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// The folder's path, once scratch_make() has made it.
static char folder[] = "/tmp/od3-XXXXXX";

// Makes the folder; once in a program. Returns whether it could.
static inline bool
scratch_make(void)
{
  return mkdtemp(folder);
}

// Removes the folder and all that it holds. Returns whether it could.
static inline bool
scratch_remove(void)
{
  char command[sizeof folder + sizeof "rm -rf "];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command) == 0;
}

#endif
