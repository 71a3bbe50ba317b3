"""How much an ext4 file system on a disk holds, as `mkfs.ext4 -m0` makes it and the kernel reports it.

Follows `mke2fs` 1.47 with its usual settings, and `ext4_statfs`. Promises: pure functions. A disk that has grown is taken as if it had
been made at its size: a real one keeps its journal. Below 512 MiB, where `mke2fs` has other settings, nothing is taken for itself.
"""

_KIB = 1024
BLOCK = 4 * _KIB
#: Of `mke2fs` with its usual settings: blocks in a group, those of its inodes and its two bitmaps, and how many groups one block describes.
_GROUP, _INODES, _DESCRIBED = 32_768, 512 + 2, 64
_MOST_RESERVED = 1024
_SMALL = 131_072
#: Blocks of a journal, up to so many blocks of a disk (`ext2fs_default_journal_size`).
_JOURNALS = (
    (256 << 10, 4096),
    (512 << 10, 8192),
    (4096 << 10, 16_384),
    (8192 << 10, 32_768),
    (16_384 << 10, 65_536),
    (32_768 << 10, 131_072),
)
_LARGEST_JOURNAL = 262_144
#: What the kernel keeps back for itself (`ext4_set_resv_clusters`), and an empty file system holds: its root and `lost+found`.
_KEPT, _EMPTY = 4096, 6


def room(size: int, held: int) -> tuple[int, int, int]:
    """(size, used, available) in KiB of an ext4 file system on a disk of `size` bytes that files fill with `held` KiB."""
    blocks, scale = size // BLOCK, BLOCK // _KIB
    if blocks < _SMALL:
        return blocks * scale, held, max(blocks * scale - held, 0)
    journal = next((length for limit, length in _JOURNALS if blocks < limit), _LARGEST_JOURNAL)
    groups = -(-blocks // _GROUP)
    described = -(-groups // _DESCRIBED)
    reserved = min(_MOST_RESERVED, groups * 1024 // _DESCRIBED - described)
    copies = _copies(groups)
    overhead = journal + groups * _INODES + copies * (1 + described + reserved)
    usable = max(blocks - overhead, 0)
    used = _EMPTY + (1 if journal == _LARGEST_JOURNAL else 0) + held // scale
    return usable * scale, used * scale, max(usable - used - min(_KEPT, blocks // 50), 0) * scale


def _copies(groups: int) -> int:
    """How many groups hold a copy of the superblock (`sparse_super`): 0, 1, and powers of 3, 5 and 7."""
    found = min(groups, 2)
    for base in (3, 5, 7):
        power = base
        while power < groups:
            found, power = found + 1, power * base
    return found


def fits(size: int) -> int:
    """Bytes of files that an empty file system on a disk of `size` bytes takes."""
    return room(size, 0)[2] * _KIB
