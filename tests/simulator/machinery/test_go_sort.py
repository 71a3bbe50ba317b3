"""Go's `sort.Sort`, compared with what real kubectl made of lists full of ties."""

import pytest

from simulator.machinery.go_sort import go_sorted

#: What kubectl 1.33 sorted by: the rank of each item's key in the order of the server's answer (-1: it has none), and the order shown.
TIED = [
    ([-1, 2, 2, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2],
     [0, 12, 8, 9, 10, 7, 6, 11, 5, 4, 2, 3, 1, 13, 14, 15]),
    ([-1, 1, 1, 2, 0, 0, 0, 0, 0, 1, 0, 2, 0, 1, 2, 2],
     [0, 8, 7, 12, 4, 5, 6, 10, 1, 2, 9, 13, 11, 3, 14, 15]),
    ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
     0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
     0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
     [75, 76, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 102, 101, 100, 99, 98, 28,
     29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 97, 42, 43, 44, 45, 46, 47, 48, 49, 1, 86, 87, 53, 54, 55, 56,
     57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 0, 50, 77, 78, 79, 80, 81, 82, 83, 84,
     85, 51, 52, 88, 89, 90, 91, 92, 93, 94, 95, 96, 41, 25, 24, 23, 27, 26]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "order"), TIED, ids=["pods by their start", "pods by their node", "events by their count"]
)
def test_ties_lie_where_the_real_one_leaves_them(keys: list[int], order: list[int]) -> None:
    assert go_sorted(range(len(keys)), lambda i, j: keys[i] < 0 or 0 <= keys[i] < keys[j]) == order


@pytest.mark.parametrize("size", [0, 1, 12, 13, 49, 50, 200])
@pytest.mark.parametrize("step", [1, -1, 7], ids=["rising", "falling", "mixed"])
def test_any_list_ends_in_order(size: int, step: int) -> None:
    items = [(at * step) % 101 for at in range(size)]
    assert go_sorted(items, lambda one, other: one < other) == sorted(items)


def test_up_to_twelve_items_ties_keep_their_order() -> None:
    items = [(at % 3, at) for at in range(12)]
    assert go_sorted(items, lambda one, other: one[0] < other[0]) == sorted(items)
