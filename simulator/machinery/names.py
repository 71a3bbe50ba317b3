"""What Kubernetes calls a well-formed name: DNS labels and subdomains, label keys and values, ports, variables.

Every check takes the text and returns the list of complaints, empty when it is fine, in the words of
`k8s.io/apimachinery/pkg/util/validation` (1.33). Where a complaint belongs in an object is the caller's business.
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

DNS_LABEL_MAX = 63
DNS_SUBDOMAIN_MAX = 253

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_SEARCH_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SEARCH = rf"{_SEARCH_LABEL}(\.{_SEARCH_LABEL})*"
_DNS_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_WILDCARD = rf"\*\.{_SUBDOMAIN}"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_PERCENT = "[0-9]+%"
_HTTP_HEADER = "[-A-Za-z0-9]+"
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_LINK_LOCAL_MULTICAST = (ip_network("224.0.0.0/24"), ip_network("ff02::/16"))
_C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"

_label_pattern = re.compile(_LABEL)
_subdomain_pattern = re.compile(_SUBDOMAIN)
_search_pattern = re.compile(_SEARCH)
_dns_1035_pattern = re.compile(_DNS_1035)
_qualified_pattern = re.compile(_QUALIFIED)
_wildcard_pattern = re.compile(_WILDCARD)
_config_key_pattern = re.compile(_CONFIG_KEY)
_percent_pattern = re.compile(_PERCENT)
_http_path_pattern = re.compile(_HTTP_PATH)
_http_header_pattern = re.compile(_HTTP_HEADER)

_LABEL_SAYS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character"
)
_SUBDOMAIN_SAYS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_SEARCH_SAYS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_DNS_1035_SAYS = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character"
)
_WILDCARD_SAYS = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, "
    "which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
)
_QUALIFIED_SAYS = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_LABEL_VALUE_SAYS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character"
)
_QUALIFIED_EXAMPLES = ("MyName", "my.name", "123-abc")


def must_match(says: str, pattern: str, *examples: str) -> str:
    """The sentence with which upstream shows a pattern and what would have matched it."""
    if not examples:
        return f"{says} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{says} (e.g. {shown}regex used for validation is '{pattern}')"


def longer_than(limit: int) -> str:
    return f"must be no more than {limit} characters"


def outside(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


def _too_long(value: str, limit: int) -> list[str]:
    return [longer_than(limit)] if len(value) > limit and len(value.encode()) > limit else []


def dns_label(value: str) -> list[str]:
    problems = _too_long(value, DNS_LABEL_MAX)
    if not _label_pattern.fullmatch(value):
        if _subdomain_pattern.fullmatch(value):
            problems.append("must not contain dots")
        else:
            problems.append(must_match(_LABEL_SAYS, _LABEL, "my-name", "123-abc"))
    return problems


def dns_subdomain(value: str) -> list[str]:
    problems = _too_long(value, DNS_SUBDOMAIN_MAX)
    if not _subdomain_pattern.fullmatch(value):
        problems.append(must_match(_SUBDOMAIN_SAYS, _SUBDOMAIN, "example.com"))
    return problems


def search_domain(value: str) -> list[str]:
    """A subdomain that may have underscores, as in a resolver's search list."""
    problems = _too_long(value, DNS_SUBDOMAIN_MAX)
    if not _search_pattern.fullmatch(value):
        problems.append(must_match(_SEARCH_SAYS, _SEARCH, "example.com"))
    return problems


def dns_1035_label(value: str) -> list[str]:
    problems = _too_long(value, DNS_LABEL_MAX)
    if not _dns_1035_pattern.fullmatch(value):
        problems.append(must_match(_DNS_1035_SAYS, _DNS_1035, "my-name", "abc-123"))
    return problems


def wildcard_subdomain(value: str) -> list[str]:
    problems = _too_long(value, DNS_SUBDOMAIN_MAX)
    if not _wildcard_pattern.fullmatch(value):
        problems.append(must_match(_WILDCARD_SAYS, _WILDCARD, "*.example.com"))
    return problems


