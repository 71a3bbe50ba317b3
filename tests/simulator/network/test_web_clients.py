"""What `curl` and BusyBox' `wget` do with their options, as a learner sees it in a container."""

import pytest

from simulator import KubeCluster
from tests.proof.follows import follows

BAR = "*" * 31


@pytest.fixture(scope="module")
def kube() -> KubeCluster:
    """A web server `web`, and a client of each kind."""
    made = KubeCluster.create()
    made.kubectl(
        "run web --image=registry.k8s.io/e2e-test-images/agnhost:2.53 --port=80 -- netexec --http-port=80 --udp-port=-1"
    )
    made.kubectl("expose pod web")
    made.kubectl("run curl --image=curlimages/curl --restart=Never -- sleep 100000")
    made.kubectl("run box --image=busybox --restart=Never -- sleep 100000")
    made.advance("30s")
    return made


@pytest.fixture(scope="module")
def address(kube: KubeCluster) -> str:
    return kube.kubectl("get service web -o jsonpath={.spec.clusterIP}").stdout


def said(kube: KubeCluster, pod: str, line: str) -> tuple[str, str, int]:
    """(standard output, standard error without what kubectl adds, exit code)."""
    result = kube.kubectl(f"exec {pod} -- {line}", check=False)
    return result.stdout, result.stderr.partition("command terminated")[0], result.exit


