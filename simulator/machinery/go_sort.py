"""Go's `sort.Sort`, which leaves ties in an order of its own.

Promises: the order that Go 1.19 and later give (pattern-defeating quicksort, `src/sort/zsortinterface.go`), ties included, so
that a list sorted by a real client and by ours is the same list. Up to twelve items ties keep their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

_INSERTION = 12
_NINTHER = 50
_MOST_SWAPS = 12
_SHIFTS = 5
_SHORTEST_SHIFTED = 50
_64_BITS = (1 << 64) - 1


def go_sorted(items: Iterable[T], less: Callable[[T, T], bool]) -> list[T]:
    """The items as `sort.Sort` leaves them."""
    return _Sort(list(items), less).sorted()


class _Sort(Generic[T]):
    def __init__(self, items: list[T], less: Callable[[T, T], bool]) -> None:
        self.items = items
        self._before = less
        self._swaps = 0

    def sorted(self) -> list[T]:
        self._pdq(0, len(self.items), len(self.items).bit_length())
        return self.items

    def less(self, i: int, j: int) -> bool:
        return self._before(self.items[i], self.items[j])

    def swap(self, i: int, j: int) -> None:
        self.items[i], self.items[j] = self.items[j], self.items[i]

    def _pdq(self, a: int, b: int, limit: int) -> None:
        is_balanced = is_partitioned = True
        while b - a > _INSERTION:
            length = b - a
            if limit == 0:
                self._heap(a, b)
                return
            if not is_balanced:
                self._break_patterns(a, b)
                limit -= 1
            pivot = self._pivot(a, b)
            is_rising = self._swaps == 0
            if self._swaps == _MOST_SWAPS:
                self.items[a:b] = self.items[a:b][::-1]
                pivot = (b - 1) - (pivot - a)
                is_rising = True
            if is_balanced and is_partitioned and is_rising and self._is_sorted_by_shifting(a, b):
                return
            if a > 0 and not self.less(a - 1, pivot):
                a = self._partition_equal(a, b, pivot)
                continue
            middle, is_partitioned = self._partition(a, b, pivot)
            left, right = middle - a, b - middle
            is_balanced = min(left, right) >= length // 8
            if left < right:
                self._pdq(a, middle, limit)
                a = middle + 1
            else:
                self._pdq(middle + 1, b, limit)
                b = middle
        self._insertion(a, b)

    def _insertion(self, a: int, b: int) -> None:
        for i in range(a + 1, b):
            j = i
            while j > a and self.less(j, j - 1):
                self.swap(j, j - 1)
                j -= 1

    def _heap(self, first: int, b: int) -> None:
        size = b - first
        for root in range((size - 1) // 2, -1, -1):
            self._sift_down(root, size, first)
        for last in range(size - 1, -1, -1):
            self.swap(first, first + last)
            self._sift_down(0, last, first)

    def _sift_down(self, root: int, end: int, first: int) -> None:
        while (child := 2 * root + 1) < end:
            if child + 1 < end and self.less(first + child, first + child + 1):
                child += 1
            if not self.less(first + root, first + child):
                return
            self.swap(first + root, first + child)
            root = child

    def _partition(self, a: int, b: int, pivot: int) -> tuple[int, bool]:
        """Where the pivot is afterwards, and whether nothing had to move."""
        self.swap(a, pivot)
        i, j = self._narrowed(a, a + 1, b - 1)
        if i > j:
            self.swap(j, a)
            return j, True
        while i <= j:
            self.swap(i, j)
            i, j = self._narrowed(a, i + 1, j - 1)
        self.swap(j, a)
        return j, False

    def _narrowed(self, pivot: int, i: int, j: int) -> tuple[int, int]:
        while i <= j and self.less(i, pivot):
            i += 1
        while i <= j and not self.less(j, pivot):
            j -= 1
        return i, j

    def _partition_equal(self, a: int, b: int, pivot: int) -> int:
        self.swap(a, pivot)
        i, j = a + 1, b - 1
        while True:
            while i <= j and not self.less(a, i):
                i += 1
            while i <= j and self.less(a, j):
                j -= 1
            if i > j:
                return i
            self.swap(i, j)
            i, j = i + 1, j - 1

    def _is_sorted_by_shifting(self, a: int, b: int) -> bool:
        i = a + 1
        for _ in range(_SHIFTS):
            while i < b and not self.less(i, i - 1):
                i += 1
            if i == b:
                return True
            if b - a < _SHORTEST_SHIFTED:
                return False
            self.swap(i, i - 1)
            if i - a >= 2:
                j = i - 1
                while j >= 1 and self.less(j, j - 1):
                    self.swap(j, j - 1)
                    j -= 1
            if b - i >= 2:
                j = i + 1
                while j < b and self.less(j, j - 1):
                    self.swap(j, j - 1)
                    j += 1
        return False

    def _break_patterns(self, a: int, b: int) -> None:
        length = number = b - a
        middle = a + (length // 4) * 2
        for i in range(3):
            number ^= number << 13 & _64_BITS
            number ^= number >> 7
            number ^= number << 17 & _64_BITS
            other = number & ((1 << length.bit_length()) - 1)
            self.swap(middle - 1 + i, a + (other - length if other >= length else other))

    def _pivot(self, a: int, b: int) -> int:
        quarter = (b - a) // 4
        self._swaps = 0
        i, j, k = a + quarter, a + 2 * quarter, a + 3 * quarter
        if b - a >= _NINTHER:
            i, j, k = (self._median(at - 1, at, at + 1) for at in (i, j, k))
        return self._median(i, j, k)

    def _median(self, a: int, b: int, c: int) -> int:
        a, b = self._ordered(a, b)
        b, c = self._ordered(b, c)
        a, b = self._ordered(a, b)
        return b

    def _ordered(self, a: int, b: int) -> tuple[int, int]:
        if self.less(b, a):
            self._swaps += 1
            return b, a
        return a, b
