"""`node.volumes`: what containers see of volumes, and what they may do to them."""

import pytest

from simulator.node.volumes import NO_SPACE, READ_ONLY, Contents, Mount, Mounts


def mounts(*given: Mount, contents: Contents | None = None) -> Mounts:
    return Mounts(contents or Contents(), given)


def test_two_containers_see_one_volume_at_different_paths() -> None:
    contents = Contents()
    writer = mounts(Mount("/out", "pod/u/html"), contents=contents)
    reader = mounts(Mount("/usr/share/nginx/html", "pod/u/html", read_only=True), contents=contents)
    assert writer.write("/out/index.html", "hello\n") == ""
    assert reader.read("/usr/share/nginx/html/index.html") == "hello\n"
    assert reader.files() == {"/usr/share/nginx/html/index.html": "hello\n"}


@pytest.mark.parametrize(
    ("path", "held"),
    [
        pytest.param("/data", True, id="the mount point"),
        pytest.param("/data/a/b", True, id="below it"),
        pytest.param("/database", False, id="another name that begins alike"),
        pytest.param("/", False, id="above it"),
    ],
)
def test_a_volume_holds_what_lies_below_its_mount_point(path: str, held: bool) -> None:
    assert mounts(Mount("/data", "v")).holds(path) is held


def test_a_read_only_mount_refuses_in_the_kernels_words() -> None:
    volume = mounts(Mount("/etc/config", "v", read_only=True))
    assert volume.write("/etc/config/key", "x") == READ_ONLY
    assert volume.remove("/etc/config/key") == READ_ONLY
    assert volume.is_read_only("/etc/config/key")


def test_a_full_volume_refuses_and_keeps_what_it_has() -> None:
    contents = Contents()
    contents.limit("v", 4)
    volume = mounts(Mount("/data", "v"), contents=contents)
    assert volume.write("/data/a", "1234") == ""
    assert volume.write("/data/b", "5") == NO_SPACE
    assert volume.write("/data/a", "99") == ""
    assert volume.files() == {"/data/a": "99"}


def test_a_sub_path_shows_one_directory_or_one_file() -> None:
    contents = Contents()
    contents.replace("v", {"site/index.html": "a", "nginx.conf": "b", "other": "c"})
    volume = mounts(Mount("/html", "v", "site"), Mount("/etc/nginx.conf", "v", "nginx.conf"), contents=contents)
    assert volume.files() == {"/etc/nginx.conf": "b", "/html/index.html": "a"}
    assert volume.read("/etc/nginx.conf") == "b"
    assert volume.write("/html/new", "d") == ""
    assert contents.of("v")["site/new"] == "d"


def test_a_mount_below_another_one_hides_what_is_there() -> None:
    contents = Contents()
    contents.replace("outer", {"a": "1", "inner/b": "hidden"})
    contents.replace("inner", {"b": "2"})
    volume = mounts(Mount("/data", "outer"), Mount("/data/inner", "inner"), contents=contents)
    assert volume.files() == {"/data/a": "1", "/data/inner/b": "2"}
    assert list(volume.list("/data")) == ["a", "inner"]
    assert [path for path, _, _ in volume.places()] == ["/data", "/data/inner"]


def test_contents_are_plain_data() -> None:
    contents = Contents()
    contents.write("v", "a", "1")
    contents.limit("v", 9)
    restored = Contents()
    restored.load(contents.dump())
    assert restored.dump() == {"files": {"v": {"a": "1"}}, "limits": {"v": 9}}
    restored.drop("v")
    assert not restored.has("v")
