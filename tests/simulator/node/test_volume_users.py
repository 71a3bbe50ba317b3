"""Who mounts what, and what is left of it when a pod goes."""

from simulator.node.volume_users import VolumeUsers


def users(*mounts: tuple[str, str]) -> VolumeUsers:
    made = VolumeUsers()
    for uid, name in mounts:
        made.add(uid, "configmaps", "default", name)
    return made


def of(known: VolumeUsers, name: str) -> list[str]:
    return list(known.of("configmaps", "default", name))


def test_users_are_found_in_the_order_in_which_they_came() -> None:
    known = users(("b", "conf"), ("a", "conf"), ("a", "other"))
    assert (of(known, "conf"), of(known, "other"), of(known, "none")) == (["b", "a"], ["a"], [])


def test_a_pod_that_goes_leaves_nothing_behind() -> None:
    known = users(("a", "conf"), ("b", "conf"), ("b", "other"))
    known.remove("b")
    assert known.dump() == [["configmaps/default/conf", ["a"]]]
    known.add("b", "configmaps", "default", "late")
    known.remove("b")
    known.remove("a")
    known.remove("nobody")
    assert known.dump() == []


def test_what_is_mounted_again_stands_where_it_stands_after_a_restore() -> None:
    """An order that only the running cluster knew would make another future."""
    running, restored = users(("a", "conf"), ("b", "other")), VolumeUsers()
    running.remove("a")
    restored.load(running.dump())
    for known in (running, restored):
        known.add("c", "configmaps", "default", "conf")
    assert running.dump() == restored.dump()
    assert [key for key, _ in running.dump()] == ["configmaps/default/other", "configmaps/default/conf"]