@follows(
    "HTTP clients",
    "curl/curl/src/tool_writeout.c: variables",
)
@pytest.mark.parametrize(
    ("line", "out", "err", "code"),
    [
        pytest.param("curl web/hostname", "web\n", "", 0, id="shows the body"),
        pytest.param("curl -I web/hostname", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "", 0, id="head"),
        pytest.param("curl -si web/hostname", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nweb\n", "", 0, id="include"),
        pytest.param("curl -s -o /dev/null -w '%{http_code}\\n' 'web/echo?msg=no&code=404'", "404\n", "", 0, id="write-out"),
        pytest.param("curl -sw ' %{http_code} %{size_download}%%' web/hostname", "web 200 3%\n", "", 0, id="write-out behind the body"),
        pytest.param("curl -s -w '%{http_code}' nope", "000\n", "", 6, id="write-out of a failure"),
        pytest.param("curl nope", "", "curl: (6) Could not resolve host: nope\n", 6, id="no such host"),
        pytest.param("curl -sS nope", "", "curl: (6) Could not resolve host: nope\n", 6, id="silent, but errors"),
        pytest.param("curl -sf 'web/echo?msg=no&code=404'", "", "", 22, id="fail"),
        pytest.param("curl -f 'web/echo?msg=no&code=404'", "", "curl: (22) The requested URL returned error: 404\n", 22, id="fail aloud"),
        pytest.param("curl -sfXGET -m5 web/hostname", "web\n", "", 0, id="a bundle with a value in it"),
        pytest.param("curl -s --url web/hostname", "web\n", "", 0, id="url"),
        pytest.param("curl -s web/hostname web/hostname", "web\nweb\n", "", 0, id="two"),
        pytest.param("curl -m 2 10.96.77.77", "", "curl: (28) Connection timed out after 2000 milliseconds\n", 28, id="max-time"),
        pytest.param(
            "curl --connect-timeout 1.5 10.96.77.77", "",
            "curl: (28) Failed to connect to 10.96.77.77 port 80 after 1500 ms: Timeout was reached\n", 28, id="connect-timeout",
        ),
        pytest.param(
            "curl --frobnicate web", "",
            "curl: option --frobnicate: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information\n", 2, id="unknown option",
        ),
        pytest.param(
            "curl web -o", "", "curl: option -o: requires parameter\ncurl: try 'curl --help' or 'curl --manual' for more information\n", 2,
            id="without its value",
        ),
        pytest.param("curl -sw '%{nope}' -o /dev/null web/hostname", "", "curl: unknown --write-out variable: 'nope'\n", 0, id="unknown variable"),
        pytest.param(
            "curl -m x web", "",
            "curl: option -m: expected a proper numerical parameter\ncurl: try 'curl --help' or 'curl --manual' for more information\n", 2, id="no number",
        ),
        pytest.param("curl -x proxy:3128 web", "", "curl: option --proxy: is not simulated\n", 2, id="not simulated"),
    ],
)  # fmt: skip
def test_curl_does_what_its_options_say(kube: KubeCluster, line: str, out: str, err: str, code: int) -> None:
    assert said(kube, "curl", line) == (out, err, code)


def test_curl_tells_the_way(kube: KubeCluster, address: str) -> None:
    """The words of curl 8.11."""
    assert said(kube, "curl", "curl -sv -H 'X-Of: ann' -d a=b web/echo?msg=hi") == (
        "hi\n",
        f"* Host web:80 was resolved.\n* IPv6: (none)\n* IPv4: {address}\n*   Trying {address}:80...\n"
        f"* Connected to web ({address}) port 80\n* using HTTP/1.x\n> POST /echo?msg=hi HTTP/1.1\n> Host: web\n"
        "> User-Agent: curl/8.11.1\n> Accept: */*\n> X-Of: ann\n> Content-Length: 3\n> Content-Type: application/x-www-form-urlencoded\n> \n"
        "* upload completely sent off: 3 bytes\n< HTTP/1.1 200 OK\n< Content-Length: 2\n< \n* Connection #0 to host web left intact\n",
        0,
    )


def test_curl_saves_a_file(kube: KubeCluster) -> None:
    assert said(kube, "box", "sh -c 'cat /etc/hostname'") == ("box\n", "", 0)
    assert said(
        kube, "curl", "sh -c 'curl -so /tmp/a web/hostname; cd /tmp; curl -sO web/hostname; cat a hostname'"
    ) == ("webweb", "", 0)
    assert said(kube, "curl", "curl -so /none/a web/hostname") == ("", "", 23)
    assert said(kube, "curl", "curl -o /none/a web/hostname") == (
        "", "Warning: Failed to open the file /none/a: No such file or directory\ncurl: (23) Failure writing output to destination\n", 23,
    )  # fmt: skip


@follows(
    "HTTP clients",
    "mirror/busybox/networking/wget.c: download_one_url",
    "mirror/busybox/libbb/progress.c: bb_progress_update",
)
@pytest.mark.parametrize(
    ("line", "out", "err", "code"),
    [
        pytest.param("wget -qO- web/hostname", "web\n", "", 0, id="quiet"),
        pytest.param(
            "wget -O - http://web/hostname", "web\n",
            "Connecting to web (ADDRESS:80)\nwriting to stdout\n"
            f"-                    100% |{BAR}|     3   0:00:00 ETA\nwritten to stdout\n", 0, id="to the screen",
        ),
        pytest.param("wget --spider --timeout=1 web", "", "Connecting to web (ADDRESS:80)\nremote file exists\n", 0, id="only looks"),
        pytest.param(
            "wget -S --spider web:80/hostname", "",
            "Connecting to web:80 (ADDRESS:80)\n  HTTP/1.1 200 OK\n  Content-Length: 3\n  \nremote file exists\n", 0, id="server response",
        ),
        pytest.param(
            "wget -S 'web/echo?msg=no&code=404'", "",
            "Connecting to web (ADDRESS:80)\n  HTTP/1.1 404 Not Found\nwget: server returned error: HTTP/1.1 404 Not Found\n", 1, id="an error",
        ),
        pytest.param("wget nope:8080", "", "wget: bad address 'nope:8080'\n", 1, id="no such host"),
        pytest.param(
            "wget -T 1 10.96.77.77", "", "Connecting to 10.96.77.77 (10.96.77.77:80)\nwget: download timed out\n", 1, id="times out",
        ),
        pytest.param("wget --frob web", "", "wget: unrecognized option '--frob'\n", 1, id="unknown option"),
        pytest.param("wget -z web", "", "wget: invalid option -- 'z'\n", 1, id="unknown letter"),
    ],
)  # fmt: skip
def test_wget_does_what_its_options_say(
    kube: KubeCluster, address: str, line: str, out: str, err: str, code: int
) -> None:
    assert said(kube, "box", line) == (out, err.replace("ADDRESS", address), code)


def test_wget_saves_under_the_last_part_of_the_path_once(kube: KubeCluster, address: str) -> None:
    once = f"Connecting to web ({address}:80)\n"
    saved = f"saving to 'hostname'\nhostname             100% |{BAR}|     3   0:00:00 ETA\n'hostname' saved\n"
    assert said(kube, "box", "sh -c 'cd /tmp; wget web/hostname; cat hostname'") == ("web", once + saved, 0)
    assert said(kube, "box", "sh -c 'cd /tmp; wget web/hostname'") == (
        "", f"{once}wget: can't open 'hostname': File exists\n", 1,
    )  # fmt: skip
    assert (
        said(kube, "box", "sh -c 'wget -qO /tmp/hostname web/hostname; wget -qP /tmp web/clientip; ls /tmp'")[0]
        == "clientip\nhostname\n"
    )


def test_a_script_reads_the_status_that_wget_tells(kube: KubeCluster) -> None:
    script = "wget --server-response http://web/hostname 2>&1 | awk '/^  HTTP/{print $2}'"
    assert said(kube, "box", f'sh -c "cd /home; {script}"'.replace("$", "\\$"))[0] == "200\n"
