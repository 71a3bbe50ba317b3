"""Go's words for what is no JSON: `encoding/json/decode_test.go` and `scanner_test.go` know most of them."""

import pytest

from simulator.machinery.go_json import complaint


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", ""),
        ('{"a":[1,-2.5e3,true,null,"x\\n"]}', ""),
        ("{", "unexpected end of JSON input"),
        ('{"a":"b', "unexpected end of JSON input"),
        ("{spec:{replicas:2}}", "invalid character 's' looking for beginning of object key string"),
        ("{'spec':2}", r"invalid character '\'' looking for beginning of object key string"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1 "b":2}', "invalid character '\"' after object key:value pair"),
        ('{"a":}', "invalid character '}' looking for beginning of value"),
        ('{"a":1}}', "invalid character '}' after top-level value"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("[1 2]", "invalid character '2' after array element"),
        ('{"a":two}', "invalid character 'w' in literal true (expecting 'r')"),
        ('{"a":01}', "invalid character '1' after object key:value pair"),
        ('{"a":-x}', "invalid character 'x' in numeric literal"),
        ('{"a":1.}', "invalid character '}' after decimal point in numeric literal"),
        ('{"a":"b\n"}', r"invalid character '\n' in string literal"),
        (r'{"a":"\x"}', "invalid character 'x' in string escape code"),
    ],
)
def test_what_is_no_json_is_told_in_the_words_of_go(text: str, why: str) -> None:
    assert complaint(text) == why
