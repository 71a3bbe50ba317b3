"""kubectl's dialect of JSONPath (https://kubernetes.io/docs/reference/kubectl/jsonpath/)."""

import pytest

from simulator.machinery.jsonpath import JsonPath, JsonPathError, relaxed

DATA = {
    "kind": "List",
    "items": [
        {
            "kind": "None",
            "metadata": {"name": "127.0.0.1", "labels": {"kubernetes.io/hostname": "127.0.0.1"}},
            "status": {"capacity": {"cpu": "4"}, "addresses": [{"type": "LegacyHostIP", "address": "127.0.0.1"}]},
        },
        {
            "kind": "None",
            "metadata": {"name": "127.0.0.2"},
            "status": {
                "capacity": {"cpu": "8"},
                "ready": True,
                "addresses": [{"type": "another", "address": "127.0.0.3"}],
            },
        },
    ],
    "users": [{"name": "myself", "n": 1}, {"name": "e2e", "n": 7}],
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("kind is {.kind}", "kind is List"),
        ("{['kind']}", "List"),
        ("{..name}", "127.0.0.1 127.0.0.2 myself e2e"),
        ("{.items[*].metadata.name}", "127.0.0.1 127.0.0.2"),
        ("{.users[0].name}", "myself"),
        ("{.users[-1:].name}", "e2e"),
        ("{.items[0:1].metadata.name}", "127.0.0.1"),
        ("{.items[*]['metadata.name', 'status.capacity']}", '127.0.0.1 127.0.0.2 {"cpu":"4"} {"cpu":"8"}'),
        ('{.users[?(@.name=="e2e")].n}', "7"),
        ("{.users[?(@.n>3)].name}", "e2e"),
        ("{.items[?(@.status.ready)].metadata.name}", "127.0.0.2"),
        (
            "{range .items[*]}[{.metadata.name}, {.status.capacity}] {end}",
            '[127.0.0.1, {"cpu":"4"}] [127.0.0.2, {"cpu":"8"}] ',
        ),
        ('{range .items[*]}{.metadata.name}{"\\t"}{"\\n"}{end}', "127.0.0.1\t\n127.0.0.2\t\n"),
        ("{.items[0].metadata.labels.kubernetes\\.io/hostname}", "127.0.0.1"),
        ("{.nope}x", "x"),
        ("{.users[0]}", '{"name":"myself","n":1}'.replace('"name":"myself","n":1', '"n":1,"name":"myself"')),
        (".kind", ".kind"),
    ],
    ids=lambda value: value if value.startswith(("{", ".", "kind")) else "",
)
def test_templates_print_what_they_find(template: str, text: str) -> None:
    assert JsonPath(template).text(DATA) == text


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{.items", "unclosed action"),
        ("{.items[0", "unterminated array"),
        ('{.items["a"]}', 'invalid array index "a"'),
        ("{.items[-]}", "array index - is not a number"),
        ("{.items[?(@.a==1)}", "unclosed array expect ]"),
        ("{.items[?(@.a==1]}", "unterminated filter"),
        ('{"open}', "unterminated quoted string"),
        ("{'a\\d'}", "unquote string 'a\\d' error invalid syntax"),
        ("{.. ..}", "invalid multiple recursive descent"),
        ("{1.2.3}", "cannot parse number 1.2.3"),
        ("{.a,.b}", "unrecognized character in action: U+002C ','"),
        ("{\t}", "unrecognized character in action: U+0009"),
    ],
)
def test_a_broken_template_is_refused_with_its_text(template: str, why: str) -> None:
    with pytest.raises(JsonPathError) as caught:
        JsonPath(template)
    assert str(caught.value) == why


def test_an_index_outside_the_list_is_an_error() -> None:
    with pytest.raises(JsonPathError) as caught:
        JsonPath("{.users[5]}").text(DATA)
    assert str(caught.value) == "array index out of bounds: index 5, length 2"


@pytest.mark.parametrize("given", ["metadata.name", ".metadata.name", "{.metadata.name}", "{metadata.name}"])
def test_sort_and_column_paths_may_leave_out_braces_and_dot(given: str) -> None:
    assert relaxed(given) == "{.metadata.name}"


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{users}", "unrecognized identifier users"),
        ("{.users}{end}", "not in range, nothing to end"),
        ("{.users[?(name=='a')]}", "unrecognized identifier name"),
        ("{.users[?(@.name='a')]}", "unrecognized filter operator ="),
        ("{.users[?(@.name==1)]}", "incompatible types for comparison"),
        ("{[0]}", "map[string]interface {} is not array or slice"),
        ("{.users[2:1]}", "array index out of bounds: index 2, length 2"),
        ("{.users[1:0]}", "starting index 1 is greater than ending index 0"),
    ],
)
def test_what_cannot_be_applied_says_why(template: str, why: str) -> None:
    with pytest.raises(JsonPathError) as caught:
        JsonPath(template).text({"users": [{"name": "a"}, {"name": "b"}]})
    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{range .users[*]}{.name};", "a;b;;"),
        ("{range .none}{.name}{end}after", "after"),
        ("{.users[*].name}{'-'}", "a b-"),
        ("{range}{.users[0].name}{end}", "a"),
    ],
    ids=["a range without end is followed by its rest", "of nothing", "text of its own", "of the whole"],
)
def test_ranges_go_as_the_real_one_goes(template: str, text: str) -> None:
    assert JsonPath(template).text({"users": [{"name": "a"}, {"name": "b"}]}) == text
