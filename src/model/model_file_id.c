// SPDX-License-Identifier: MIT
#include "model/model_file_id.h"

#if defined(__linux__)

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/syscall.h>

// unistd.h declares it only for programs that are not strictly POSIX's.
long
syscall(long number, ...);

// stat() would need glibc 2.33, and statx() 2.28: MOD's devices have 2.27.
bool
model_file_id(const char* path, ModelFileId* id)
{
  const unsigned mask = STATX_BASIC_STATS;
  struct statx found;
  if (syscall(SYS_statx, AT_FDCWD, path, 0, mask, &found) != 0 || (found.stx_mask & mask) != mask) {
    return false;
  }
  *id = (ModelFileId){
      .device = (uint64_t)found.stx_dev_major << 32U | found.stx_dev_minor,
      .inode = found.stx_ino,
      .size = found.stx_size,
      .modified_s = found.stx_mtime.tv_sec,
      .modified_ns = found.stx_mtime.tv_nsec,
      .changed_s = found.stx_ctime.tv_sec,
      .changed_ns = found.stx_ctime.tv_nsec,
  };
  return true;
}

#else

#include <sys/stat.h>

bool
model_file_id(const char* path, ModelFileId* id)
{
  struct stat found;
  if (stat(path, &found) != 0) {
    return false;
  }
  *id = (ModelFileId){
      .device = (uint64_t)found.st_dev,
      .inode = (uint64_t)found.st_ino,
      .size = (uint64_t)found.st_size,
      .modified_s = found.st_mtim.tv_sec,
      .modified_ns = found.st_mtim.tv_nsec,
      .changed_s = found.st_ctim.tv_sec,
      .changed_ns = found.st_ctim.tv_nsec,
  };
  return true;
}

#endif

bool
model_file_ids_are_equal(const ModelFileId* a, const ModelFileId* b)
{
  return a->device == b->device && a->inode == b->inode && a->size == b->size &&
         a->modified_s == b->modified_s && a->modified_ns == b->modified_ns &&
         a->changed_s == b->changed_s && a->changed_ns == b->changed_ns;
}