def qualified_name(value: str) -> list[str]:
    """A label or annotation key: an optional DNS subdomain and a slash, then a name."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        says = must_match(_QUALIFIED_SAYS, _QUALIFIED, *_QUALIFIED_EXAMPLES)
        return [f"a qualified name {says} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    problems = []
    if slash:
        if not prefix:
            problems.append("prefix part must be non-empty")
        else:
            problems += [f"prefix part {problem}" for problem in dns_subdomain(prefix)]
    if not name:
        problems.append("name part must be non-empty")
    else:
        problems += [f"name part {problem}" for problem in _too_long(name, DNS_LABEL_MAX)]
    if not _qualified_pattern.fullmatch(name):
        problems.append("name part " + must_match(_QUALIFIED_SAYS, _QUALIFIED, *_QUALIFIED_EXAMPLES))
    return problems


def label_value(value: str) -> list[str]:
    problems = _too_long(value, DNS_LABEL_MAX)
    if value and not _qualified_pattern.fullmatch(value):
        problems.append(must_match(_LABEL_VALUE_SAYS, f"({_QUALIFIED})?", "MyValue", "my_value", "12345"))
    return problems


def port_number(value: int) -> list[str]:
    return [] if 1 <= value <= 65535 else [outside(1, 65535)]


def port_name(value: str) -> list[str]:
    problems = _too_long(value, 15)
    if not re.fullmatch("[-a-z0-9]+", value):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        problems.append("must contain at least one letter (a-z)")
    if "--" in value:
        problems.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        problems.append("must not begin or end with a hyphen")
    return problems


def environment_variable(value: str) -> list[str]:
    """The relaxed rule, the default since 1.32: printable ASCII without the equals sign."""
    if not value:
        return ["environment variable name must be non-empty"]
    if all(" " <= character <= "~" and character != "=" for character in value):
        return []
    return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]


def config_key(value: str) -> list[str]:
    problems = _too_long(value, DNS_SUBDOMAIN_MAX)
    if not _config_key_pattern.fullmatch(value):
        says = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        problems.append(must_match(says, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    problems += _parent_folder(value)
    return problems


def _parent_folder(value: str) -> list[str]:
    if value == ".":
        return ["must not be '.'"]
    if value == "..":
        return ["must not be '..'"]
    return ["must not start with '..'"] if value.startswith("..") else []


def percent(value: str) -> list[str]:
    if _percent_pattern.fullmatch(value):
        return []
    says = "a valid percent string must be a numeric string followed by an ending '%'"
    return [must_match(says, _PERCENT, "1%", "93%")]


def http_header(value: str) -> list[str]:
    if _http_header_pattern.fullmatch(value):
        return []
    says = "a valid HTTP header must consist of alphanumeric characters or '-'"
    return [must_match(says, _HTTP_HEADER, "X-Header-Name")]


def ip(value: str) -> list[str]:
    try:
        ip_address(value)
    except ValueError:
        return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
    return []


def is_ip(value: str, family: str) -> bool:
    """Whether it is an address of this family, `IPv4` or `IPv6`."""
    try:
        return ip_address(value).version == int(family[-1]) and "%" not in value
    except ValueError:
        return False


def special_ip(value: str) -> list[str]:
    """Why an address is none that packets of others could be sent to (`ValidateNonSpecialIP`)."""
    try:
        address = ip_address(value)
    except ValueError:
        return ["must be a valid IP address"]
    problems = []
    if address.is_unspecified:
        problems.append(f"may not be unspecified ({value})")
    if address.is_loopback:
        problems.append("may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if address.is_link_local:
        problems.append("may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if any(address.version == one.version and address in one for one in _LINK_LOCAL_MULTICAST):
        problems.append("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
    return problems


def domain_prefixed_path(value: str) -> list[tuple[str, str]]:
    """`acme.io/foo`. Each complaint comes with the part that it is about."""
    host, slash, path = value.partition("/")
    if not slash or not host or not path:
        return [(value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    problems = [(host, says) for says in dns_subdomain(host)]
    if not _http_path_pattern.fullmatch(path):
        problems.append((path, must_match("Invalid path", _HTTP_PATH)))
    return problems


def fully_qualified_domain(value: str) -> list[tuple[str, str]]:
    """A domain of at least two labels. Each complaint comes with the part that it is about."""
    bare = value.removesuffix(".")
    if problems := dns_subdomain(bare):
        return [(bare, ",".join(problems))]
    if "." not in bare:
        return [(bare, "should be a domain with at least two segments separated by dots")]
    for label in bare.split("."):
        if problems := dns_label(label):
            return [(label, ",".join(problems))]
    return []


def cidr(value: str) -> list[str]:
    try:
        ip_network(value, strict=False)
    except ValueError:
        return ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]
    return [] if "/" in value else ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]
