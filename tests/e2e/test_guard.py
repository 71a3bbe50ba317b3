"""A browser test that hangs fails, tells what it saw, and takes no other with it."""

import pytest
from playwright.sync_api import Error

from tests.e2e import guard
from tests.e2e.conftest import Chromium

pytestmark = pytest.mark.e2e


def test_a_page_that_never_answers_is_left_behind(
    browser: Chromium, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    page = browser.new_context().new_page()
    guard.begin(request.node, 0.5)
    with pytest.raises(Error, match="closed"):
        page.evaluate("while (true) { }")
    guard.end()
    told = capsys.readouterr().err
    assert "test_a_page_that_never_answers_is_left_behind has not ended within 0.5 s; its browser is killed" in told
    assert " --type=renderer" in told
    assert browser.new_context().new_page().evaluate("1 + 1") == 2
